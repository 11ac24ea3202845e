"""kill -9 of a real process at random moments under load, several times on one store."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random

from tests.prove.proof import Proof, Run, none
from tests.prove.purchase import NOW_MS, Progress, Purchase, begun_of, lost, purchase_of, wrong_at_the_end

from botflight_service.storage import open_storage

ROOT = Path(__file__).parents[2]
MAX_ACKNOWLEDGED = 400
#: Between an acknowledgement and the kill: somewhere in the next few transactions.
MAX_DELAY_S = 0.01
#: A process that has said nothing by then never will.
PATIENCE_S = 60.0


async def run_until_killed(url: str, number: int, chance: Random) -> dict[Purchase, int]:
    """Let a process buy and kill it at a random moment; how far each purchase was acknowledged by then."""
    acknowledged: dict[Purchase, int] = {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.prove.payer", url, str(number)), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(chance.randint(1, MAX_ACKNOWLEDGED)):
                _note(acknowledged, await process.stdout.readline())
        await asyncio.sleep(chance.uniform(0, MAX_DELAY_S))
    finally:
        process.kill()
        # What it said before it died counts as well; a line that was cut off does not.
        rest, _ = await process.communicate()
    for line in rest.splitlines(keepends=True):
        _note(acknowledged, line)
    return acknowledged


def kill(url: str, *, times: int) -> Run:
    """A run: a store, by its URL in a folder, whose process is killed so many times, and looked at after each."""

    async def run(chance: Random, folder: Path) -> Counter[str]:
        ended: set[Purchase] = set()
        counts: Counter[str] = Counter()
        for number in range(times):
            acknowledged = await run_until_killed(url.format(folder), number, chance)
            begun = begun_of(acknowledged, number)
            await _look(url.format(folder), acknowledged, begun, ended)
            ended |= begun
            counts += Counter(kills=1, acknowledged=sum(acknowledged.values()))
        return counts

    return run


async def _look(url: str, acknowledged: Progress, begun: set[Purchase], ended: set[Purchase]) -> None:
    """Raise unless all that was acknowledged is there, and all that was begun comes to a sound end."""
    storage = open_storage(url, clock=lambda: NOW_MS)
    await storage.open()
    try:
        none(await lost(storage, acknowledged))
        none(await wrong_at_the_end(storage, begun, ended=ended))
    finally:
        await storage.close()


def _note(acknowledged: dict[Purchase, int], line: bytes) -> None:
    """Take an acknowledgement down."""
    if line.endswith(b"\n"):
        name, steps = line.decode().split()
        acknowledged[purchase_of(name)] = int(steps)


_KILLED = partial(Proof, claim="what a killed process had acknowledged is there, once, and comes to its end", runs=20)
KILLS = (
    _KILLED(name="kill-sqlite", run=kill("sqlite://{}/store.db", times=10)),
    _KILLED(name="kill-json", run=kill("json://{}/store", times=10)),
)
