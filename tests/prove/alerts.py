"""Every alert on its fault, and every metric missed that takes another name: by a real Prometheus."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from random import Random

from dashboards.generator.objective import DAY_S
from tests.dashboards.prometheus_server import Prometheus, prometheus
from tests.dashboards.reading import alert_rules, filled, metric_of, questions, selectors
from tests.dashboards.stage import Stage, stage
from tests.dashboards.test_live import CHOSEN, FAST, credit, much_happens
from tests.dashboards.troubles import HURRIED, LASTS, TROUBLES, alarmed
from tests.prove.proof import Proof, none
from tests.running import free_port

from botflight_diagnostics.telemetry.catalogue import METRICS

#: Updates a second, a day ago by the pace of the test, and for how long.
_BUSY, _BUSY_S = 10, 150


async def alerts(chances: Random, folder: Path) -> Counter[str]:
    """Make every trouble in a service of its own: its alerts fire and no others, and end when it is mended."""
    counts: Counter[str] = Counter()
    for trouble in chances.sample(TROUBLES, len(TROUBLES)):
        place = folder / trouble.alerts[0]
        place.mkdir()
        async with stage(place) as on, prometheus(place, on.address, pace=FAST) as server, on.looking():
            await asyncio.gather(*(on.somebody_buys() for _ in range(3)))
            await asyncio.sleep(2)
            none(set(await server.firing()) - HURRIED)
            told = await alarmed(on, server, trouble)
            counts["alerts_fired"] += len(told)
            counts["alerts_ended"] += sum(not alert.endswith(LASTS) for alert in told)
    return counts


async def silences(chances: Random, folder: Path) -> Counter[str]:
    """Nobody writes, where a day ago many did; and the preflights stop: either is noticed, and ends."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    async with (
        stage(folder, port=port) as on,
        prometheus(folder, address, pace=FAST, history=_busy_day(address)) as server,
    ):
        async with on.looking():
            await _met(on, server, "BotflightSilence")
        await server.fires("BotflightPreflightSilent")
        async with on.looking():
            await server.ends("BotflightPreflightSilent")
    return Counter(alerts_fired=2, alerts_ended=2)


async def _met(on: Stage, server: Prometheus, alert: str) -> None:
    """Wait for a silence, and break it."""
    await server.fires(alert)
    await on.somebody_comes()
    await server.ends(alert)


def _busy_day(address: str) -> str:
    """OpenMetrics text of many updates, around a day ago by the pace of the test."""
    began_s = int(time.time() - DAY_S * FAST.factor) - 30
    labels = f'job="botflight",partner="partner01",instance="{address}",type="message",outcome="OK"'
    samples = [f"botflight_updates_total{{{labels}}} {_BUSY * at} {began_s + at}" for at in range(_BUSY_S)]
    return "\n".join(["# TYPE botflight_updates counter", *samples, "# EOF", ""])


async def renamed(chances: Random, folder: Path) -> Counter[str]:
    """Scrape the service once more for each metric, under another name: a panel that asks for it is empty."""
    names = [spec.name for spec in METRICS]
    counts: Counter[str] = Counter()
    async with (
        stage(folder, free=1) as on,
        prometheus(folder, on.address, pace=FAST, renamed=names) as server,
    ):
        on.shop.provider.credit = credit  # type: ignore[attr-defined]  # the local one has no account of its own
        await on.shop.service.vitals.ask_provider()
        await asyncio.sleep(5)
        await much_happens(on)
        on.break_the_ledger()
        await on.look()
        await asyncio.sleep(5)
        # All is asked of one moment: on a busy machine the last question comes long after.
        now = time.time()
        for name in names:
            asking = [
                question
                for question in questions()
                if name in {metric_of(selector.name) for selector, _ in selectors(question.expr)}
            ]
            missed = 0
            for question in asking:
                expr, whole = filled(question.expr, {**CHOSEN, "$job": name}), filled(question.expr, CHOSEN)
                assert await server.series(whole, at_s=now), f"{question.panel} is empty without any change"
                missed += not await server.series(expr, at_s=now)
            counts["panels_gone_empty"] += missed
            none([] if missed else [f"{name} may take another name, and no panel of {len(asking)} is empty"])
            counts["metrics_renamed"] += 1
    return counts


ALERTS = (
    Proof(
        name="alerts",
        claim=f"each of {len(alert_rules())} alerts but those of time fires on its fault, and on nothing before it",
        run=alerts,
        runs=1,
    ),
    Proof(name="silences", claim="a silence is an alert, of people and of preflights", run=silences, runs=1),
    Proof(name="renamed", claim="no metric takes another name without a panel going empty", run=renamed, runs=1),
)
