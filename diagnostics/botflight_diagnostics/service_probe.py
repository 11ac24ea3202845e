"""What the service preflight asks of a service: facts that are at hand, so that none of the questions waits."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramFacts:
    """How Telegram sees the bots of this process, as it said when it was last asked."""

    #: How long ago Telegram last answered for each; None before the first answers.
    answer_age_ms: int | None = None
    #: How long it has been asked in vain; None where its last answers came.
    silent_ms: int | None = None
    bots: int = 1
    #: Those whose updates do not go where they should, by masked names: to our webhook, or to none where they are
    #: fetched.
    strayed: tuple[str, ...] = ()
    #: Updates that wait at Telegram.
    pending: int = 0
    #: How long ago Telegram last failed to deliver; None where it never did.
    last_error_age_ms: int | None = None
    #: Telegram's own words for that.
    last_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """What waits in memory to be worked on."""

    waiting: int
    #: Beyond this nothing more is taken.
    most: int
    #: How long the oldest has been waiting; 0 where nothing does.
    oldest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """How the provider of generations did within the last minutes."""

    name: str
    #: The time that the counts are of.
    window_ms: int
    calls: int
    #: Calls that failed at the provider's end, or whose answer never came.
    failed: int
    submits: int
    #: Submissions that the provider refused for good.
    refused: int
    #: What is left, in the provider's own units; None where nothing is paid beforehand or it is not known.
    credit: float | None = None
    #: Less than this is little.
    credit_low: float = 0


class ServiceProbe(Protocol):
    """A service's answers to the service preflight; each is given at once, from what is at hand."""

    async def telegram(self) -> TelegramFacts:
        """How Telegram sees the bots."""

    async def updates(self) -> QueueFacts:
        """The updates that are not done."""

    async def outbox(self) -> QueueFacts:
        """The messages that are not sent."""

    async def provider(self) -> ProviderFacts:
        """How the provider did."""
