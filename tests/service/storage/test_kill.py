from __future__ import annotations

import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage
from makings import NOW_MS, PARTNER

PAYER = Path(__file__).with_name("payer.py")
KILLS = 3
MAX_ACKNOWLEDGED_BEFORE_THE_KILL = 400


def run_until_killed(url: str, number: int, chance: random.Random) -> dict[str, set[str]]:
    """Let a process pay and kill it at a random moment; what it had acknowledged by then, by step."""
    acknowledged: dict[str, set[str]] = defaultdict(set)
    with subprocess.Popen([sys.executable, PAYER, url, str(number)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(chance.randint(1, MAX_ACKNOWLEDGED_BEFORE_THE_KILL)):
            note(acknowledged, process.stdout.readline())
        process.kill()
        # What it said before it died counts as well; a line that was cut off does not.
        for line in process.stdout:
            note(acknowledged, line)
    return acknowledged


def note(acknowledged: dict[str, set[str]], line: str) -> None:
    """Take an acknowledgement down."""
    if line.endswith("\n"):
        step, name = line.split()
        acknowledged[step].add(name)


async def lost(storage: Storage, acknowledged: dict[str, set[str]]) -> list[str]:
    """What was acknowledged and is not there: doing it again would do it."""
    found = [
        f"paid {name}"
        for name in acknowledged["paid"]
        if await storage.credit_balance_once(PARTNER, int(name.split(".")[1]), credits(1), name)
    ]
    states = {}
    for user_id in range(1, 9):
        for attempt in await storage.history(PARTNER, user_id, limit=10_000):
            states[attempt.inputs["prompt"]] = attempt.state
    found += [f"held {name}" for name in acknowledged["held"] if name not in states]
    found += [f"released {name}" for name in acknowledged["released"] if states.get(name) is not AttemptState.FAILED]
    return found


@pytest.mark.process
async def test_nothing_acknowledged_is_lost_to_a_kill(tmp_path: Path) -> None:
    """A process killed under load, again and again on one file: what it acknowledged is there, and every sum holds."""
    chance = random.Random()
    url = f"sqlite://{tmp_path}/store.db"
    for number in range(KILLS):
        acknowledged = run_until_killed(url, number, chance)

        storage = open_storage(url, clock=lambda: NOW_MS)
        await storage.open()
        assert await lost(storage, acknowledged) == []
        assert await storage.violations() == []
        await storage.close()
