"""A few lively minutes, drawn for docs/images: `python -m tests.dashboards.scene FOLDER [SECONDS]`."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from dashboards.generator.rule import Pace
from tests.dashboards.prometheus_server import prometheus
from tests.dashboards.stage import Stage, stage
from tests.dashboards.test_live import credit

from botflight_harness.telegram import Refusal

#: Hours become minutes.
PACE = Pace(1 / 30)


async def lively(on: Stage, seconds: float) -> None:
    """People come and buy, more and fewer of them; in the middle things go wrong for a while."""
    chances = random.Random(7)
    began = time.monotonic()
    on.shop.provider._pace = 0.25
    going: set[asyncio.Task[object]] = set()
    broken = False
    while (now := time.monotonic() - began) < seconds:
        if 0.45 < now / seconds < 0.6:
            _trouble(on, chances)
        act = on.somebody_buys() if chances.random() < 0.35 else on.somebody_comes()
        task = asyncio.create_task(act)
        going.add(task)
        task.add_done_callback(going.discard)
        if now / seconds > 0.75 and not broken:
            on.break_the_ledger()
            broken = True
        if chances.random() < 0.08:
            await on.look()
        await asyncio.sleep(chances.expovariate(4 + 3 * abs((now / 20) % 2 - 1)))
    await asyncio.wait(going, timeout=10)


def _trouble(on: Stage, chances: random.Random) -> None:
    faults = on.telegram.faults
    match chances.randrange(8):
        case 0:
            faults.flood("sendMessage", retry_after_s=1, times=2)
        case 1:
            faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))
        case 2:
            on.shop.provider.fails()
        case 3:
            on.shop.provider.refuses()
        case 4:
            faults.lose_call("sendMessage")
        case 5:
            on.saboteur.delay_s = chances.choice((0.0, 0.05, 0.2))
        case _:
            on.saboteur.delay_s = 0.0


async def main(folder: Path, seconds: float) -> None:
    """Run the scene, and draw every dashboard of it."""
    with tempfile.TemporaryDirectory() as place:
        async with (
            stage(Path(place), free=1) as on,
            prometheus(Path(place), on.address, pace=PACE) as server,
        ):
            on.shop.provider.credit = credit  # type: ignore[attr-defined]  # the local one has no account of its own
            await on.shop.service.vitals.ask_provider()
            await lively(on, seconds)
            for board in ("overview", "money", "telegram", "generation", "preflight"):
                command = ("-m", "dashboards.generator.pictures", server.url, board)
                file = folder / f"dashboard-{board}.png"
                process = await asyncio.create_subprocess_exec(
                    sys.executable, *command, str(file), "--minutes", str((seconds + 5) / 60)
                )
                assert await process.wait() == 0


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 150.0))
