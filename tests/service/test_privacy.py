"""What users write and show is theirs: no log line, span, metric or page of diagnostics holds it."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable

import pytest
from PIL import Image

from botflight_harness.telegram import Person, Refusal
from secrecy import signals
from shop import DIAG_TOKEN, Shop

#: Words that nothing but a user has.
WORDS = "vermillion okapi"
FILE = b"vermillion okapi"


def painted() -> bytes:
    """A photo."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


Deed = Callable[[Shop, Person], Awaitable[None]]


async def confirms(shop: Shop, person: Person) -> None:
    """Have a picture of the words made."""
    await shop.gives(person, 10)
    await shop.opens_confirmation(person, f"a {WORDS}")
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))


async def is_delivered(shop: Shop, person: Person) -> None:
    await confirms(shop, person)
    assert any(seen.media for seen in person.screen)


async def is_refused_by_the_provider(shop: Shop, person: Person) -> None:
    shop.provider.refuses("content_refused")
    await confirms(shop, person)


async def is_refused_by_telegram(shop: Shop, person: Person) -> None:
    """Telegram's words may quote the message."""
    await shop.opens_confirmation(person, f"a {WORDS}")
    shop.telegram.faults.refuse("sendMessage", Refusal(400, f"Bad Request: can't parse entities: {WORDS}"))
    await person.sends(WORDS)


async def is_too_long(shop: Shop, person: Person) -> None:
    await person.sends("/start")
    await person.taps("models")
    await person.taps("model:text_to_image")
    await person.sends(f"{WORDS} " * 200)


async def stands_below_a_photo(shop: Shop, person: Person) -> None:
    await person.sends("/start")
    await person.taps("models")
    await person.taps("model:image_to_image")
    await person.sends_photo(painted(), caption=WORDS)


async def is_a_command_or_said_elsewhere(shop: Shop, person: Person) -> None:
    await person.sends(f"/vermillion {WORDS}")
    group = shop.telegram.group("Friends", person, shop.telegram.sole_bot())
    await person.sends(f"hey @{shop.telegram.sole_bot().username}, {WORDS}", where=group)


async def is_a_name_or_a_file(shop: Shop, person: Person) -> None:
    person.first_name = WORDS
    await person.sends_document(FILE, file_name=f"{WORDS}.png")


async def is_sent_to_everybody(shop: Shop, person: Person) -> None:
    """An administrator's broadcast is nobody else's business before it is sent."""
    admin = shop.telegram.user("Ada", user_id=900_000_001)
    await admin.sends(f"/broadcast {WORDS}")
    await admin.sends("/broadcast_go")


@pytest.mark.parametrize(
    "deed",
    [
        is_delivered,
        is_refused_by_the_provider,
        is_refused_by_telegram,
        is_too_long,
        stands_below_a_photo,
        is_a_command_or_said_elsewhere,
        is_a_name_or_a_file,
        is_sent_to_everybody,
    ],
    ids=lambda deed: deed.__name__,
)
async def test_what_a_user_says_is_told_nowhere(shop: Shop, alice: Person, deed: Deed) -> None:
    """Whatever becomes of it, it stays between the chat, the store and the provider."""
    await deed(shop, alice)

    told = signals(shop.telemetry)
    details = {"Authorization": f"Bearer {DIAG_TOKEN}"}
    for path in ("/__diag/console/state", "/__diag/billing_preflight?fresh=1", "/__diag/service_preflight?fresh=1"):
        told[path] = (await shop.harness.request("GET", path, headers=details)).text
    leaks = [where for where, text in told.items() if "okapi" in text.lower() or "vermillion" in text.lower()]
    assert leaks == []
