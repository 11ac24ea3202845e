"""The snapshot: every row as of the beginning of a journal, in a file that is whole or is not there."""

from __future__ import annotations

import contextlib
from typing import Any

from botflight_service.storage.json_store import lines
from botflight_service.storage.json_store.folder import File, Folder
from botflight_service.storage.json_store.journal import check_header, damaged
from botflight_service.storage.json_store.state import State

NAME = "snapshot.jsonl"
_UNFINISHED = f"{NAME}.unfinished"
_CHUNK_BYTES = 1024 * 1024


def write(folder: Folder, state: State, *, generation: int) -> int:
    """Write all rows beside the snapshot that there is; how many bytes. Raises OSError."""
    file = folder.create(_UNFINISHED)
    try:
        size_bytes = _fill(file, state, generation)
        file.sync()
    finally:
        file.close()
    return size_bytes


def publish(folder: Folder) -> None:
    """Put what was written in the place of the snapshot that there was. Raises OSError."""
    folder.rename(_UNFINISHED, NAME)
    folder.sync()


def abandon(folder: Folder) -> None:
    """Remove what was written and not published."""
    with contextlib.suppress(OSError):
        folder.remove(_UNFINISHED)


def read(folder: Folder, state: State) -> tuple[int, int]:
    """Fill an empty state; the generation of the journal that goes on from there, and the snapshot's size in bytes.

    Raises StorageUnavailable with the number of a damaged line, SchemaTooNew, OSError.
    """
    where = f"{folder.name}/{NAME}"
    generation, size_bytes, records, ended = 0, 0, 0, False
    number = 0
    for number, line in enumerate(folder.lines(NAME), 1):
        size_bytes += len(line)
        fields = _sound(where, number, line)
        if number == 1:
            generation = check_header(where, fields)["generation"]
            _set_places(state, fields["places"])
        elif "records" in fields:
            ended = fields["records"] == records
        else:
            _apply(where, number, state, fields)
            records += 1
    if not ended:
        raise damaged(where, number, "lines are missing before its end")
    return generation, size_bytes


def _fill(file: File, state: State, generation: int) -> int:
    """Write header, rows and end."""
    places = {name: table.last_place for name, table in state.tables.items()}
    header = {"format": lines.FORMAT, "version": lines.VERSION, "generation": generation, "places": places}
    waiting = bytearray(lines.encode(header))
    size_bytes = records = 0
    for name, table in state.tables.items():
        for row in table.rows.values():
            waiting += lines.encode({"table": name, **table.layout.encode(row)})
            records += 1
            if len(waiting) > _CHUNK_BYTES:
                file.write(bytes(waiting))
                size_bytes += len(waiting)
                waiting.clear()
    waiting += lines.encode({"records": records})
    file.write(bytes(waiting))
    return size_bytes + len(waiting)


def _sound(where: str, number: int, line: bytes) -> dict[str, Any]:
    """The fields of a line that is as it was written."""
    fields = lines.decode(line)
    if fields is None:
        raise damaged(where, number, "it is not as it was written (its checksum differs)")
    return fields


def _set_places(state: State, places: dict[str, int]) -> None:
    """Go on giving out places where it was left."""
    for name, place in places.items():
        state.tables[name].last_place = place


def _apply(where: str, number: int, state: State, record: dict[str, Any]) -> None:
    """Keep one row."""
    try:
        state.apply(record)
    except (KeyError, ValueError) as error:
        raise damaged(where, number, f"it fits nowhere: {error}") from error
