"""What the house promises of itself: tests that say what they show, doors that are in order, nothing left lying."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = sorted(path for path in (ROOT / "tests").rglob("test_*.py"))
DOORS = (
    "botflight_diagnostics.console",
    "botflight_diagnostics.telemetry",
    "botflight_harness",
    "botflight_harness.server",
    "botflight_harness.telegram",
    "botflight_service.storage",
)
#: What a registry's address looks like, without being one.
REGISTRY = re.compile(r"(pypi|pythonhosted|npmjs|deb\.debian)\.(org|com)")


def tracked() -> list[Path]:
    """Every text file that git knows of."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - git is git
    return [ROOT / name for name in listed.stdout.splitlines() if not name.endswith((".png", ".gif"))]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_says_in_a_sentence_what_it_shows(path: Path) -> None:
    """A reader learns what broke from the test's first line."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]

    silent = [node.name for node in functions if node.name.startswith("test_") and not ast.get_docstring(node)]

    assert silent == []


@pytest.mark.parametrize("name", DOORS)
def test_a_door_lists_what_it_exports_in_order(name: str) -> None:
    """`__all__` is sorted, and everything in it is there."""
    door = importlib.import_module(name)

    assert list(door.__all__) == sorted(door.__all__, key=lambda entry: (entry.lower() == entry, entry))
    assert [entry for entry in door.__all__ if not hasattr(door, entry)] == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of the machine, not of the project."""
    named = [path.name for path in tracked() if path.is_file() and REGISTRY.search(path.read_text(errors="ignore"))]

    assert named == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_is_expected_to_fail_or_sleeps_for_luck(path: Path) -> None:
    """A flaky test is a defect to be found, not a mark to be set or a moment to be waited."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    named = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}

    assert "time.sleep" not in called
    assert not {"pytest.mark.xfail", "pytest.mark.flaky"} & named
