"""What one run of pytest was, as its recorder wrote it down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

PASSED = "passed"
FAILED = "failed"
SKIPPED = "skipped"


class RecordMissing(Exception):
    """The run ended before it could be written down; the text says where to look."""


@dataclass(frozen=True, slots=True)
class Network:
    """The guard's own words, whether the kernel helped, and how many attempts were blocked."""

    line: str
    has_kernel: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class KeyAssertion:
    """A test that a release stands on, and what it promises in words."""

    test: str
    words: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Record:
    """The run of one session: the outcome of each test by its id, and what it ran with."""

    collected: int
    outcomes: Mapping[str, str]
    #: How many tests were skipped for which reason.
    skip_reasons: Mapping[str, int]
    key_assertions: Sequence[KeyAssertion]
    versions: Mapping[str, str]
    network: Network | None

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read what the recorder wrote. Raises RecordMissing."""
        try:
            return cls.of(orjson.loads(path.read_bytes()))
        except FileNotFoundError:
            raise RecordMissing("pytest ended before it wrote down what it did; its output says why") from None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Record":
        """Make a record of plain values."""
        network = values["network"]
        return cls(
            **{
                **values,
                "key_assertions": tuple(KeyAssertion(**found) for found in values["key_assertions"]),
                "network": None if network is None else Network(**network),
            }
        )

    def count(self, outcome: str) -> int:
        """How many tests ended so."""
        return sum(found == outcome for found in self.outcomes.values())

    def outcome_of(self, test: str) -> str:
        """The outcome of a test id; of a parametrized one the worst, and `missing` of one that did not run."""
        found = {
            outcome
            for name, outcome in self.outcomes.items()
            if name == test or name.startswith((f"{test}[", f"{test}::"))
        }
        return next((outcome for outcome in (FAILED, SKIPPED, PASSED) if outcome in found), "missing")
