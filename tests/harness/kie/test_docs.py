"""The page on KIE: its blocks run as tests, and its tables are what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from botflight_service.provider.kie.errors import ALARMING

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "kie.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


def test_every_block_of_the_page_runs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands, one after the other."""
    code = "\n\n".join(BLOCKS)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(INI)
    pytester.makepyfile(code)

    plugins = ("-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider")
    result = pytester.runpytest_inprocess(*plugins)

    result.assert_outcomes(passed=code.count("async def test_"))


def test_every_alarm_has_a_line_that_says_what_to_do() -> None:
    """Nobody is woken without being told what to do."""
    told = {int(code) for code in re.findall(r"^\| (\d{3}) \| ", PAGE, re.MULTILINE)}

    assert told == ALARMING
