from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from botflight_service.storage.sql.postgres import PostgresStorage
from makings import NOW_MS
from postgres_server import OwnServer, mistreated_server


@pytest.fixture
async def storage(postgres_url: str) -> AsyncIterator[PostgresStorage]:
    """An open, empty store."""
    opened = PostgresStorage(postgres_url, clock=lambda: NOW_MS)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server that may be mistreated."""
    with (
        tempfile.TemporaryDirectory(prefix="botflight-own-") as folder,
        mistreated_server(Path(folder) / "data") as own,
    ):
        yield own
