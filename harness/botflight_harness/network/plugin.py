"""The hooks of pytest: the guard starts before the first conftest.py is imported and ends after the last fixture.

The network is disabled under the launcher, and anywhere by the ini option `network = disabled`.
"""

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from botflight_harness.network.guard import Guard
    from botflight_harness.network.journal import Attempt
    from botflight_harness.network.notice import Status

_INI = "network"
_DISABLED = "disabled"
_OPEN = "open"
_JOURNAL = "BOTFLIGHT_NETWORK_JOURNAL"
_REQUIRE = "BOTFLIGHT_NETWORK_REQUIRE"
_ALLOW = "BOTFLIGHT_NETWORK_ALLOW"
_CURRENT_TEST = "PYTEST_CURRENT_TEST"
#: Under which a worker's findings travel to the controller.
WORKER_OUTPUT = "botflight_network"
_NOT_LIVE = pytest.ExitCode.USAGE_ERROR

#: Under which the session's watch is kept.
WATCH: "pytest.StashKey[Watch]" = pytest.StashKey()


class Watch:
    """What the hooks of one session share."""

    def __init__(self, guard: "Guard") -> None:
        self.guard = guard
        self.status: Status | None = None
        #: Attempts outside of tests, with where they were made.
        self.outside: list[str] = []
        #: What was wrong with the layers in the end, here and in workers.
        self.wrong: list[str] = []

    def look_outside(self, where: str) -> None:
        """Take what was tried since the last look, where no test can be blamed."""
        self.outside += [f"{where}: {attempt}" for attempt in self.guard.take()]

    def self_test(self) -> str:
        """Try the layers. Returns what is wrong, nothing when all is well."""
        from botflight_harness.network.notice import Status  # noqa: PLC0415 - late, see the module

        probes = self.guard.self_test()
        claims = self.guard.claims
        self.status = Status(
            live=[probe.layer for probe in probes if probe.is_live],
            tried=len(probes),
            has_kernel=claims.has_kernel,
            refused=claims.refused,
            services=[text for text in os.environ.get(_ALLOW, "").split(",") if text],
        )
        return "; ".join(f"{probe.layer} is not live: {probe.details}" for probe in probes if not probe.is_live)

    def line(self, *, with_attempts: bool) -> str:
        """The words of the header or of the summary."""
        from botflight_harness.network import notice  # noqa: PLC0415 - late, see the module

        if self.status is None:
            return "NETWORK: the layers were not tried, because no session began"
        return notice.line(self.status, attempts=self.guard.total() if with_attempts else None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option."""
    parser.addini(_INI, f"{_DISABLED}: let no test reach a network; {_OPEN}: do not look (the default)", default=_OPEN)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin to watch before anybody's code is imported."""
    chosen = early_config.getini(_INI)
    if chosen not in {_DISABLED, _OPEN}:
        raise pytest.UsageError(f"network = {chosen}: it is {_DISABLED} or {_OPEN}")
    if not _is_nested() and (_JOURNAL in os.environ or chosen == _DISABLED):
        from botflight_harness.network.guard import Guard  # noqa: PLC0415 - late, see the module

        early_config.stash[WATCH] = Watch(Guard.start())


def _is_nested() -> bool:
    """A pytest that a test runs is watched by the run around it, whose test would be blamed for the self-test."""
    return _CURRENT_TEST in os.environ


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to run with less than was asked for, or with a layer that is claimed and not live."""
    watch = session.config.stash.get(WATCH, None)
    required = os.environ.get(_REQUIRE) == "kernel" and not _is_nested()
    if required and (watch is None or not watch.guard.claims.has_kernel):
        reason = "" if watch is None else f" ({watch.guard.claims.refused})"
        pytest.exit(f"NETWORK: {_REQUIRE}=kernel, and the kernel layer is not there{reason}", returncode=_NOT_LIVE)
    if watch is not None:
        watch.look_outside("before the collection")
        wrong = watch.self_test()
        if wrong:
            pytest.exit(f"NETWORK: {wrong}", returncode=_NOT_LIVE)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which layers are live."""
    watch = config.stash.get(WATCH, None)
    if watch is not None:
        return watch.line(with_attempts=False)
    if _is_nested() and _JOURNAL in os.environ:
        return "NETWORK: watched by the run around this one"
    return f"NETWORK: {_OPEN} (nothing is watched; {_INI} = {_DISABLED} in the ini file changes that)"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail the import of a module that tried to reach a network."""
    report = yield
    watch = collector.config.stash.get(WATCH, None)
    attempts = watch.guard.take() if watch is not None else []
    if attempts:
        _fail(report, f"the import of {report.nodeid or 'the session'}", attempts)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail the phase of a test in which something tried, whatever else came of it."""
    report = yield
    watch = item.config.stash.get(WATCH, None)
    attempts = watch.guard.take() if watch is not None else []
    if attempts:
        _fail(report, f"{item.nodeid} ({report.when})", attempts)
    return report


def _fail(report: "pytest.TestReport | pytest.CollectReport", test: str, attempts: "list[Attempt]") -> None:
    from botflight_harness.network import notice  # noqa: PLC0415 - late, see the module

    text = notice.failure(test, attempts)
    if report.outcome == "failed" and not hasattr(report, "wasxfail"):
        report.sections.append(("NETWORK", text))
        return
    report.outcome = "failed"
    report.longrepr = text
    if hasattr(report, "wasxfail"):
        del report.wasxfail


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """After everybody's last act, before the summary: try the layers again and judge what was outside of tests."""
    yield
    watch = session.config.stash.get(WATCH, None)
    if watch is None or watch.status is None:
        return
    watch.look_outside("after the last test")
    wrong = watch.self_test()
    watch.wrong += [wrong] if wrong else []
    if watch.wrong:
        session.exitstatus = _NOT_LIVE
    elif watch.outside and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        # A worker of pytest-xdist has no summary of its own.
        output[WORKER_OUTPUT] = {"wrong": watch.wrong, "outside": watch.outside}


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was live and how much was blocked."""
    watch = config.stash.get(WATCH, None)
    if watch is None:
        return
    for wrong in watch.wrong:
        terminalreporter.write_line(f"NETWORK: at the end {wrong}", red=True)
    for tried in watch.outside:
        terminalreporter.write_line(f"NETWORK: outside of tests, {tried}", red=True)
    terminalreporter.write_line(watch.line(with_attempts=True))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop watching; what comes now is the launcher's to tell."""
    watch = config.stash.get(WATCH, None)
    if watch is not None:
        watch.guard.close()
        del config.stash[WATCH]
