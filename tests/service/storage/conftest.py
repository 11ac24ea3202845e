from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage
from makings import NOW_MS


@dataclass
class StillClock:
    """A clock in ms that moves when told."""

    now_ms: int = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(params=["sqlite file", "sqlite memory", "json", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every store there is: what a test of this folder says is asked of each."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return {
        "sqlite file": f"sqlite://{tmp_path}/store.db",
        "sqlite memory": "sqlite::memory:",
        "json": f"json://{tmp_path}/store",
    }[request.param]


@pytest.fixture
async def storage(url: str, clock: StillClock) -> AsyncIterator[Storage]:
    """An open, empty store."""
    opened = open_storage(url, clock=clock)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def file_storage(tmp_path: Path, clock: StillClock) -> AsyncIterator[Storage]:
    """A store on a file, for what only files can show."""
    opened = open_storage(f"sqlite://{tmp_path}/store.db", clock=clock)
    await opened.open()
    yield opened
    await opened.close()
