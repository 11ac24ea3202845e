"""The pytest plugin: a world for each test, people in it, and a report when a test fails.

It is loaded at every start of pytest, so nothing heavy is imported before a test asks for it.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from botflight_harness.telegram.people import Person
    from botflight_harness.telegram.world import Telegram

pytest_plugins = ("botflight_harness.network.plugin", "botflight_harness.network.workers")

_WORLD = "telegram"


@pytest.fixture
def telegram() -> "Iterator[Telegram]":
    """A simulated Telegram, the same in every run of the test."""
    from botflight_harness.telegram.world import Telegram  # noqa: PLC0415 -- late, see the module

    world = Telegram()
    yield world
    world.check()


@pytest.fixture
def alice(telegram: "Telegram") -> "Person":
    """Somebody who uses the bot in English."""
    return telegram.user("Alice", language="en")


@pytest.fixture
def bob(telegram: "Telegram") -> "Person":
    """Somebody else, who uses the bot in Russian."""
    return telegram.user("Bob", language="ru")


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
    report = yield
    world = _world(item)
    if report.failed and call.when == "call" and world is not None:
        from botflight_harness.telegram.transcript import report as tell  # noqa: PLC0415 -- late, see the module

        # Told here, so that the fixture's end does not report an error on top of the failure.
        report.sections.append(("Telegram", "\n".join([tell(world), *world.take_complaints()])))
    return report


def _world(item: pytest.Item) -> "Telegram | None":
    world: Telegram | None = getattr(item, "funcargs", {}).get(_WORLD)
    return world
