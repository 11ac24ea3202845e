"""Results as Telegram shows them: a photo where it takes one, a file where it would refuse, nothing where none is."""

from __future__ import annotations

import struct

import pytest

from botflight_harness.telegram import Person, Refusal
from botflight_service.billing.money import credits
from botflight_service.bot.sender import MAX_PHOTO_BYTES
from botflight_service.generation.attempts import AttemptState
from botflight_service.provider.interface import ProviderRefused
from shop import Shop


async def buys(shop: Shop, person: Person) -> None:
    """Buy a picture."""
    await shop.gives(person, 20)
    await shop.opens_confirmation(person)
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))


def png_of(width: int, height: int) -> bytes:
    """The beginning of a picture of that size."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)


def makes(shop: Shop, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the provider hand out this file."""

    async def fetch(_: object) -> bytes:
        return content

    monkeypatch.setattr(shop.provider, "fetch", fetch)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png_of(4_000, 5_000), "photo"),
        (png_of(8_000, 8_000), "document"),
        (png_of(100, 4_000), "document"),
        (png_of(2_000, 2_000) + bytes(MAX_PHOTO_BYTES), "document"),
    ],
)
async def test_what_telegram_shows_as_no_photo_goes_as_a_file(
    shop: Shop, alice: Person, monkeypatch: pytest.MonkeyPatch, content: bytes, kind: str
) -> None:
    """Too large, too long or too heavy: it arrives, with every pixel, and is paid once."""
    makes(shop, content, monkeypatch)

    await buys(shop, alice)

    (attempt,) = await shop.history(alice)
    assert attempt.state is AttemptState.DELIVERED
    assert (alice.last.kind, alice.last.media) == (kind, content)


async def test_a_file_that_is_gone_after_it_was_charged_is_paid_back_and_told(
    shop: Shop, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing brings it back: the message ends, the person has the money again and reads so, and an error is logged."""
    fetch, fetched = shop.provider.fetch, []

    async def once(artifact: object) -> bytes:
        fetched.append(artifact)
        if len(fetched) > 1:
            raise ProviderRefused("file_gone")
        return await fetch(artifact)

    monkeypatch.setattr(shop.provider, "fetch", once)

    await buys(shop, alice)

    (line,) = shop.telemetry.events("MESSAGE_UNDELIVERABLE")
    assert (line["level"], line["reason"]) == ("error", "FILE_GONE")
    assert shop.telemetry.sample("botflight_outbox_given_up_total", reason="FILE_GONE") == 1
    (attempt,) = await shop.history(alice)
    assert (attempt.state, attempt.failure) == (AttemptState.REFUNDED, "file_gone")
    assert (await shop.balance(alice), await shop.storage.violations()) == (credits(20), [])
    await alice.sees("Back on your balance: 5 credits")


async def test_a_file_that_telegram_refuses_is_paid_back_and_told(shop: Shop, alice: Person) -> None:
    """It was charged, and will never arrive: nobody pays for nothing, and the reason is Telegram's."""
    shop.telegram.faults.refuse("sendPhoto", Refusal(400, "Bad Request: wrong type of the web page content"))

    await buys(shop, alice)

    await alice.sees("Back on your balance: 5 credits")
    (attempt,) = await shop.history(alice)
    assert (attempt.state, attempt.failure) == (AttemptState.REFUNDED, "file_refused")
    assert (await shop.balance(alice), await shop.storage.violations()) == (credits(20), [])
    assert "Telegram does not take the file" in alice.last.text


async def test_a_file_that_cannot_be_sent_for_a_day_is_paid_back(impatient_shop: Shop, alice: Person) -> None:
    """Whatever Telegram's trouble is, its end is the user's money."""
    impatient_shop.telegram.faults.refuse("sendPhoto", Refusal(500, "Internal Server Error"), times=10_000)

    await buys(impatient_shop, alice)
    impatient_shop.telegram.faults.clear()

    (attempt,) = await impatient_shop.history(alice)
    assert (attempt.state, attempt.failure) == (AttemptState.REFUNDED, "not_delivered")
    assert await impatient_shop.balance(alice) == credits(20)
