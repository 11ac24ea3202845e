"""The tutorial's blocks run as tests, and its list of what is modelled is the truth."""

import re
from pathlib import Path

import pytest

from botflight_harness.telegram import schema
from botflight_harness.telegram.methods import METHODS

pytest_plugins = ["pytester"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "harness.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


def test_every_block_of_the_tutorial_runs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands, one after the other, in a test file of its own."""
    pytest.importorskip("apscheduler", reason="a job queue needs python-telegram-bot[job-queue]")
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    code = "\n\n".join(blocks)
    tests = set(re.findall(r"^(?:async )?def (test_\w+)", code, re.MULTILINE))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(INI)
    pytester.makepyfile(code)

    plugins = ("-p", "botflight_harness.pytest_plugin", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider")
    result = pytester.runpytest_inprocess(*plugins, "-v")

    assert result.parseoutcomes().keys() == {"passed"}
    assert set(re.findall(r"::(test_\w+).* PASSED", result.stdout.str())) == tests
    assert all("def test_" in block or "def build" in block for block in blocks)


def test_the_list_of_what_is_not_modelled_is_the_truth() -> None:
    """Every method of the Bot API is either modelled and counted, or in the list of those that are not."""
    page = PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)`", page.partition("Not modelled")[2]))
    methods = set(schema.load().methods.values()) & {*schema.load()._raw_methods}

    assert methods - METHODS.keys() == listed & methods
    assert listed <= methods
    assert f"Of the {len(methods)} methods of Bot API {schema.load().version}, {len(METHODS)} are modelled" in page
