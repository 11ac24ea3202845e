"""An entry of the log: the facts of one run, and the status that follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botflight_harness.evidence.changelog import Change
from botflight_harness.evidence.record import FAILED, PASSED, SKIPPED, Record

Status = Literal["STOP", "CONTINUE"]


@dataclass(frozen=True, slots=True)
class Preflight:
    """The runtime line of the preflight on a fresh store, and its verdict."""

    payload: Mapping[str, Any]
    result: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything that the log tells about one run."""

    #: UTC, ISO 8601.
    date: str
    commit: str
    #: Files that differ from the commit, the log aside.
    uncommitted: Sequence[str]
    scope: Sequence[str]
    command: str
    exit_code: int
    #: Wall clock of the whole process.
    duration_s: float
    requires_kernel: bool
    record: Record
    release: str
    changes: Sequence[Change]
    preflight: Preflight | None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Entry":
        """Make an entry of plain values, as `values()` gives them."""
        preflight = values["preflight"]
        plain = {name: value for name, value in values.items() if name not in {"status", "blockers"}}
        made = {
            "record": Record.of(values["record"]),
            "changes": tuple(Change(**{**found, "proofs": tuple(found["proofs"])}) for found in values["changes"]),
            "preflight": None if preflight is None else Preflight(**preflight),
        }
        return cls(**{**plain, **made})

    def values(self) -> dict[str, Any]:
        """The entry as plain values, with its status and what stands in the way."""
        return {**asdict(self), "status": self.status, "blockers": self.blockers}

    @property
    def status(self) -> Status:
        """STOP when the release has all its evidence: nothing more is to be done. CONTINUE otherwise."""
        return "CONTINUE" if self.blockers else "STOP"

    @property
    def blockers(self) -> list[str]:
        """What stands in the way of a release."""
        return [*self._of_the_run(), *self._of_the_proofs(), *self._of_the_network(), *self._of_the_rest()]

    def _of_the_run(self) -> list[str]:
        record = self.record
        found = [f"exit code {self.exit_code}"] if self.exit_code else []
        found += [f"{record.count(FAILED)} failed"] if record.count(FAILED) else []
        return found + ([] if record.count(PASSED) else ["no test passed"])

    def _of_the_proofs(self) -> list[str]:
        keys = self.record.key_assertions
        found = [] if keys else ["no test is marked as a key assertion"]
        found += [f"key assertion {key.outcome}: {key.test}" for key in keys if key.outcome != PASSED]
        found += [] if self.changes else [f"no change is listed under {self.release}"]
        outcomes = {proof: self.record.outcome_of(proof) for change in self.changes for proof in change.proofs}
        return found + [f"proof {outcome}: {proof}" for proof, outcome in outcomes.items() if outcome != PASSED]

    def _of_the_network(self) -> list[str]:
        network = self.record.network
        if network is None:
            return ["nothing watched the network"]
        found = [f"{network.attempts} attempts to reach a network"] if network.attempts else []
        if self.requires_kernel and not network.has_kernel:
            found.append("the kernel layer was required and is not in the network line")
        return found

    def _of_the_rest(self) -> list[str]:
        found = [f"uncommitted: {', '.join(self.uncommitted)}"] if self.uncommitted else []
        if self.preflight is not None and (self.preflight.exit_code or self.preflight.result != "READY"):
            found.append(f"preflight: {self.preflight.result} (exit code {self.preflight.exit_code})")
        return found


def skipped(record: Record) -> list[str]:
    """The reasons of skipped tests with their numbers, the most frequent first."""
    reasons = sorted(record.skip_reasons.items(), key=lambda found: (-found[1], found[0]))
    return [f"{number}: {reason}" for reason, number in reasons] if record.count(SKIPPED) else []
