"""A picture that another run delivers than took the tap: in one trace, or linked when that is long ago."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from botflight_diagnostics.telemetry import traces
from botflight_harness.telegram import Person, Telegram
from shop import Shop, open_shop

#: What the second run does for what the first one took.
RESUMED = ("generate", "deliver message")


async def confirms(shop: Shop, person: Person) -> None:
    """Pay for a picture, and do not wait for it."""
    await shop.gives(person, 20)
    await shop.opens_confirmation(person)
    act = person.tap(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))
    await shop.harness.courier.carry(act.updates)


async def across_a_restart(telegram: Telegram, alice: Person, folder: Path) -> tuple[int, dict[str, ReadableSpan]]:
    """Confirm, stop, and have the next run end it: the trace of the tap, and what the next run did for it."""
    url = f"sqlite:///{folder}/shop.sqlite"
    async with open_shop(telegram, database_url=url) as shop:
        shop.provider.hangs()
        await confirms(shop, alice)
        await alice.sees("queue")
        (tap,) = shop.telemetry.spans("handler confirm_generation")
    async with open_shop(telegram, database_url=url) as shop:
        await alice.sees("It did not work out")
        await shop.service.service.idle()
        spans = {span.name: span for span in shop.telemetry.spans() if span.name in RESUMED}
    return tap.context.trace_id, spans


async def test_after_a_restart_the_trace_goes_on(telegram: Telegram, alice: Person, tmp_path: Path) -> None:
    """The next run takes the attempt up: its span and that of the message are in the trace of the tap on confirm."""
    tapped, spans = await across_a_restart(telegram, alice, tmp_path)

    assert {name: spans[name].context.trace_id for name in RESUMED} == dict.fromkeys(RESUMED, tapped)


async def test_after_a_long_stop_it_is_linked(
    telegram: Telegram, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No collector waits so long for the rest of a trace: another one begins, and names the span that led to it."""
    monkeypatch.setattr(traces, "CAUSE_LIVES_S", -1)

    tapped, spans = await across_a_restart(telegram, alice, tmp_path)

    linked = [link.context.trace_id for name in RESUMED for link in spans[name].links]
    assert linked == [tapped] * len(RESUMED)
    assert tapped not in {span.context.trace_id for span in spans.values()}
