"""Runs of pytest under the guard, inside a cage, and what came of each of their tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree as ET

import cage

LAUNCHER = (sys.executable, "-m", "botflight_harness.network")
PLUGINS = ("-p", "botflight_harness.pytest_plugin", "-p", "pytest_socket", "-p", "no:cacheprovider")
_REPORT = "report.xml"

#: Puts a filter in front of the command that refuses namespaces, as Docker's default profile does.
_REFUSING = """
import errno, os, sys
from botflight_harness.network import kernel, seccomp

numbers = kernel.machine()
kernel.give_up_new_privileges()
seccomp.install([(0x20, 0, 0, 0), *seccomp.when(numbers.unshare, [seccomp.refuse(errno.EPERM)]), (6, 0, 0, 0x7FFF0000)])
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True, slots=True)
class Guarded:
    """How a run ended: its exit code, its words, where packets went, and the outcome of each test by its name."""

    code: int
    output: str
    leaks: Sequence[str]
    outcomes: Mapping[str, str]


def run(
    folder: Path,
    tests: str = "",
    *arguments: str,
    launcher: Sequence[str] = LAUNCHER,
    options: Sequence[str] = (),
    plugins: Sequence[str] = PLUGINS,
    refuses_namespaces: bool = False,
    files: Mapping[str, str] | None = None,
    ini: str = "",
    environment: Mapping[str, str] | None = None,
) -> Guarded:
    """Write the tests, run them by pytest under `launcher` (nothing: by pytest alone) and read its report."""
    written = {"test_it.py": tests, "pytest.ini": f"[pytest]\n{dedent(ini)}", **(files or {})}
    for name, text in written.items():
        (folder / name).write_text(dedent(text))
    before = (sys.executable, "-c", _REFUSING) if refuses_namespaces else ()
    pytest = (sys.executable, "-m", "pytest", *plugins, f"--junitxml={_REPORT}", *arguments)
    inside = (*launcher, *options, "--") if launcher else ()
    ended = cage.run(
        [*before, *inside, *pytest],
        folder=folder,
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(environment or {})},
    )
    return Guarded(code=ended.code, output=ended.output, leaks=ended.leaks, outcomes=_outcomes(folder / _REPORT))


def mutated(patch: str) -> Sequence[str]:
    """The launcher, with something changed in it before it runs."""
    return (sys.executable, "-c", f"{dedent(patch)}\nfrom botflight_harness.network.__main__ import main\nexit(main())")


def _outcomes(report: Path) -> dict[str, str]:
    """A test with an error in its teardown has two entries: the worse one counts."""
    found: dict[str, str] = {}
    if not report.exists():
        return found
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        outcome = next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "passed")
        name = case.attrib["name"]
        if found.get(name, "passed") == "passed":
            found[name] = outcome
    return found
