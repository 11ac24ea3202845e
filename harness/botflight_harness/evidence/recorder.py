"""The part that runs inside of pytest and writes down each test's outcome."""

import platform
from collections import Counter
from collections.abc import Generator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from botflight_harness.evidence.record import FAILED, PASSED, SKIPPED
from botflight_harness.network.plugin import WATCH

if TYPE_CHECKING:
    from botflight_harness.network.plugin import Watch

_OPTION = "--evidence-record"
_PACKAGES = "--evidence-package"
_MARKER = "key_assertion"
_RANK = {PASSED: 0, SKIPPED: 1, FAILED: 2}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where to write, and whose versions."""
    group = parser.getgroup("evidence")
    group.addoption(_OPTION, metavar="FILE", help="write what the run did to this file, as JSON")
    group.addoption(
        _PACKAGES, action="append", default=[], metavar="NAME", help="note the version of this distribution"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record; workers of pytest-xdist report to their controller, which records."""
    config.addinivalue_line("markers", f"{_MARKER}(words): a promise that a release stands on")
    path = config.getoption(_OPTION)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(path)), "botflight_evidence")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the promise travel with the report, from a worker too."""
    marker = item.get_closest_marker(_MARKER)
    if marker is not None:
        item.user_properties.append((_MARKER, str(marker.args[0]) if marker.args else ""))


class Recorder:
    """Notes what is reported and writes it when the session ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, str] = {}
        self._promises: dict[str, str] = {}
        self._reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test is as bad as its worst phase. An expected failure counts as skipped: it proves nothing."""
        outcome: str = report.outcome
        known = self._outcomes.get(report.nodeid, PASSED)
        self._outcomes[report.nodeid] = max(known, outcome, key=_RANK.__getitem__)
        if outcome == SKIPPED:
            self._reasons[report.nodeid] = _reason(report)
        for name, words in report.user_properties:
            if name == _MARKER:
                self._promises[report.nodeid] = str(words)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported has failed."""
        if report.failed:
            self._outcomes[report.nodeid] = FAILED

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_terminal_summary(self, config: pytest.Config) -> Generator[None, None, None]:
        """Write, once the guard has had its last look."""
        yield
        self._path.write_bytes(self._written(config))

    def _written(self, config: pytest.Config) -> bytes:
        import orjson  # noqa: PLC0415 - late: only when something is recorded

        values = {
            "collected": len(self._outcomes),
            "outcomes": self._outcomes,
            "skip_reasons": Counter(self._reasons.values()),
            "key_assertions": [
                {"test": test, "words": words, "outcome": self._outcomes[test]}
                for test, words in sorted(self._promises.items())
            ],
            "versions": _versions(config.getoption(_PACKAGES)),
            "network": _network(config.stash.get(WATCH, None)),
        }
        return orjson.dumps(values, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _network(watch: "Watch | None") -> dict[str, object] | None:
    if watch is None:
        return None
    return {
        "line": watch.line(with_attempts=True),
        "has_kernel": watch.guard.claims.has_kernel and not watch.wrong,
        "attempts": watch.guard.total(),
    }


def _versions(packages: list[str]) -> dict[str, str]:
    return {"python": platform.python_version(), **{name: _version(name) for name in ["pytest", "pluggy", *packages]}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _reason(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail}".rstrip(": ")
    found = report.longrepr
    return found[2].removeprefix("Skipped: ") if isinstance(found, tuple) else str(found)
