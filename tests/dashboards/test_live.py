"""A real Prometheus scrapes the service while people buy and things break: what panels and alerts ask for is there."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from dashboards.generator.rule import Pace
from tests.dashboards.prometheus_server import SCRAPE_S, Prometheus, installed, prometheus
from tests.dashboards.reading import alert_rules, filled, named, questions
from tests.dashboards.stage import Stage, stage, store_error
from tests.dashboards.troubles import TROUBLES, alarmed

from botflight_harness.telegram import Refusal

#: Three hundred times as fast: the five minutes of the shortest window are a second.
FAST = Pace(1 / 300)
CHOSEN = {
    "$__rate_interval": "5s",
    "$__range": "30s",
    "$job": "botflight",
    "$instance": "127.0.0.1:.+",
    "$partner": "partner01",
}
#: Fire on nothing that a trouble makes: their tests are below.
OF_TIME = {"BotflightPreflightSilent", "BotflightSilence"}

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not installed(), reason="prometheus is not installed"),
]


async def much_happens(on: Stage) -> None:
    """People buy, are refused, flood and leave; the store fails for a moment: every panel has something to show."""
    faults = on.telegram.faults
    on.shop.provider.fails()
    on.shop.provider.refuses()
    faults.flood("sendMessage", retry_after_s=1)
    faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))
    await asyncio.gather(on.somebody_buys(pictures=2), on.somebody_buys(), on.somebody_comes(), on.somebody_comes())
    visitor = await on.somebody_comes()
    on.saboteur.errors["balance"] = store_error()
    tapping = asyncio.create_task(visitor.taps("balance"))
    await asyncio.sleep(3 * SCRAPE_S)
    on.saboteur.errors.clear()
    await asyncio.gather(tapping, *(on.somebody_buys(pictures=2) for _ in range(3)))


async def credit() -> float:
    """What is left with the provider."""
    return 1234.0


async def test_every_panel_shows_something_and_its_points_lead_to_traces(tmp_path: Path):
    """Each question is answered by series with values and the labels of its legend; each exemplar by one story."""
    async with stage(tmp_path, free=1) as on, prometheus(tmp_path, on.address, pace=FAST) as server:
        on.shop.provider.credit = credit  # the local one has no account of its own
        await on.shop.service.vitals.ask_provider()
        await much_happens(on)
        on.break_the_ledger()
        await on.look()
        await server.fires("BotflightLedgerBroken")

        silent, nameless = [], []
        for question in questions():
            series = await server.series(filled(question.expr, CHOSEN))
            if not series:
                silent.append((question.board, question.panel, question.legend))
            nameless += [
                (question.board, question.panel, label)
                for one in series
                for label in named(question.legend)
                if not one.get(label)
            ]

        led = await led_to(on, server)

    assert (silent, nameless) == ([], [])
    assert led
    assert all(exported and len(ids) == 1 for exported, ids in led)


async def led_to(on: Stage, server: Prometheus) -> list[tuple[bool, set[str]]]:
    """For each exemplar of a duration: whether its trace was exported, and the correlation ids of its lines."""
    now = time.time()
    found = await server.ask(
        "query_exemplars", query="botflight_update_duration_seconds_bucket", start=now - 60, end=now
    )
    traces = {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}
    exported = {f"{span.context.trace_id:032x}" for span in on.shop.telemetry.spans()}
    lines = on.shop.telemetry.events()
    return [
        (trace in exported, {line["correlation_id"] for line in lines if line.get("trace_id") == trace})
        for trace in traces
    ]


def test_every_alert_has_its_trouble():
    """No alert is shipped whose fault nobody can make."""
    made = {alert for trouble in TROUBLES for alert in trouble.alerts}

    assert made | OF_TIME == {rule["alert"] for rule in alert_rules()}


SMALL_DOSE = [TROUBLES[1], TROUBLES[2], TROUBLES[0]]


async def test_alerts_fire_on_their_troubles_and_on_nothing_else(tmp_path: Path):
    """Quiet while all is well; each fires on its fault, and ends when that is mended. `make prove` has all."""
    async with stage(tmp_path) as on, prometheus(tmp_path, on.address, pace=FAST) as server, on.looking():
        await asyncio.gather(*(on.somebody_buys() for _ in range(3)))
        await asyncio.sleep(1)
        well = await server.firing()
        told = [await alarmed(on, server, trouble) for trouble in SMALL_DOSE]
        await server.ends("BotflightDown")
        await server.ends("BotflightLedgerBroken")

    assert well == {}
    assert "BPF_LEDGER_SUM" in told[0]["BotflightLedgerBroken"]["summary"]
    assert told[0]["BotflightLedgerBroken"]["runbook"] == "docs/runbooks/BPF_LEDGER_SUM.md"
