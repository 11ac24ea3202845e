"""Calls to the Bot API: what is told of them, and what is left out."""

from __future__ import annotations

from botflight_harness.telegram import Person, Refusal
from shop import Shop


async def test_a_call_that_went_well_is_told_at_debug(shop: Shop, alice: Person) -> None:
    """Its span and its metric tell of it: a line for each would be a fifth of what is written."""
    await alice.sends("/start")

    sent = [line for line in shop.telemetry.events("TELEGRAM_CALLED") if line["method"] == "sendMessage"]
    assert [(line["level"], line["outcome"]) for line in sent] == [("debug", "OK")]


async def test_a_call_that_did_not_is_told_at_info(shop: Shop, alice: Person) -> None:
    """Who reads the log of a running service sees that Telegram refused, and how."""
    shop.telegram.faults.refuse("sendMessage", Refusal(400, "Bad Request: not today"))

    await alice.sends("/start")

    sent = [line for line in shop.telemetry.events("TELEGRAM_CALLED") if line["method"] == "sendMessage"]
    assert [(line["level"], line["outcome"]) for line in sent] == [("info", "400")]


async def test_a_tap_without_words_is_answered_without_words(shop: Shop, alice: Person) -> None:
    """What is not said is no parameter: Telegram would show an empty toast."""
    await alice.sends("/start")
    await alice.taps("help")

    answered = [call for call in shop.telegram.calls if call.method == "answerCallbackQuery"]
    assert [call.parameters.keys() for call in answered] == [{"callback_query_id"}]
