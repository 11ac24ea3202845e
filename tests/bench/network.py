"""What the guard against networks costs, at the start of a run and for each test: `python -m tests.bench.network`.

Runs with and without it take turns, so that a slow minute meets both. Medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from botflight_harness.network.state import without_guard

LAUNCHER = (sys.executable, "-m", "botflight_harness.network", "--require", "kernel", "--")
#: Less than this at the start under a namespace, and for each test.
START_BUDGET_MS = 100.0
TEST_BUDGET_MS = 0.2
_FEW, _MANY = 1, 2_001


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a budget is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.network", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is run (9)")
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start_ms = _start_ms(rounds, folder)
        test_ms = _test_ms(max(1, rounds // 3), folder)
    sys.stdout.write(f"start under a namespace: {start_ms:.0f} ms more (budget {START_BUDGET_MS:.0f})\n")
    sys.stdout.write(f"each test: {test_ms:.3f} ms more (budget {TEST_BUDGET_MS})\n")
    return int(start_ms > START_BUDGET_MS or test_ms > TEST_BUDGET_MS)


def _start_ms(rounds: int, folder: Path) -> float:
    """A run of one test under the launcher and by itself, the self-tests at both ends included."""
    _tests_ms(_FEW, folder, LAUNCHER)
    pairs = [(_tests_ms(_FEW, folder, ()), _tests_ms(_FEW, folder, LAUNCHER)) for _ in range(rounds)]
    return statistics.median(guarded - plain for plain, guarded in pairs)


def _test_ms(rounds: int, folder: Path) -> float:
    """Empty tests, many and few of them: what the many take more, with the guard and without."""
    found = []
    for _ in range(rounds):
        plain = _tests_ms(_MANY, folder, ()) - _tests_ms(_FEW, folder, ())
        guarded = _tests_ms(_MANY, folder, LAUNCHER) - _tests_ms(_FEW, folder, LAUNCHER)
        found.append((guarded - plain) / (_MANY - _FEW))
    return statistics.median(found)


def _tests_ms(number: int, folder: Path, launcher: Sequence[str]) -> float:
    (folder / "test_empty.py").write_text(
        f"import pytest\n@pytest.mark.parametrize('number', range({number}))\ndef test_empty(number): pass\n"
    )
    plugins = ["-p", "no:cacheprovider", "-p", "botflight_harness.pytest_plugin"]
    pytest = [sys.executable, "-m", "pytest", "-q", *plugins, "test_empty.py"]
    return _took_ms([*launcher, *pytest], folder, {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})


def _took_ms(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> float:
    # As it is installed: compiled once, in a place of its own.
    compiled = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    environment = {**without_guard(os.environ), **compiled, **(more or {})}
    began_s = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began_s) * 1_000


if __name__ == "__main__":
    sys.exit(main())
