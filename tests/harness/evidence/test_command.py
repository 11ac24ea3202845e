"""The command as it is used: a project with a changelog, one run, an entry, and its verification."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from botflight_harness.network.state import without_guard

pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform != "linux", reason="under the launcher for Linux")]

CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- **Sums**: One and one is two. Risk: it is three. Proof: {proof}.
"""
TESTS = """
import pytest

@pytest.mark.key_assertion("adds up")
def test_sum(): assert 1 + 1 == 2

@pytest.mark.skip(reason="no browser")
def test_page(): pass
"""
PREFLIGHT = 'echo \'{"result": "READY"}\''


class Project:
    """A repository with a test and a changelog."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._git("init", "-q")
        self.write("pytest.ini", "[pytest]\nnetwork = disabled\n")
        self.write(".gitignore", "build/\n__pycache__/\n")
        self.write("test_it.py", TESTS)
        self.write("CHANGELOG.md", CHANGELOG.format(proof="test_it.py::test_sum"))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def commit(self) -> None:
        self._git("add", "-A")
        self._git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "x")

    def evidence(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "botflight_harness.evidence", *words],
            cwd=self.folder,
            env={**without_guard(os.environ), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *options: str, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        plugins = ("-p", "botflight_harness.pytest_plugin", "-p", "no:cacheprovider")
        command = (sys.executable, "-m", "pytest", "-q", *plugins, *arguments)
        return self.evidence("--preflight", PREFLIGHT, *options, "--", *command)

    def twin(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(next((self.folder / "build" / "evidence").glob("*.json")).read_text())
        return found

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, check=True)  # noqa: S607 - git is where it is


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_run_leaves_an_entry_that_can_be_verified(project: Project) -> None:
    """STOP, exit code 0, and the log says what the JSON and the commit say."""
    project.commit()

    ran = project.run("--append", "SMOKE_RUN_LOG.md")
    verified = project.evidence("verify", "SMOKE_RUN_LOG.md")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (project.twin()["status"], project.twin()["exit_code"]) == ("STOP", 0)
    assert "Final status: STOP" in (project.folder / "SMOKE_RUN_LOG.md").read_text()
    assert verified.returncode == 0, verified.stderr


def test_the_workers_results_are_gathered(project: Project) -> None:
    """Key assertions and reasons travel from the workers of pytest-xdist."""
    project.commit()

    ran = project.run(arguments=("-p", "xdist", "-n", "1"))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    record = project.twin()["record"]
    assert isinstance(record, dict)
    assert record["collected"] == 2
    assert record["skip_reasons"] == {"no browser": 1}
    assert record["key_assertions"] == [{"test": "test_it.py::test_sum", "words": "adds up", "outcome": "passed"}]


@pytest.mark.parametrize("proof", ["test_it.py::test_gone", "test_it.py::test_page"], ids=["missing", "skipped"])
def test_a_proof_that_did_not_pass_makes_it_continue(project: Project, proof: str) -> None:
    """All tests are green, and the release is not."""
    project.write("CHANGELOG.md", CHANGELOG.format(proof=proof))
    project.commit()

    ran = project.run()

    assert ran.returncode == 1
    assert "Final status: CONTINUE" in ran.stdout
    assert f": {proof}" in ran.stdout


def test_an_entry_that_was_touched_is_found_out(project: Project) -> None:
    """A number that was made better by hand."""
    project.commit()
    project.run("--append", "SMOKE_RUN_LOG.md")
    log = project.folder / "SMOKE_RUN_LOG.md"
    log.write_text(log.read_text().replace("passed: 1", "passed: 2"))

    verified = project.evidence("verify", "SMOKE_RUN_LOG.md")

    assert verified.returncode == 1
    assert "the text differs from what its JSON says" in verified.stderr


def test_a_json_that_was_touched_is_found_out(project: Project) -> None:
    """The entry carries its SHA-256."""
    project.commit()
    project.run("--append", "SMOKE_RUN_LOG.md")
    twin = next((project.folder / "build" / "evidence").glob("*.json"))
    twin.write_text(twin.read_text().replace("3.", "4."))

    verified = project.evidence("verify", "SMOKE_RUN_LOG.md")

    assert verified.returncode == 1
    assert "its SHA-256 differs" in verified.stderr


def test_a_changelog_that_cannot_be_read_stops_before_the_run(project: Project) -> None:
    """Exit code 2, with the line."""
    project.write("CHANGELOG.md", CHANGELOG.format(proof="the workflow"))
    project.commit()

    ran = project.run()

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "line 7: 'the workflow' is no test id" in ran.stderr
