"""What every test of the whole service begins with."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from tests.secrecy import WATCH, check_kept

from botflight_harness.telegram import Person, Telegram
from postgres_server import Server, shared_server
from shop import Shop, open_shop

WATCH.install()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test in which a secret got out: into a line, a span, a metric, a page, an error or its output."""
    report = yield
    if call.when == "teardown":
        if report.passed and WATCH.secrets and item.get_closest_marker("tells_secrets") is None:
            try:
                check_kept(WATCH.secrets, WATCH.told(report.sections))
            except AssertionError as found:
                report.outcome, report.longrepr = "failed", str(found)
        WATCH.forget()
    return report


@pytest.fixture
async def shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service, without free generations: what is taken is money."""
    async with open_shop(telegram) as opened:
        yield opened


@pytest.fixture
async def free_shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service, with five free generations a day."""
    async with open_shop(telegram, daily_free_limit=5) as opened:
        yield opened


@pytest.fixture
async def impatient_shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service on a virtual clock: minutes of waiting pass in no time."""
    async with open_shop(telegram, impatient=True) as opened:
        yield opened


@pytest.fixture
def boris(telegram: Telegram) -> Person:
    """Somebody who reads Russian."""
    return telegram.user("Борис", language="ru")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for the whole run, shared by its workers."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    # Not below pytest's own folder, which the server's user may not enter.
    with shared_server(Path(tempfile.gettempdir()) / f"botflight-postgres-{run}") as server:
        yield server


@pytest.fixture
async def postgres_url(postgres: Server) -> AsyncIterator[str]:
    """A database of one's own, with our tables and nothing in them."""
    async with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite file", "sqlite memory", "json", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every store there is, new and empty."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return {
        "sqlite file": f"sqlite://{tmp_path}/store.db",
        "sqlite memory": "sqlite::memory:",
        "json": f"json://{tmp_path}/store",
    }[request.param]
