"""No silence: a tap is answered within a second, however slow the store or the provider is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from botflight_harness.telegram import Person, Telegram
from botflight_harness.telegram.events import Event
from botflight_service.provider.interface import GenerationRequest
from shop import Shop, open_shop

#: What a person takes for an answer at once; in real seconds.
AT_ONCE_S = 1.0
PATIENCE_S = 10.0


class Gated:
    """A store whose calls of one name wait once it is told so, until they are let through."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self.held = ""
        self.released = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if name not in {"accept", "commit", "session", "balance", "free_used", "history", "attempt"}:
            return found

        async def call(*given: Any, **named: Any) -> Any:
            if name == self.held:
                await self.released.wait()
            return await found(*given, **named)

        return call


class Answers:
    """Hears of the answers to taps."""

    def __init__(self) -> None:
        self.count = 0
        self._came = asyncio.Event()

    def hear(self, event: Event) -> None:
        if event.kind == "callback_answered":
            self.count += 1
            self._came.set()

    async def next_within_s(self) -> float:
        """How long the next answer takes from now; in real seconds."""
        began_s = asyncio.get_running_loop().time()
        async with asyncio.timeout(PATIENCE_S):
            await self._came.wait()
        return asyncio.get_running_loop().time() - began_s


@contextmanager
def listening(telegram: Telegram) -> Iterator[Answers]:
    """Hear of every answer from now on."""
    answers = Answers()
    unsubscribe = telegram.subscribe(answers.hear)
    yield answers
    unsubscribe()


@pytest.fixture
async def gated_shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service on a store that can be held up."""
    async with open_shop(telegram, tampered=Gated, daily_free_limit=5) as opened:  # type: ignore[arg-type]  # passes on
        yield opened


def gate(shop: Shop) -> Gated:
    """What stands between a shop and its store."""
    observed: Any = shop.service.inbox._storage
    found: Gated = observed._storage
    return found


@pytest.mark.parametrize(
    ("held", "button", "shown"),
    [
        ("accept", "models", "model:text_to_image"),
        ("session", "models", "model:text_to_image"),
        ("commit", "models", "model:text_to_image"),
        ("free_used", "models", "model:text_to_image"),
        ("balance", "balance", "top_up"),
        ("history", "history:0", "menu"),
    ],
)
async def test_a_tap_is_answered_at_once_while_the_store_is_slow(
    gated_shop: Shop, telegram: Telegram, alice: Person, held: str, button: str, shown: str
) -> None:
    """Whichever call takes its time, the button stops spinning, once; what was asked for follows."""
    await alice.sends("/start")
    gated_shop.service.outbox._menu_sent.__self__.forget(alice.user_id)  # type: ignore[attr-defined]  # the cache
    gate(gated_shop).held = held

    with listening(telegram) as answers:
        tapping = asyncio.create_task(alice.taps(button))
        took_s = await answers.next_within_s()
        gate(gated_shop).released.set()
        await tapping

    assert took_s < AT_ONCE_S
    assert answers.count == 1
    assert shown in alice.last.callback_data


async def test_a_confirm_is_answered_at_once_while_the_provider_is_slow(
    shop: Shop, telegram: Telegram, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen says that it is on its way before the provider has said anything."""
    await shop.gives(alice, 10)
    await shop.opens_confirmation(alice)
    submit, released = shop.provider.submit, asyncio.Event()

    async def slowly(request: GenerationRequest) -> str:
        await released.wait()
        return await submit(request)

    monkeypatch.setattr(shop.provider, "submit", slowly)
    button = next(data for data in alice.last.callback_data if data.startswith("confirm_generation:"))

    with listening(telegram) as answers:
        tapping = asyncio.create_task(alice.taps(button))
        took_s = await answers.next_within_s()
        seen = await alice.sees("In the queue")
        released.set()
        await tapping

    assert took_s < AT_ONCE_S
    assert answers.count == 1
    assert "The result will appear here" in seen.text
