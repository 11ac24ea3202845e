"""The door to whoever makes the pictures: what is asked of a provider, and how it may fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from botflight_service.generation.attempts import Artifact, ResultKind


class ProviderError(Exception):
    """A call to the provider went wrong. `code` is stable and goes to logs and to the attempt, the text does not.

    `alarm` is the provider's own word (such as `402`) where somebody has to act before calls go well again.
    """

    def __init__(self, code: str, detail: str = "", *, alarm: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.alarm = alarm


class ProviderRefused(ProviderError):
    """The provider took nothing and never will: settle the attempt as failed."""


class ProviderUnavailable(ProviderError):
    """The provider certainly took nothing this time: the same call may be tried again later."""


class NotNow(ProviderUnavailable):
    """No call was made: others wait for their turn already. That is no failing of the provider's."""


class AnswerLost(ProviderError):
    """The call went out and no answer came: it may have been taken. Never submit it again."""


class JobState(StrEnum):
    """Where a job stands with the provider."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A provider's word on a job: an artifact on success, a stable code on failure."""

    state: JobState
    artifact: Artifact | None = None
    failure: str | None = None
    #: The token of the request that the job came of, where the provider repeats it.
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """What the provider itself calls its operations: the names of spans, lines and metrics."""

    submit: str = "submit"
    query: str = "query"
    fetch: str = "fetch"
    credit: str = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """What to make."""

    #: Ties whatever the provider says later to the attempt, even when the answer to the submission is lost.
    token: str
    #: A key of the catalogue.
    model: str
    kind: ResultKind
    #: The answers to the model's inputs, by name.
    inputs: Mapping[str, str]
    #: The bytes of those inputs that are files, by name.
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hint:
    """Something happened to a job: ask for its status. Only ever a hint; `Provider.query` is the truth."""

    token: str
    job_id: str


class Provider(Protocol):
    """Makes files from prompts. Every method has a time limit of its own and raises ProviderError."""

    #: A short name for metrics and logs.
    name: str
    operations: Operations

    async def submit(self, request: GenerationRequest) -> str:
        """Hand a job in; its id. Raises ProviderRefused, ProviderUnavailable or AnswerLost."""
        ...

    async def query(self, job_id: str, *, routine: bool = False) -> JobStatus:
        """Where a job stands. Raises ProviderUnavailable, or ProviderRefused where it knows no such job.

        A `routine` question is one that comes again by itself, without a hint that anything has happened: where there
        are more questions than turns it gives way, and raises NotNow.
        """
        ...

    async def fetch(self, artifact: Artifact) -> bytes:
        """The finished file. Raises ProviderUnavailable, or ProviderRefused when it is gone."""
        ...

    def subscribe(self, listener: Callable[[Hint], None]) -> None:
        """Have `listener` called with every hint, on the event loop."""
        ...

    def resume(self) -> None:
        """Go on with what an earlier run of the service left, once there are listeners for its hints."""
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...


@runtime_checkable
class Accounted(Protocol):
    """A provider whose work is paid from an account of ours, beside what every provider can."""

    async def credit(self) -> float:
        """What is left on the account, in the provider's own credits. Raises ProviderUnavailable or ProviderRefused."""
        ...
