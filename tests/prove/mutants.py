"""A metric that takes another name in the code, in turn each: the tests of the dashboards fail."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from random import Random

from tests.prove.proof import Proof

from botflight_diagnostics.telemetry.catalogue import METRICS

ROOT = Path(__file__).parents[2]
#: What makes and names metrics.
PACKAGES = ("diagnostics/botflight_diagnostics", "service/botflight_service")
#: What is to fail; pytest takes 1 to say that a test did, and other numbers to say that none could be run.
TESTS = ("tests/dashboards/test_boards.py", "tests/dashboards/test_pint.py", "tests/dashboards/test_lint.py")
FAILED = 1
_PREFIX = "botflight_"


def mutated(folder: Path, metric: str) -> int:
    """Copy the packages into a folder, with one metric renamed in all of them; in how many places."""
    places = 0
    short = metric.removeprefix(_PREFIX)
    # As the catalogue and its readers name it, and as `Metrics` asks for it.
    named = re.compile(rf'"{_PREFIX}{short}"')
    asked = re.compile(rf'(make\.(?:counter|gauge|histogram)\("){short}"')
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.rglob("*.py"):
        text, by_name = named.subn(f'"{_PREFIX}renamed_{short}"', path.read_text())
        text, by_maker = asked.subn(rf'\g<1>renamed_{short}"', text)
        path.write_text(text)
        places += by_name + by_maker
    return places


async def tests_of(folder: Path) -> int:
    """Run the tests on the packages in a folder; what pytest says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *TESTS),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


async def rename(folder: Path, metrics: list[str]) -> Counter[str]:
    """Rename each of the metrics alone. Raises where the tests hold nevertheless, or fail without."""
    unchanged = folder / "unchanged"
    unchanged.mkdir()
    mutated(unchanged, "nothing")
    assert await tests_of(unchanged) == 0, "the tests fail with nothing renamed"
    for metric in metrics:
        place = folder / metric
        place.mkdir()
        assert mutated(place, metric) > 1, f"{metric} is not found in the code"
        said = await tests_of(place)
        assert said == FAILED, f"{metric} takes another name, and pytest says {said}"
        shutil.rmtree(place)
    return Counter(metrics_renamed=len(metrics))


async def _run(chances: Random, folder: Path) -> Counter[str]:
    names = [spec.name for spec in METRICS]
    return await rename(folder, chances.sample(names, len(names)))


MUTANTS = (
    Proof(
        name="mutants",
        claim=f"whichever of {len(METRICS)} metrics takes another name in the code, a test of the dashboards fails",
        run=_run,
        runs=1,
    ),
)
