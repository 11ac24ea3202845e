"""The pytest plugin: a world for each test, people in it, and a report when a test fails.

It is loaded at every start of pytest, so nothing heavy is imported before a test asks for it.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TracebackEntry

    from botflight_harness.capture import Capture, Watch
    from botflight_harness.road import Road
    from botflight_harness.telegram.people import Person
    from botflight_harness.telegram.world import Telegram

pytest_plugins = ("botflight_harness.network.plugin", "botflight_harness.network.workers")

_WORLD = "telegram"
_CAPTURE = "capture"
_ROAD = "road"
_WATCH: "pytest.StashKey[Watch]" = pytest.StashKey()
_OURS = __name__.partition(".")[0]
#: Whose lines are in the traceback of every test.
_NOBODYS = frozenset({"_pytest", "anyio", "asyncio", "pluggy", "pytest_asyncio", _OURS})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--telegram-report=DIR`."""
    group = parser.getgroup("botflight", "a simulated Telegram")
    group.addoption("--telegram-report", metavar="DIR", help="write a page of chats and calls for each test into DIR")
    group.addoption(
        "--roads", metavar="NAMES", help="run tests with the fixture `road` on these roads alone: NAME,NAME"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line("markers", "tells_secrets: the bot may print or log its token in this test")
    config.addinivalue_line("markers", "roads(*names): the roads of the fixture `road`; without it all four")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `road` once for each road that it may go."""
    if _ROAD not in metafunc.fixturenames or not _is_ours(metafunc, _ROAD):
        return
    from botflight_harness.road import ROADS  # noqa: PLC0415 -- late, see the module

    marker = metafunc.definition.get_closest_marker("roads")
    names = (marker.args if marker else ()) or ROADS
    chosen = (metafunc.config.getoption("--roads") or ",".join(ROADS)).split(",")
    for name in (*names, *chosen):
        if name not in ROADS:
            raise pytest.UsageError(f"there is no road {name!r}; there are {', '.join(ROADS)}")
    metafunc.parametrize(_ROAD, [name for name in names if name in chosen], indirect=True)


def _is_ours(metafunc: pytest.Metafunc, name: str) -> bool:
    """Tell whether a fixture is this plugin's, and not one of the tests' own of the same name."""
    definitions = metafunc.definition._fixtureinfo.name2fixturedefs.get(name, ())  # noqa: SLF001 -- there is no other way
    return bool(definitions) and definitions[-1].func.__module__ == __name__


@pytest.fixture
def telegram(request: pytest.FixtureRequest) -> "Iterator[Telegram]":
    """A simulated Telegram, the same in every run of the test."""
    from botflight_harness.capture import Watch  # noqa: PLC0415 -- late, see the module
    from botflight_harness.telegram.world import Telegram  # noqa: PLC0415

    world = Telegram()
    watch = request.node.stash[_WATCH] = Watch(world)
    yield world
    watch.stop()
    world.check()


@pytest.fixture
def road(request: pytest.FixtureRequest, telegram: "Telegram") -> "Road":
    """A way for updates to come to a bot: the test runs once for each that it may go."""
    from botflight_harness.road import Road  # noqa: PLC0415 -- late, see the module

    return Road(request.param, telegram)


@pytest.fixture
def alice(telegram: "Telegram") -> "Person":
    """Somebody who uses the bot in English."""
    return telegram.user("Alice", language="en")


@pytest.fixture
def bob(telegram: "Telegram") -> "Person":
    """Somebody else, who uses the bot in Russian."""
    return telegram.user("Bob", language="ru")


@pytest.fixture
def capture(telegram: "Telegram") -> "Iterator[Capture]":
    """What the bot tells of itself: logs, spans and metrics; the test fails when a token or a secret is in them."""
    from botflight_harness.capture import Capture  # noqa: PLC0415 -- late, see the module

    with Capture(telegram) as capture:
        yield capture


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test whose bot asked for what is not modelled, or swallowed an error, or missed its fault."""
    yield
    world = _world(item)
    if world is not None:
        world.check()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the chats and the bot's calls below a failure."""
    _end_at_the_test(call)
    report = yield
    world = _world(item)
    if call.when != "call" or world is None:
        return report
    if report.passed and item.get_closest_marker("tells_secrets") is None:
        _fail_on_secrets(item, report, world)
    complaints = world.take_complaints() if report.failed else []
    if report.failed:
        from botflight_harness.telegram.transcript import report as tell  # noqa: PLC0415 -- late, see the module

        # Told here, so that the fixture's end does not report an error on top of the failure.
        told = str(call.excinfo.value) if call.excinfo else ""
        if section := "\n".join(part for part in [tell(world, told=told), *complaints] if part):
            report.sections.append(("Telegram", section))
        if tree := _tree(item):
            report.sections.append(("Spans", tree))
    if directory := item.config.getoption("--telegram-report"):
        _write_page(directory, item, report, world, complaints)
    return report


def _end_at_the_test(call: "pytest.CallInfo[None]") -> None:
    """Leave the harness's own lines out of a traceback that ends in them: its error says what was wanted.

    pytest looks for the name among a function's locals and its module's globals; with --full-trace it does not.
    """
    if call.excinfo is not None and _says_what_was_wanted(call.excinfo):
        for entry in call.excinfo.traceback:
            if _is_of_harness(entry):
                entry.frame.f_globals["__tracebackhide__"] = _says_what_was_wanted


def _says_what_was_wanted(error: "pytest.ExceptionInfo[BaseException]") -> bool:
    own = any(_package(entry) not in _NOBODYS for entry in error.traceback)
    return own and error.errisinstance(AssertionError) and _is_of_harness(error.traceback[-1])


def _is_of_harness(entry: "TracebackEntry") -> bool:
    return _package(entry) == _OURS


def _package(entry: "TracebackEntry") -> str:
    return str(entry.frame.f_globals.get("__name__", "")).partition(".")[0]


def _fail_on_secrets(item: pytest.Item, report: pytest.TestReport, world: "Telegram") -> None:
    """Fail a test whose bot told its token or its webhook's secret, and do not print it again."""
    from botflight_harness.leaks import blotted, leaks  # noqa: PLC0415 -- late, see the module

    watch = item.stash.get(_WATCH, None)
    if found := [*leaks(world, report.sections), *(watch.leaks() if watch is not None else ())]:
        report.outcome = "failed"
        report.longrepr = "\n".join([f"{item.name}: a secret was told", *found])
        report.sections = [(name, blotted(text, world)) for name, text in report.sections]


def _tree(item: pytest.Item) -> str:
    """Return the spans of a test: those of its capture, or the global ones."""
    capture: Capture | None = getattr(item, "funcargs", {}).get(_CAPTURE)
    seen_by = capture if capture is not None else item.stash.get(_WATCH, None)
    return "" if seen_by is None else seen_by.trace.tree()


def _write_page(
    directory: str, item: pytest.Item, report: pytest.TestReport, world: "Telegram", complaints: list[str]
) -> None:
    from botflight_harness.report import Ending, write_page  # noqa: PLC0415 -- late, see the module

    crash = report.longreprtext if report.failed else ""
    write_page(directory, world, Ending(item.nodeid, report.outcome, crash, tuple(complaints), _tree(item)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """List the pages of all tests, once every worker has written its own."""
    directory = session.config.getoption("--telegram-report")
    if directory and not hasattr(session.config, "workerinput"):
        from botflight_harness.report import write_index  # noqa: PLC0415 -- late, see the module

        write_index(directory)


def _world(item: pytest.Item) -> "Telegram | None":
    world: Telegram | None = getattr(item, "funcargs", {}).get(_WORLD)
    return world
