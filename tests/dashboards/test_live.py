"""A real Prometheus scrapes the service while people buy and things break: what panels and alerts ask for is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from dashboards.generator.grafana import DEPLOYED
from dashboards.generator.rule import Pace
from tests.dashboards.prometheus_server import SCRAPE_S, Prometheus, Series, installed, prometheus
from tests.dashboards.reading import BOARDS, alert_rules, board, filled, named, panels, questions, selectors
from tests.dashboards.stage import Stage, stage, store_error
from tests.dashboards.troubles import TROUBLES, Trouble, alarmed

from botflight_harness.telegram import Refusal
from botflight_service.provider.interface import ProviderRefused
from botflight_service.provider.mischief import Mischief

#: A hundred and fifty times as fast: the five minutes of the shortest window are two seconds.
FAST = Pace(1 / 150)
CHOSEN = {
    "$__rate_interval": "60s",
    "$__range": "300s",
    "$job": "botflight",
    "$instance": "127.0.0.1:.+",
    "$partner": "partner01",
}
#: Fire on nothing that a trouble makes: `make prove ARGS=silences` has them live, promtool at their true length.
OF_TIME = {"BotflightPreflightSilent", "BotflightSilence"}
#: Whatever a user waits for is told in lines; other calls may be made where nobody does, and then nothing is.
TOLD = {"botflight_update_duration_seconds", "botflight_callback_answer_seconds", "botflight_time_to_result_seconds"}

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not installed(), reason="prometheus is not installed"),
]


async def much_happens(on: Stage) -> None:
    """People buy, pay, flood and leave; the store fails for a moment: every panel has something to show."""
    faults = on.telegram.faults
    on.shop.provider.fails()
    on.shop.provider.refuses()
    on.shop.provider._plans.add(Mischief(error=ProviderRefused("no_credit", alarm="402"), taken=False), 1)
    faults.flood("sendMessage", retry_after_s=1)
    faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))
    await asyncio.gather(on.somebody_buys(pictures=2), on.somebody_buys(), on.somebody_comes(), on.somebody_comes())
    visitor = await on.somebody_comes()
    on.saboteur.errors["balance"] = store_error()
    tapping = asyncio.create_task(visitor.taps("balance"))
    await asyncio.sleep(3 * SCRAPE_S)
    on.saboteur.errors.clear()
    await asyncio.gather(tapping, *(on.somebody_buys(pictures=2) for _ in range(3)), on.somebody_has_it_back())
    await on.a_stranger_knocks()
    await on.the_door_jams()
    on.a_file_vanishes()
    await on.somebody_buys(pictures=2)


async def credit() -> float:
    """What is left with the provider."""
    return 1234.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What Grafana would be told of a lively minute."""

    #: By board, panel and legend.
    answers: Mapping[tuple[str, str, str], Sequence[Series]]
    #: By histogram: for each exemplar whether its trace was exported, and the correlation ids of its lines.
    led: Mapping[str, Sequence[tuple[bool, set[str]]]]
    #: By variable.
    choices: Mapping[str, Sequence[str]]
    deploys: Sequence[Series]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Run a lively minute, and ask whatever Grafana would."""
    return asyncio.run(asked(tmp_path_factory.mktemp("live")))


async def asked(folder: Path) -> Seen:
    """Ask everything once it has happened."""
    async with stage(folder, free=1) as on, prometheus(folder, on.address, pace=FAST) as server:
        on.shop.provider.credit = credit  # type: ignore[attr-defined]  # the local one has no account of its own
        await on.shop.service.vitals.ask_provider()
        await much_happens(on)
        on.break_the_ledger()
        await on.look()
        await server.fires("BotflightLedgerBroken")
        now = time.time()
        return Seen(
            answers={
                (one.board, one.panel, one.legend): await server.series(filled(one.expr, CHOSEN), at_s=now)
                for one in questions()
            },
            led={histogram: await led_to(on, server, histogram) for histogram in with_exemplars()},
            choices={
                name: await server.ask(f"label/{name}/values", **{"match[]": "botflight_build_info"})
                for name in ("job", "instance", "partner")
            },
            deploys=await server.series(filled(DEPLOYED, CHOSEN), over_s=60),
        )


def with_exemplars() -> set[str]:
    """The histograms that panels with exemplars ask for."""
    return {
        selector.name.removesuffix("_bucket")
        for path in BOARDS
        for panel in panels(board(path))
        for target in panel["targets"]
        if target.get("exemplar")
        for selector, _ in selectors(target["expr"])
    }


async def led_to(on: Stage, server: Prometheus, histogram: str) -> list[tuple[bool, set[str]]]:
    """Where the exemplars of a histogram lead."""
    now = time.time()
    found = await server.ask("query_exemplars", query=f"{histogram}_bucket", start=now - 90, end=now)
    traces = {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}
    exported = {f"{span.context.trace_id:032x}" for span in on.shop.telemetry.spans()}
    lines = on.shop.telemetry.events()
    return [
        (
            trace in exported,
            {line["correlation_id"] for line in lines if line.get("trace_id") == trace and "correlation_id" in line},
        )
        for trace in traces
    ]


def test_every_panel_shows_something(seen: Seen) -> None:
    """Each question is answered by series with values."""
    assert [question for question, series in seen.answers.items() if not series] == []


def test_every_series_has_the_labels_of_its_legend(seen: Seen) -> None:
    """No entry of a legend is half empty."""
    nameless = [
        (question, label)
        for question, series in seen.answers.items()
        for one in series
        for label in named(question[-1])
        if not one.get(label)
    ]

    assert nameless == []


def test_every_point_leads_to_a_trace_that_was_exported(seen: Seen) -> None:
    """Whatever Prometheus keeps as exemplar of a duration names a trace that the collector was given."""
    assert [histogram for histogram, led in seen.led.items() if not led] == []
    assert [histogram for histogram, led in seen.led.items() for exported, _ in led if not exported] == []


def test_the_lines_of_a_trace_tell_one_story(seen: Seen) -> None:
    """From a slow point to its lines: all of them carry the correlation id of the one update that they came of."""
    assert set(seen.led) >= TOLD
    assert [histogram for histogram, led in seen.led.items() for _, ids in led if len(ids) > 1] == []
    assert [histogram for histogram in TOLD for _, ids in seen.led[histogram] if len(ids) != 1] == []


def test_the_variables_have_something_to_choose(seen: Seen) -> None:
    """Job, instance and partner, as Grafana asks for them."""
    assert (seen.choices["job"], seen.choices["partner"]) == (["botflight"], ["partner01"])
    assert len(seen.choices["instance"]) == 1


def test_a_version_that_is_new_is_marked(seen: Seen) -> None:
    """The annotation of deploys has found the start of the service, and its title the version."""
    assert [bool(series.get("version")) for series in seen.deploys] == [True]


def test_every_alert_has_its_trouble() -> None:
    """No alert is shipped whose fault nobody can make."""
    made = {alert for trouble in TROUBLES for alert in trouble.alerts}

    assert made | OF_TIME == {rule["alert"] for rule in alert_rules()}


#: Several troubles meet one service: of a promise that burned over days the next one would hear.
SHIFTS = [
    [trouble for trouble in TROUBLES if trouble.shift == number] for number in sorted({t.shift for t in TROUBLES})
]


@pytest.mark.parametrize("troubles", SHIFTS, ids=lambda troubles: troubles[0].alerts[0])
async def test_alerts_fire_on_their_troubles_and_on_nothing_else(tmp_path: Path, troubles: list[Trouble]) -> None:
    """Quiet while all is well; each fires on its fault and no other does, and ends when that is mended."""
    async with stage(tmp_path) as on, prometheus(tmp_path, on.address, pace=FAST) as server, on.looking():
        await asyncio.gather(*(on.somebody_buys() for _ in range(3)))
        await asyncio.sleep(1)
        told = {trouble.alerts[0]: await alarmed(on, server, trouble) for trouble in troubles}

    for alert, said in told.items():
        assert alert in said
        assert (Path(__file__).parents[2] / said[alert]["runbook"]).is_file()
