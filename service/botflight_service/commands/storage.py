"""`botflight storage`: a store as a file and back, its invariants, its schema."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from botflight_service.commands import page
from botflight_service.commands.progress import Progress
from botflight_service.config import Settings
from botflight_service.storage.archive import read_archive, write_archive
from botflight_service.storage.interface import Storage, StorageError
from botflight_service.storage.open import open_storage

_ABOUT = """\
Work on the store that DATABASE_URL names. End the service first where the store is a file: a file
is for one process at a time.

An archive is JSON Lines with a checksum on each line and a digest at its end: what is damaged is
found, named and never imported. A round trip changes nothing."""

_EPILOG = """\
examples:
  botflight storage export backup.jsonl
  botflight storage export - | zstd > backup.jsonl.zst
  DATABASE_URL=sqlite:new.sqlite botflight storage import backup.jsonl
  botflight storage check
  botflight storage migrate

exit codes: 0 done (check: all invariants hold); 1 check found violations; 2 the store or the file cannot be used."""

EXIT_VIOLATED = 1
_STANDARD = Path("-")

#: Does its part on the open store and gives the exit code.
Task = Callable[[Storage], Awaitable[int]]


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    options = _parser().parse_args(arguments)
    task: Task = options.task(options)
    return page.with_settings("storage", lambda settings: _done(settings, task))


def _parser() -> argparse.ArgumentParser:
    parser = page.parser("storage", _ABOUT, _EPILOG)
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write everything to a file", description=_EXPORT)
    export.add_argument("file", type=Path, help="the archive to write; - for standard output")
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    export.set_defaults(task=lambda options: _export(options.file, replace=options.force))
    load = actions.add_parser("import", help="fill an empty store from a file", description=_IMPORT)
    load.add_argument("file", type=Path, help="the archive to read; - for standard input")
    load.set_defaults(task=lambda options: _import(options.file))
    check = actions.add_parser("check", help="recompute every invariant", description=_CHECK)
    check.set_defaults(task=lambda _: _check)
    migrate = actions.add_parser("migrate", help="bring the schema up to date", description=_MIGRATE)
    migrate.set_defaults(task=lambda _: _migrate)
    return parser


_EXPORT = "Write everything that the store holds, as of one commit, to a file that appears once it is whole."
_IMPORT = "Fill an empty store from an archive, all or nothing. What is damaged is named by its line."
_CHECK = "Recompute every invariant from the entries: sums, balances, holds, attempts. Exit code 1 where one is broken."
_MIGRATE = "Bring the schema up to date. `serve` and `polling` do so at their start; here it can be done before."


def _done(settings: Settings, task: Task) -> int:
    try:
        return asyncio.run(_with_store(settings, task))
    except StorageError as error:
        return page.refused(str(error))


async def _with_store(settings: Settings, task: Task) -> int:
    storage = open_storage(settings.database_url.get_secret_value(), clock=lambda: time.time_ns() // 1_000_000)
    await storage.open()
    try:
        return await task(storage)
    finally:
        await storage.close()


def _export(file: Path, *, replace: bool) -> Task:
    in_the_way = file != _STANDARD and file.exists() and not replace

    async def export(storage: Storage) -> int:
        if in_the_way:
            return page.refused(f"{file} is there already: name another file, or add --force")
        with _archive_to(file) as path, Progress(sys.stderr, "records") as progress:
            records = await write_archive(storage, path, progress)
        sys.stderr.write(f"{records} records exported\n")
        return page.EXIT_OK

    return export


def _import(file: Path) -> Task:
    async def load(storage: Storage) -> int:
        with _archive_from(file) as path, Progress(sys.stderr, "reading") as progress:
            records = await read_archive(storage, path, progress)
        sys.stderr.write(f"{records} records imported\n")
        return page.EXIT_OK

    return load


async def _check(storage: Storage) -> int:
    violations = await storage.violations()
    for violation in violations:
        page.say(f"- {violation}")
    page.say(f"{len(violations)} violations" if violations else "every invariant holds")
    return EXIT_VIOLATED if violations else page.EXIT_OK


async def _migrate(storage: Storage) -> int:
    del storage  # opening it has migrated it
    page.say("the schema is up to date")
    return page.EXIT_OK


@contextlib.contextmanager
def _archive_to(file: Path) -> Iterator[Path]:
    """Where to write the archive; it goes to standard output once it is whole, where that was asked for."""
    if file != _STANDARD:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="botflight-export-") as folder:
        path = Path(folder) / "archive.jsonl"
        yield path
        with path.open("rb") as archive:
            shutil.copyfileobj(archive, sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def _archive_from(file: Path) -> Iterator[Path]:
    """Where to read the archive; standard input is copied first, for the digest stands at the end."""
    if file != _STANDARD:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="botflight-import-") as folder:
        path = Path(folder) / "archive.jsonl"
        with path.open("wb") as archive:
            shutil.copyfileobj(sys.stdin.buffer, archive)
        yield path
