"""Faults for the next calls of a method, in one line each. One that was never used fails the test."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from botflight_harness.telegram.errors import AnswerLost, Loss, Refusal, too_many_requests

When = Literal["before", "after"]

#: In the place of a method's name: whatever is called.
ANY = "*"


@dataclass(slots=True)
class Fault:
    """What is to go wrong, and how often still."""

    method: str
    chat_id: int | None
    when: When
    error: Refusal | AnswerLost
    left: int
    hits: int = 0

    def matches(self, method: str, parameters: Mapping[str, Any]) -> bool:
        """Tell whether the call is one that this fault is for."""
        if self.left == 0 or self.method.lower() not in {ANY, method.lower()}:
            return False
        return self.chat_id is None or str(parameters.get("chat_id")) == str(self.chat_id)

    def __str__(self) -> str:
        where = "" if self.chat_id is None else f" in chat {self.chat_id}"
        return f"{self.method}{where}: {self.error} ({self.when} the effect), {self.left} left, {self.hits} hit"


@dataclass(slots=True)
class Faults:
    """The faults that wait for their calls. The method "*" stands for every method."""

    _faults: list[Fault] = field(default_factory=list)

    def refuse(self, method: str, refusal: Refusal, *, times: int = 1, chat_id: int | None = None) -> Fault:
        """Refuse the next `times` calls with `refusal`; nothing happens in the chat."""
        return self._add(method, chat_id, "before", refusal, times)

    def flood(self, method: str, *, retry_after_s: int = 1, times: int = 1, chat_id: int | None = None) -> Fault:
        """Answer the next `times` calls with 429 and the seconds to wait; nothing happens in the chat."""
        return self._add(method, chat_id, "before", too_many_requests(retry_after_s), times)

    def lose_call(self, method: str, *, how: Loss = "reset", times: int = 1, chat_id: int | None = None) -> Fault:
        """Lose the next `times` calls on their way: nothing happens in the chat, the bot gets no answer."""
        return self._add(method, chat_id, "before", AnswerLost(method, how=how), times)

    def lose_answer(self, method: str, *, how: Loss = "timeout", times: int = 1, chat_id: int | None = None) -> Fault:
        """Do what the next `times` calls ask, and lose the answer: the bot cannot know that it was done."""
        return self._add(method, chat_id, "after", AnswerLost(method, how=how), times)

    def _add(self, method: str, chat_id: int | None, when: When, error: Refusal | AnswerLost, times: int) -> Fault:
        if times < 1:
            raise ValueError(f"a fault that happens {times} times is none")
        fault = Fault(method, chat_id, when, error, times)
        self._faults.append(fault)
        return fault

    def take(self, method: str, parameters: Mapping[str, Any]) -> Fault | None:
        """Return the fault of this call, used up by one, or None."""
        for fault in self._faults:
            if fault.matches(method, parameters):
                fault.left -= 1
                fault.hits += 1
                return fault
        return None

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._faults))

    def clear(self) -> None:
        """Forget them all."""
        self._faults.clear()

    def unused(self) -> list[Fault]:
        """Return the faults that have not happened as often as was asked."""
        return [fault for fault in self._faults if fault.left]
