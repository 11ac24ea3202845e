"""Which store a URL names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from botflight_service.storage.interface import Storage, StorageUnavailable
from botflight_service.storage.json_store import JsonStorage
from botflight_service.storage.sql.connection import MEMORY
from botflight_service.storage.sql.sqlite import SqliteStorage

_HINT = "write sqlite:///var/lib/botflight/botflight.db, sqlite:botflight.db, sqlite::memory: or json:a-folder"


def open_storage(url: str, *, clock: Callable[[], int]) -> Storage:
    """Make the store that a URL names; it is opened by its `open`.

    `sqlite:///var/lib/bot.db` is a file by its whole path, `sqlite:bot.db` one beside the working directory, and
    `sqlite::memory:` lasts until it is closed; `json:bot` is a folder. `clock` tells the time in ms since 1970 (UTC).
    Raises StorageUnavailable for a URL that names no store of this version.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return SqliteStorage(_file(rest), clock=clock)
    if scheme == "json":
        return JsonStorage(Path(_file(rest)), clock=clock)
    if scheme in {"postgresql", "postgres"}:
        from botflight_service.storage.sql.postgres import PostgresStorage  # noqa: PLC0415 - asyncpg takes its time

        return PostgresStorage(url, clock=clock)
    raise StorageUnavailable(f"the storage URL names no store: {_HINT}")


def _file(rest: str) -> str:
    """The file that the rest of a URL names."""
    path = rest
    if rest.startswith("//"):
        host, slash, absolute = rest[2:].partition("/")
        if host not in {"", "localhost"}:
            raise StorageUnavailable(f"a storage URL with // has three of them, or names a host: {_HINT}")
        path = slash + absolute.lstrip("/")
    if not path.strip("/"):
        raise StorageUnavailable(f"the storage URL names no file: {_HINT}")
    return path if path == MEMORY else unquote(path)
