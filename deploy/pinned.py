"""What an installation needs of the lock: `python deploy/pinned.py service otlp > service.lock`.

Prints the lines of requirements.lock, hashes included, for what the base, the named extras and all that these need in
turn ask for. `--only NAME` asks for a package of the lock by its name instead, such as the one that builds the wheel.
"""

# ruff: noqa: INP001 - a script, no part of a package

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parent.parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VIA = re.compile(r"#\s+(?:via )?([A-Za-z0-9._-]+)")
#: Ourselves, whose extras name each other.
_SELF = re.compile(r"botflight\[([^\]]+)\]")


class Pin(NamedTuple):
    """A package of the lock."""

    name: str
    text: str
    #: Who needs it, by name.
    needed_by: frozenset[str]


def pins(lock: str) -> list[Pin]:
    """The packages of a lock: each begins at the start of a line, its hashes and its `# via` follow."""
    found = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        if name := _NAME.match(block):
            lines = block.splitlines()
            needed_by = {told[1] for line in lines if (told := _VIA.match(line.strip())) and told[1] != "via"}
            text = "\n".join(line for line in lines if not line.strip().startswith("#"))
            found.append(Pin(_plain(name[0]), text, frozenset(map(_plain, needed_by))))
    return found


def asked_for(project: dict[str, object], extras: list[str]) -> Iterator[str]:
    """The names that the base and the extras ask for. Raises KeyError for an extra that there is not."""
    for requirement in project["dependencies"]:  # type: ignore[attr-defined]
        yield _plain(_NAME.match(requirement)[0])  # type: ignore[index]
    for extra in extras:
        for requirement in project["optional-dependencies"][extra]:  # type: ignore[index]
            if ours := _SELF.match(requirement):
                yield from asked_for(project, ours[1].split(","))
            else:
                yield _plain(_NAME.match(requirement)[0])  # type: ignore[index]


def closed(known: list[Pin], wanted: set[str]) -> list[Pin]:
    """These and all that they need in turn. Raises KeyError for one that the lock lacks."""
    missing = wanted - {pin.name for pin in known}
    if missing:
        raise KeyError(", ".join(sorted(missing)))
    while more := {pin.name for pin in known if pin.name not in wanted and pin.needed_by & wanted}:
        wanted = wanted | more
    return [pin for pin in known if pin.name in wanted]


def _plain(name: str) -> str:
    """A name as packages are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Print the lines."""
    parser = argparse.ArgumentParser(prog="python deploy/pinned.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("extras", nargs="*")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    asked = parser.parse_args()
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    known = pins((_ROOT / "requirements.lock").read_text())
    try:
        wanted = set(map(_plain, asked.only)) or set(asked_for(project, asked.extras))
        found = closed(known, wanted)
    except KeyError as missing:
        sys.stderr.write(f"neither an extra nor in the lock: {missing.args[0]}\n")
        return 2
    sys.stdout.write("\n".join(pin.text for pin in found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
