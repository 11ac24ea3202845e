"""How the local provider misbehaves when it is told to: once, by a test, or by a word in the prompt."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from botflight_service.provider.interface import AnswerLost, ProviderError, ProviderRefused, ProviderUnavailable

#: Plans beyond this are a mistake of whoever makes them.
_MOST_PLANS: Final = 10_000
_SLOW: Final = 4.0


class Fate(StrEnum):
    """How a job that was taken goes on."""

    WELL = "well"
    FAIL = "fail"
    HANG = "hang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mischief:
    """What happens to one submission. By default: nothing bad."""

    fate: Fate = Fate.WELL
    #: Why the job fails, as a stable code.
    failure: str = ""
    #: Raised in place of the job's id, after the job was taken or without.
    error: ProviderError | None = None
    taken: bool = True
    #: How many times as long it takes.
    slowness: float = 1.0


WELL_BEHAVED: Final = Mischief()

#: What a word in the prompt brings about, where directives are on.
DIRECTIVES: Final[Mapping[str, Mischief]] = {
    "[fail]": Mischief(fate=Fate.FAIL, failure="generation_failed"),
    "[hang]": Mischief(fate=Fate.HANG),
    "[lose]": Mischief(error=AnswerLost("answer_lost")),
    "[slow]": Mischief(slowness=_SLOW),
}


class Plans:
    """Mischief for the next submissions, one each, in order."""

    def __init__(self) -> None:
        self._next: deque[Mischief] = deque()

    def add(self, mischief: Mischief, times: int) -> None:
        """Plan the same for the next `times` submissions that have no plan yet."""
        if not 0 < times <= _MOST_PLANS - len(self._next):
            raise ValueError(f"1 to {_MOST_PLANS} plans at a time")
        self._next.extend([mischief] * times)

    def take(self) -> Mischief | None:
        """The plan for this submission."""
        return self._next.popleft() if self._next else None


def failing(code: str) -> Mischief:
    """The job is taken and ends as failed."""
    return Mischief(fate=Fate.FAIL, failure=code)


def hanging() -> Mischief:
    """The job is taken and never ends."""
    return Mischief(fate=Fate.HANG)


def losing_the_answer(*, taken: bool) -> Mischief:
    """The call goes out and no answer comes; the job may have been taken."""
    return Mischief(error=AnswerLost("answer_lost"), taken=taken)


def refusing(code: str) -> Mischief:
    """Nothing is taken, for good."""
    return Mischief(error=ProviderRefused(code), taken=False)


def being_unavailable() -> Mischief:
    """Nothing is taken this time."""
    return Mischief(error=ProviderUnavailable("unavailable"), taken=False)


def directed(inputs: Mapping[str, str]) -> Mischief:
    """What the words of the inputs ask for."""
    text = " ".join(inputs.values()).lower()
    return next((mischief for word, mischief in DIRECTIVES.items() if word in text), WELL_BEHAVED)
