"""Where the kernel does not help: macOS, Windows, other Linux."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cage
import guarded
from botflight_harness.network import plain
from botflight_harness.network.plan import Plan

ELSEWHERE = guarded.mutated("import sys\nsys.platform = 'plan9'")


@pytest.mark.process
@pytest.mark.skipif(not cage.can_be_built(), reason="this machine refuses network namespaces: no cage to try it in")
def test_python_alone_is_kept_from_the_network(tmp_path: Path) -> None:
    """The attempt fails its test, and the words say what is not covered and why."""
    tests = """
        import contextlib, socket
        def test_it():
            with contextlib.suppress(Exception): socket.create_connection(("198.51.100.3", 80))
        """

    run = guarded.run(tmp_path, tests, launcher=ELSEWHERE)

    assert (run.code, run.outcomes, run.leaks) == (1, {"test_it": "failure"}, [])
    assert "Python level only; subprocesses and C libraries are NOT covered" in run.output
    assert "not live: the kernel's layers need Linux; this is plan9" in run.output


def test_it_refuses_when_the_kernel_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4, and nothing is run."""
    code = plain.run(Plan(command=["no-such-command"], requires_kernel=True))

    assert code == 4
    assert "NETWORK: the kernel layer is required" in capsys.readouterr().err


def test_the_exit_code_is_that_of_the_command() -> None:
    """Or 127 where there is none."""
    ended = plain.run(Plan(command=[sys.executable, "-c", "raise SystemExit(3)"]))
    missing = plain.run(Plan(command=["no-such-command"]))

    assert (ended, missing) == (3, 127)
