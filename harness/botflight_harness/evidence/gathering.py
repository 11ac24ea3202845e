"""One run, with everything that belongs to its entry gathered around it."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from botflight_harness.evidence import repository
from botflight_harness.evidence.changelog import changes
from botflight_harness.evidence.entry import Entry, Preflight
from botflight_harness.evidence.record import Record

_RECORDER = "botflight_harness.evidence.recorder"
_NO_ANSWER = "NO ANSWER"
_FOLDER = "{folder}"
_PREFLIGHT_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Order:
    """What to run and what to look at.

    `preflight` is a command that prints JSON; `{folder}` in it stands for an empty folder.
    """

    folder: Path
    command: Sequence[str]
    changelog: Path
    log: Path
    scope: Sequence[str] = ()
    release: str | None = None
    preflight: str | None = None
    requires_kernel: bool = False


def gather(order: Order) -> Entry:
    """Run the tests and tell what came of it; their output goes where this process's goes.

    Raises ChangelogInvalid and RepositoryError before anything runs, and RecordMissing.
    """
    release, found = changes(order.changelog.read_text("utf-8"), release=order.release)
    commit = repository.head(order.folder)
    uncommitted = repository.uncommitted(order.folder, but=[order.log.name])
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "record.json"
        began_s = time.monotonic()
        code = subprocess.run(_command(order, path), cwd=order.folder, check=False).returncode  # noqa: S603 - as asked
        duration_s = time.monotonic() - began_s
        return Entry(
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            commit=commit,
            uncommitted=uncommitted,
            scope=order.scope,
            command=shlex.join(order.command),
            exit_code=code,
            duration_s=round(duration_s, 2),
            requires_kernel=order.requires_kernel,
            record=Record.read(path),
            release=release,
            changes=found,
            preflight=_preflight(order),
        )


def _command(order: Order, path: Path) -> list[str]:
    required = ["--require", "kernel"] if order.requires_kernel else []
    guarded = [sys.executable, "-m", "botflight_harness.network", *required, "--", *order.command]
    packages = [word for name in _own_packages(order.folder) for word in ("--evidence-package", name)]
    return [*guarded, "-p", _RECORDER, "--evidence-record", str(path), *packages]


def _own_packages(folder: Path) -> list[str]:
    pyproject = folder / "pyproject.toml"
    if not pyproject.exists():
        return []
    name = tomllib.loads(pyproject.read_text("utf-8")).get("project", {}).get("name")
    return [name] if name else []


def _preflight(order: Order) -> Preflight | None:
    if order.preflight is None:
        return None
    with tempfile.TemporaryDirectory() as fresh:
        words = [word.replace(_FOLDER, fresh) for word in shlex.split(order.preflight)]
        ended = subprocess.run(  # noqa: S603 - as asked
            words,
            cwd=order.folder,
            env=dict(os.environ),
            capture_output=True,
            check=False,
            timeout=_PREFLIGHT_TIMEOUT_S,
        )
    try:
        payload = orjson.loads(ended.stdout)
    except orjson.JSONDecodeError:
        payload = {}
    return Preflight(payload=payload, result=str(payload.get("result", _NO_ANSWER)), exit_code=ended.returncode)
