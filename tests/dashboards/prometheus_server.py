"""A real Prometheus, Debian's, on a loopback address: with the configuration that is checked in, and a faster pace."""

from __future__ import annotations

import asyncio
import contextlib
import math
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from dashboards.generator.__main__ import FOLDER, written
from dashboards.generator.rule import Pace
from tests.running import free_port

#: Seconds between two looks at the service; a test has no time for fifteen.
SCRAPE_S = 0.4
#: Of a job with a renamed metric: there is one for each.
RENAMED_SCRAPE_S = 2.0
PATIENCE_S = 60.0

Series = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server, and the questions that can be put to it."""

    url: str
    session: aiohttp.ClientSession

    async def ask(self, what: str, **given: object) -> Any:
        """Ask for a page of its HTTP API; the data of the answer."""
        given = {name: str(value) for name, value in given.items()}
        async with self.session.get(f"{self.url}/api/v1/{what}", params=given) as answer:
            told = await answer.json()
        assert told["status"] == "success", told
        return told["data"]

    async def series(self, expr: str, *, over_s: float = 30.0, at_s: float | None = None) -> list[Series]:
        """The labels of each series that a panel would draw: those with a number among its last values, now or then."""
        now = time.time() if at_s is None else at_s
        data = await self.ask("query_range", query=expr, start=now - over_s, end=now, step=1)
        return [
            one["metric"] for one in data["result"] if any(math.isfinite(float(value)) for _, value in one["values"])
        ]

    async def firing(self) -> dict[str, dict[str, Any]]:
        """The alerts that fire now, by name; of several the last."""
        data = await self.ask("alerts")
        return {one["labels"]["alertname"]: one for one in data["alerts"] if one["state"] == "firing"}

    async def fires(self, alert: str) -> dict[str, Any]:
        """Wait until an alert fires; the alert as it is sent."""
        return (await self._until(alert, fires=True))[alert]

    async def ends(self, alert: str) -> None:
        """Wait until an alert fires no more."""
        await self._until(alert, fires=False)

    async def quiet(self, spared: Callable[[str], bool]) -> None:
        """Wait until no alert fires but those that are spared."""
        firing: set[str] = set()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    firing = {alert for alert in await self.firing() if not spared(alert)}
                    if not firing:
                        return
                    await asyncio.sleep(SCRAPE_S / 2)
        except TimeoutError:
            raise AssertionError(f"these fire with nothing wrong: {sorted(firing)}") from None

    async def _until(self, alert: str, *, fires: bool) -> dict[str, dict[str, Any]]:
        firing: dict[str, dict[str, Any]] = {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    firing = await self.firing()
                    if (alert in firing) == fires:
                        return firing
                    await asyncio.sleep(SCRAPE_S / 2)
        except TimeoutError:
            wanted = "does not fire" if fires else "does not end"
            raise AssertionError(f"{alert} {wanted} within {PATIENCE_S:g} s; firing: {sorted(firing)}") from None


@contextlib.asynccontextmanager
async def prometheus(
    folder: Path,
    target: str,
    *,
    pace: Pace,
    history: str = "",
    renamed: Iterable[str] = (),
    scrape_s: float = SCRAPE_S,
) -> AsyncIterator[Prometheus]:
    """Run it in a folder, looking at `target` (host:port). `history` is OpenMetrics text of what was before.

    For each metric in `renamed` there is another job, called by it, in which that metric has another name.
    """
    port = free_port()
    for path, text in written(pace).items():
        if path.parent.name == "prometheus":
            (folder / path.name).write_text(text)
    (folder / "prometheus.yaml").write_text(_configuration(target, renamed, scrape_s))
    if history:
        await _backfill(folder, history)
    log = folder / "prometheus.log"
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    reading = asyncio.create_task(_keep(process, log))
    try:
        async with aiohttp.ClientSession() as session:
            server = Prometheus(f"http://127.0.0.1:{port}", session)
            await _looking(server)
            yield server
    finally:
        process.kill()
        await reading
        await process.wait()


async def _keep(process: asyncio.subprocess.Process, log: Path) -> None:
    assert process.stderr is not None
    told = await process.stderr.read()
    await asyncio.to_thread(log.write_bytes, told)


def installed() -> bool:
    """Whether there is a Prometheus on this machine."""
    return shutil.which("prometheus") is not None


def _configuration(target: str, renamed: Iterable[str], scrape_s: float) -> str:
    told = yaml.safe_load((FOLDER / "prometheus/prometheus.yaml").read_text())
    every = f"{scrape_s * 1000:.0f}ms"
    told["global"] = {"scrape_interval": every, "evaluation_interval": every}
    (job,) = told["scrape_configs"]
    job["static_configs"][0]["targets"] = [target]
    for metric in renamed:
        again = {"source_labels": ["__name__"], "regex": f"({metric}.*)", "target_label": "__name__"}
        rules = [{**again, "replacement": "renamed_$1"}]
        slower = {"scrape_interval": f"{RENAMED_SCRAPE_S:g}s", "metric_relabel_configs": rules}
        told["scrape_configs"].append({**job, **slower, "job_name": metric})
    written_anew: str = yaml.safe_dump(told)
    return written_anew


async def _backfill(folder: Path, history: str) -> None:
    (folder / "history.om").write_text(history)
    command = ("tsdb", "create-blocks-from", "openmetrics", f"{folder}/history.om", f"{folder}/data")
    process = await asyncio.create_subprocess_exec("promtool", *command, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0


async def _looking(server: Prometheus) -> None:
    """Wait until it has seen the service twice: it looks for targets every five seconds, whatever the pace."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError, aiohttp.ContentTypeError):
                seen = await server.ask("query", query="count_over_time(up[10s]) > 1")
                if seen["result"]:
                    return
            await asyncio.sleep(SCRAPE_S / 2)
