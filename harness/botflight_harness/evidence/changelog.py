"""The changes of a release, read from a changelog that keeps to keepachangelog.com and names its proofs.

An item is `- **Area**: Change. Risk: what could go wrong. Proof: tests/test_a.py::test_b, tests/test_c.py::test_d.`
The area may be left out; the heading above (Added, Fixed) stands for it then. Items may go over several lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

UNRELEASED = "Unreleased"
_SECTION = re.compile(r"^## \[?(?P<name>[^\]\s]+)\]?(?: - \d{4}-\d{2}-\d{2})?\s*$")
_HEADING = re.compile(r"^### (?P<name>\w+)\s*$")
_HEADINGS = frozenset({"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"})
_ITEM = re.compile(
    r"^(?:\*\*(?P<area>[^*]+?):?\*\*:?\s+)?(?P<change>.+?)\s+Risk:\s+(?P<risk>.+?)\s+Proof:\s+(?P<proofs>.+?)\.?$"
)
#: A comma within the brackets of a parameter parts nothing.
_BETWEEN_PROOFS = re.compile(r",\s+(?![^\[]*\])")
_TEST_ID = re.compile(r"^[\w./-]+\.py(?:::[\w]+)*::\w+(?:\[[^\]]*\])?$")


class ChangelogInvalid(Exception):
    """The changelog cannot be read as one; the text gives the line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change with what it guards against and the tests that prove it."""

    area: str
    risk: str
    change: str
    proofs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    line: int
    heading: str
    text: str


def changes(text: str, *, release: str | None = None) -> tuple[str, list[Change]]:
    """Read a section and return its name and its changes.

    `release` names it; without it that is Unreleased if anything is in there, else the newest version.
    Raises ChangelogInvalid.
    """
    sections = _sections(text)
    if not sections:
        raise ChangelogInvalid("no section: a line like `## [Unreleased]` or `## [0.1.0] - 2026-11-24` is needed")
    name = release or next((name for name, items in sections.items() if items), next(iter(sections)))
    if name not in sections:
        raise ChangelogInvalid(f"no section {name}; there are: {', '.join(sections)}")
    return name, [_change(item) for item in sections[name]]


def _sections(text: str) -> dict[str, list[_Item]]:
    sections: dict[str, list[_Item]] = {}
    current: list[_Item] | None = None
    heading = ""
    for number, line in _logical_lines(text):
        if found := _SECTION.match(line):
            current = sections.setdefault(found["name"], [])
            heading = ""
        elif line.startswith("## "):
            raise ChangelogInvalid(f"line {number}: {line!r} is not `## [version] - YYYY-MM-DD`")
        elif found := _HEADING.match(line):
            heading = _known(found["name"], number)
        elif line.startswith("- ") and current is not None:
            if not heading:
                raise ChangelogInvalid(f"line {number}: an item needs a heading above it, such as `### Added`")
            current.append(_Item(line=number, heading=heading, text=line[2:].strip()))
    return sections


def _known(heading: str, number: int) -> str:
    if heading not in _HEADINGS:
        raise ChangelogInvalid(f"line {number}: {heading!r} is none of {', '.join(sorted(_HEADINGS))}")
    return heading


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Join an item's indented lines to its first."""
    start, gathered = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if gathered.startswith("- ") and line.startswith("  ") and line.strip():
            gathered += " " + line.strip()
            continue
        if gathered:
            yield start, gathered
        start, gathered = number, line.rstrip()
    if gathered:
        yield start, gathered


def _change(item: _Item) -> Change:
    found = _ITEM.match(item.text)
    if found is None:
        raise ChangelogInvalid(f"line {item.line}: {_what_is_missing(item.text)}: {_short(item.text)}")
    proofs = tuple(proof.strip().strip("`") for proof in _BETWEEN_PROOFS.split(found["proofs"]))
    wrong = [proof for proof in proofs if not _TEST_ID.match(proof)]
    if wrong:
        raise ChangelogInvalid(f"line {item.line}: {wrong[0]!r} is no test id like tests/test_a.py::test_b")
    return Change(area=found["area"] or item.heading, risk=found["risk"], change=found["change"], proofs=proofs)


def _what_is_missing(text: str) -> str:
    for word in ("Risk:", "Proof:"):
        if word not in text:
            return f"the item has no `{word}`"
    return "the item is not `Change. Risk: ... Proof: ...` in this order"


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def all_proofs(found: Sequence[Change]) -> list[str]:
    """The test ids, each once."""
    return list(dict.fromkeys(proof for change in found for proof in change.proofs))
