"""Each layer is switched off in turn, and the run must fail for it."""

from __future__ import annotations

import sys
from pathlib import Path

import coverage
import pytest

import cage
import guarded

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not cage.can_be_built(), reason="this machine refuses network namespaces: no cage to try it in"),
]

FINE = "def test_fine(): pass"

#: A layer, and what switches it off in the launcher.
IN_NAMESPACE = {
    "network namespace": """
        from botflight_harness.network import namespace
        namespace._leave = lambda **_: None
        namespace._heard_at = lambda server: []
        """,
    "seccomp": """
        from botflight_harness.network import seccomp
        seccomp.install_static = lambda: None
        """,
    "DNS sink": """
        from botflight_harness.network import names
        names.service_named = lambda asked, services: True
        names.answer = lambda packet, asked, service: packet
        """,
}
UNDER_SUPERVISOR = {
    "seccomp user-notify": """
        from botflight_harness.network.notify import Notifications
        Notifications._blocked = lambda self, asked: None
        """,
    "Landlock": """
        from botflight_harness.network import landlock
        landlock.restrict = lambda ports: None
        """,
}
#: The layers inside of Python, switched off by a plugin before the self-test.
IN_PYTHON = {
    "audit hook": """
        from botflight_harness.network.hook import installed
        installed()._checks.clear()
        """,
    "pytest-socket": """
        import pytest_socket
        pytest_socket.disable_socket = lambda **_: None
        """,
}


@pytest.mark.parametrize("layer", sorted(IN_NAMESPACE))
def test_a_dead_layer_of_the_namespace_ends_the_run(tmp_path: Path, layer: str) -> None:
    """What is claimed and not live is exit 4, before any test."""
    run = guarded.run(tmp_path, FINE, launcher=guarded.mutated(IN_NAMESPACE[layer]))

    assert (run.code, run.outcomes) == (4, {})
    assert f"{layer} is not live" in run.output
    assert run.leaks == []


@pytest.mark.parametrize("layer", sorted(UNDER_SUPERVISOR))
def test_a_dead_layer_of_the_fallback_ends_the_run(tmp_path: Path, layer: str) -> None:
    """The same where namespaces are refused."""
    launcher = guarded.mutated(UNDER_SUPERVISOR[layer])

    run = guarded.run(tmp_path, FINE, launcher=launcher, refuses_namespaces=True)

    assert (run.code, run.outcomes) == (4, {})
    assert f"{layer} is not live" in run.output
    assert run.leaks == []


@pytest.mark.parametrize("layer", sorted(IN_PYTHON))
def test_a_dead_layer_of_python_ends_the_run(tmp_path: Path, layer: str) -> None:
    """The same for what lives in the interpreter."""
    run = guarded.run(
        tmp_path, FINE, "-p", "breaker", files={"breaker.py": IN_PYTHON[layer]}, environment=_here(tmp_path)
    )

    assert run.code == 4
    assert f"{layer} is not live" in run.output


def test_a_layer_that_dies_on_the_way_ends_the_run(tmp_path: Path) -> None:
    """The layers are tried at the end as well."""
    run = guarded.run(
        tmp_path,
        """
        def test_breaks_it():
            from botflight_harness.network.hook import installed
            installed()._checks.clear()
        """,
    )

    assert (run.code, run.outcomes) == (4, {"test_breaks_it": "passed"})
    assert "at the end audit hook is not live" in run.output


def test_a_layer_that_dies_in_a_worker_ends_the_run(tmp_path: Path) -> None:
    """Workers of pytest-xdist try theirs, and the controller hears of it."""
    run = guarded.run(
        tmp_path,
        """
        def test_breaks_it():
            from botflight_harness.network.hook import installed
            installed()._checks.clear()
        """,
        *("-p", "xdist", "-n", "1"),
    )

    assert run.code == 4
    assert "gw0: audit hook is not live" in run.output


def test_a_plugin_that_looks_away_fails_the_run(tmp_path: Path) -> None:
    """The launcher counts as well, so a plugin that takes no attempt does not hide it."""
    looks_away = "from botflight_harness.network.guard import Guard\nGuard.take = lambda self: []"

    run = guarded.run(
        tmp_path,
        """
        import subprocess
        def test_reaches(): subprocess.run(["bash", "-c", "exec 3<>/dev/tcp/198.51.100.3/80"])
        """,
        *("-p", "breaker"),
        files={"breaker.py": looks_away},
        environment=_here(tmp_path),
    )

    assert (run.code, run.outcomes) == (1, {"test_reaches": "passed"})
    assert "1 attempt blocked after the end of the run" in run.output


def test_a_missing_plugin_ends_the_run(tmp_path: Path) -> None:
    """A run that nobody watched is no proof of anything."""
    run = guarded.run(tmp_path, FINE, plugins=["-p", "no:cacheprovider"])

    assert run.code == 4
    assert "without the plugin" in run.output


def _here(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(folder)}


def test_coverage_measures_what_runs_under_it(tmp_path: Path) -> None:
    """The lines that a test ran are in coverage's report, and the network stays disabled."""
    (tmp_path / "bot.py").write_text("def start():\n    return 'hello'\n\n\ndef never():\n    return 1\n")
    (tmp_path / "test_it.py").write_text("import bot\n\n\ndef test_it():\n    assert bot.start() == 'hello'\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    pytest_under_coverage = (sys.executable, "-m", "coverage", "run", "--include=bot.py", "-m", "pytest")

    ended = cage.run(
        [*guarded.LAUNCHER, "--", *pytest_under_coverage, *guarded.PLUGINS],
        folder=tmp_path,
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )

    assert (ended.code, ended.leaks) == (0, [])
    assert "0 attempts blocked" in ended.output
    measured = coverage.CoverageData(str(tmp_path / ".coverage"))
    measured.read()
    assert measured.lines(str(tmp_path / "bot.py")) == [1, 2, 5]
