"""A job of the local provider, and how it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.provider.mischief import Fate

#: A job that hangs is let go after a day, as real providers do.
HUNG_MS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. Where it stands follows from the clock alone."""

    job_id: str
    token: str
    model: str
    kind: ResultKind
    inputs: Mapping[str, str]
    #: The names of the inputs that are files; each lies on the shelf.
    files: tuple[str, ...]
    fate: Fate
    failure: str
    suffix: str
    runs_at_ms: int
    ends_at_ms: int

    @property
    def output(self) -> str:
        """The name of its file on the shelf."""
        return f"{self.job_id}.out{self.suffix}"

    @property
    def artifact(self) -> Artifact:
        """What the outside knows its file by."""
        return Artifact(kind=self.kind, reference=self.output, file_name=f"{self.model}-{self.job_id[:6]}{self.suffix}")

    def input(self, name: str) -> str:
        """The name on the shelf of the file that was given as the input `name`."""
        return f"{self.job_id}.in.{self.files.index(name)}"

    def has_ended(self, now_ms: int) -> bool:
        """Whether nothing more comes of it."""
        return now_ms >= self.ends_at_ms + (HUNG_MS if self.fate is Fate.HANG else 0)

    def recorded(self) -> dict[str, Any]:
        """The job as JSON can hold it."""
        return asdict(self)


def job_of(record: Mapping[str, Any]) -> Job | None:
    """The job that was written down; None where the record is of another version."""
    try:
        return Job(
            **{
                **record,
                "kind": ResultKind(record["kind"]),
                "fate": Fate(record["fate"]),
                "files": tuple(record["files"]),
            }
        )
    except (KeyError, TypeError, ValueError):
        return None
