"""What a preflight found: values, and the JSON that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from botflight_diagnostics.findings import FindingSpec, Severity


class Status(StrEnum):
    """Of a section: `SKIPPED` says that a section which it needs failed."""

    OK = "OK"
    DEGRADED = "DEGRADED"
    FAIL = "FAIL"
    SKIPPED = "SKIPPED"


class Result(StrEnum):
    """Of the whole: the worst of its sections."""

    READY = "READY"
    DEGRADED = "DEGRADED"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it should be, as a check saw it."""

    code: str
    observed: object
    expected: object
    affected_count: int = 1
    #: A few of what is affected, masked.
    sample: tuple[str, ...] = ()
    #: What is worse when it is more, where that is not the number of what is affected.
    size: int | None = None

    @property
    def extent(self) -> int:
        """How bad it is; a mute covers it up to where it was."""
        return self.affected_count if self.size is None else self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check tells: a line for people, values for machines, and what it found."""

    details: str
    meta: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class TransientError(Exception):
    """A check failed in a way that may pass by itself: the runner tries again within the section's deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A finding that is known and shall not count for a while."""

    code: str
    #: Milliseconds since 1970.
    until_ms: int
    reason: str
    #: It counts again when its extent is more than this.
    up_to: int
    #: Milliseconds since 1970.
    set_at_ms: int

    def covers(self, finding: Finding, *, now_ms: int) -> bool:
        """Whether `finding` does not count now."""
        return self.holds(now_ms=now_ms) and finding.code == self.code and finding.extent <= self.up_to

    def holds(self, *, now_ms: int) -> bool:
        """Whether its end is still to come."""
        return now_ms < self.until_ms

    def payload(self) -> dict[str, Any]:
        """Write it for machines."""
        return {
            "code": self.code,
            "until_ms": self.until_ms,
            "reason": self.reason,
            "up_to": self.up_to,
            "set_at_ms": self.set_at_ms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A finding with what the catalogue knows of it."""

    finding: Finding
    spec: FindingSpec
    muted: bool = False

    def payload(self) -> dict[str, Any]:
        """Write it for machines."""
        return {
            "code": self.spec.code,
            "severity": self.spec.severity.value,
            "observed": self.finding.observed,
            "expected": self.finding.expected,
            "affected_count": self.finding.affected_count,
            "sample": list(self.finding.sample),
            "impact": self.spec.impact,
            "how_to_fix": self.spec.how_to_fix,
            "runbook": self.spec.runbook,
            "muted": self.muted,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionReport:
    """The end of one section."""

    name: str
    details: str
    meta: Mapping[str, object]
    latency_ms: float
    #: Tries of the check; 0 when it was skipped.
    attempts: int
    judged: tuple[Judged, ...] = ()
    skipped: bool = False

    @property
    def status(self) -> Status:
        """The worst of the findings that count."""
        if self.skipped:
            return Status.SKIPPED
        severities = {judged.spec.severity for judged in self.judged if not judged.muted}
        if Severity.CRITICAL in severities:
            return Status.FAIL
        return Status.DEGRADED if severities else Status.OK

    def payload(self) -> dict[str, Any]:
        """Write it for machines; the worst finding stands in the section itself, all of them in `findings`."""
        worst = min(self.judged, key=_badness, default=None)
        told = worst.payload() if worst else {}
        return {
            "status": self.status.value,
            "details": self.details,
            "meta": {**self.meta, "latency_ms": round(self.latency_ms, 1), "lat_ms": round(self.latency_ms, 1)},
            "attempts": self.attempts,
            **{name: told[name] for name in _OF_THE_WORST if name in told},
            "findings": [judged.payload() for judged in self.judged],
        }


_OF_THE_WORST = ("code", "observed", "expected", "affected_count", "sample", "impact", "runbook")


def _badness(judged: Judged) -> tuple[bool, bool]:
    return (judged.muted, judged.spec.severity is not Severity.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The end of a preflight."""

    sections: tuple[SectionReport, ...]
    #: Milliseconds since 1970.
    started_at_ms: int
    duration_ms: float
    #: Those that hold, whether what they are for was found or not.
    mutes: tuple[Mute, ...] = ()

    @property
    def result(self) -> Result:
        """The worst of the sections; beside one that is skipped there is always one that failed."""
        statuses = {section.status for section in self.sections}
        if Status.FAIL in statuses:
            return Result.FAIL
        return Result.DEGRADED if Status.DEGRADED in statuses else Result.READY

    @property
    def judged(self) -> tuple[Judged, ...]:
        """All that was found, in the order of the sections."""
        return tuple(judged for section in self.sections for judged in section.judged)

    @property
    def counted(self) -> tuple[Judged, ...]:
        """The findings that count."""
        return tuple(judged for judged in self.judged if not judged.muted)

    @property
    def muted(self) -> tuple[Judged, ...]:
        """The findings that are there and do not count."""
        return tuple(judged for judged in self.judged if judged.muted)

    @property
    def how_to_fix(self) -> tuple[str, ...]:
        """What to do, the worst first, each once."""
        ranked: Sequence[Judged] = sorted(self.counted, key=_badness)
        return tuple(dict.fromkeys(f"{judged.spec.code}: {judged.spec.how_to_fix}" for judged in ranked))

    def payload(self, *, age_ms: float = 0) -> dict[str, Any]:
        """Write all of it for machines; `age_ms` is how long ago it was found."""
        return {
            "sections": {section.name: section.payload() for section in self.sections},
            "result": self.result.value,
            "how_to_fix": list(self.how_to_fix),
            "mutes": [mute.payload() for mute in self.mutes],
            "started_at_ms": self.started_at_ms,
            "duration_ms": round(self.duration_ms, 1),
            "age_ms": round(age_ms),
        }

    def summary(self, *, age_ms: float = 0) -> dict[str, Any]:
        """Write what anybody may know."""
        return {
            "sections": {section.name: {"status": section.status.value} for section in self.sections},
            "result": self.result.value,
            "age_ms": round(age_ms),
        }
