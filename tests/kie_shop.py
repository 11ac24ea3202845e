"""The whole service with a simulated KIE behind it, by HTTP, on Telegram's virtual clock."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

from tests.shop import Shop, open_shop

from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.server import serving
from botflight_harness.telegram import Person, Telegram
from botflight_service.generation.attempts import Attempt

#: How long somebody waits for the next screen; in real seconds.
PATIENCE_S = 20.0


@contextlib.asynccontextmanager
async def open_kie(telegram: Telegram) -> AsyncIterator[FakeKie]:
    """A simulated KIE on Telegram's clock; one whose faults never happened fails the test."""
    kie = FakeKie(clock=telegram.clock)
    async with serving(kie_app(kie)) as address:
        kie.files_url = f"{address.url}/files"
        yield kie
        await kie.close()
    kie.check()


@contextlib.asynccontextmanager
async def open_kie_shop(
    telegram: Telegram, kie: FakeKie, *, database_url: str = "sqlite::memory:", more: Mapping[str, str] | None = None
) -> AsyncIterator[Shop]:
    """A service that has `kie` make its files."""
    settings = {**kie_settings(kie), **(more or {})}
    async with open_shop(telegram, impatient=True, kie=kie, database_url=database_url, more=settings) as shop:
        yield shop


def kie_settings(kie: FakeKie) -> dict[str, str]:
    """What makes a service use this KIE."""
    url = kie.files_url.removesuffix("/files")
    return {"KIE_API_KEY": kie.key, "KIE_API_BASE_URL": url, "KIE_UPLOAD_BASE_URL": url}


async def confirms(shop: Shop, person: Person, *, prompt: str = "a red fox in the snow") -> None:
    """Pay for a picture of 5 credits out of 20, and wait for what comes of it."""
    await shop.gives(person, 20)
    await shop.opens_confirmation(person, prompt)
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))


async def only_attempt(shop: Shop, person: Person) -> Attempt:
    """The person's only attempt."""
    (attempt,) = await shop.history(person)
    return attempt


async def buys(person: Person) -> None:
    """Buy a picture of a service in a process of its own, as somebody with a phone does."""
    person.send_text("/start")
    for button in ("models", "model:text_to_image"):
        await person.sees(button=button, timeout=PATIENCE_S)
        person.tap(button)
    await person.sees("What should be in the picture", timeout=PATIENCE_S)
    person.send_text("a red fox in the snow")
    await person.sees(button="answer:text_to_image:shape:1:1", timeout=PATIENCE_S)
    person.tap("answer:text_to_image:shape:1:1")
    await person.sees("Is everything right?", timeout=PATIENCE_S)
    person.tap(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))
