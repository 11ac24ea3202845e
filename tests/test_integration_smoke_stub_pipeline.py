"""A person buys a picture, and everything that happened can be told from one correlation id."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from botflight_diagnostics.telemetry import correlation_id_of
from botflight_harness.telegram import Person
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from shop import PARTNER, Shop

CONFIRM = "confirm_generation"


async def buys_a_picture(shop: Shop, person: Person) -> int:
    """Buy one; the id of the update that confirmed it."""
    await shop.opens_confirmation(person)
    button = next(data for data in person.last.callback_data if data.startswith(CONFIRM))
    act = person.tap(button)
    await shop.harness.carry(act.updates)
    return act.update.update_id


@pytest.mark.key_assertion("a purchase from start to finish")
async def test_a_person_buys_a_picture_from_start_to_finish(shop: Shop, alice: Person) -> None:
    """From /start to a real picture on the screen, paid once, found again in the history."""
    await shop.gives(alice, 20)

    await buys_a_picture(shop, alice)

    photo = next(seen for seen in alice.screen if seen.kind == "photo")
    assert Image.open(BytesIO(photo.media or b"")).format == "PNG"
    assert await shop.balance(alice) == credits(15)
    assert [attempt.state for attempt in await shop.history(alice)] == [AttemptState.DELIVERED]


async def test_the_correlation_id_of_the_tap_leads_to_everything(shop: Shop, alice: Person) -> None:
    """The tap on confirm is found again on the attempt, the provider call, the delivered message and in history."""
    await shop.gives(alice, 20)

    update_id = await buys_a_picture(shop, alice)

    correlation_id = correlation_id_of(shop.harness.bot.user_id, update_id)
    attempt = (await shop.history(alice))[0]
    told = {line["event"] for line in shop.telemetry.events() if line.get("correlation_id") == str(correlation_id)}
    assert attempt.correlation_id == correlation_id
    assert {"UPDATE_DONE", "user_action", "ATTEMPT_MOVED", "PROVIDER_CALLED", "MESSAGE_SENT", "TELEGRAM_CALLED"} <= told


async def test_every_line_of_the_way_says_what_the_design_asks_for(shop: Shop, alice: Person) -> None:
    """Each update ends with one line: when, which, whose, how long and OK."""
    await shop.gives(alice, 20)

    await buys_a_picture(shop, alice)

    lines = shop.updates()
    assert len(lines) == len({line["update_id"] for line in lines})
    assert {line["outcome"] for line in lines} == {"OK"}
    wanted = {
        *("timestamp_ms", "level", "event", "logger", "service", "version", "correlation_id", "trace_id", "span_id"),
        *("update_id", "update_type", "handler", "tenant_ref", "user_ref", "duration_ms", "outcome"),
    }
    assert all(wanted <= line.keys() for line in lines)


async def test_each_action_of_a_user_leaves_one_line(shop: Shop, alice: Person) -> None:
    """What a person did can be read from the log, action by action."""
    await shop.gives(alice, 20)

    await buys_a_picture(shop, alice)

    actions = [line["action"] for line in shop.telemetry.events("user_action")]
    assert actions[0] == "main_render"
    assert actions[-1] == "confirm_generation"
    assert len(actions) == len(shop.updates())


async def test_spans_tell_the_way_of_the_update(shop: Shop, alice: Person) -> None:
    """One trace from the webhook to the delivered picture: the tap, the attempt with its provider, and the message."""
    await shop.gives(alice, 20)

    await buys_a_picture(shop, alice)

    (sent,) = shop.telemetry.spans("telegram/sendPhoto")
    spans = {span.name: span for span in shop.telemetry.spans() if span.context.trace_id == sent.context.trace_id}
    assert {"POST /webhook", "process callback_query", "handler confirm_generation"} <= spans.keys()
    assert {"generate", "local/submit", "local/query", "deliver message", "local/fetch"} <= spans.keys()
    tap = spans["process callback_query"].context.span_id
    assert (spans["generate"].parent.span_id, spans["deliver message"].parent.span_id) == (tap, tap)


async def test_no_secret_reaches_any_signal(shop: Shop, alice: Person) -> None:
    """Neither the token nor the user's words are in any log line or span."""
    await shop.gives(alice, 20)

    await buys_a_picture(shop, alice)

    signals = b"".join(shop.telemetry.lines) + b"".join(span.to_json().encode() for span in shop.telemetry.spans())
    assert shop.harness.bot.token.encode() not in signals
    assert b"red fox" not in signals


async def test_the_ledger_holds_after_a_purchase(shop: Shop, alice: Person) -> None:
    """Every invariant is recomputed and holds."""
    await shop.gives(alice, 20)

    await buys_a_picture(shop, alice)

    assert list(await shop.storage.violations()) == []
    assert (await shop.storage.balance(PARTNER, alice.user_id)).held == credits(0)
