"""What goes wrong with the next calls to KIE, one line each. What never happened fails the test."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Call = Literal["createTask", "recordInfo", "credit", "upload", "download"]
#: Silence until the client gives up, a connection that breaks, or a gateway's page in place of an answer.
Loss = Literal["timeout", "reset", "gateway"]

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One call that goes wrong."""

    call: Call
    #: KIE's code in the body; 0 where the answer is lost.
    code: int = 0
    message: str = ""
    loss: Loss | None = None
    #: Whether a lost call did its work.
    taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One task that does not go as usual. What is None goes as usual."""

    fate: Literal["fail", "hang"] | None = None
    code: str = ""
    message: str = ""
    #: How much longer it takes.
    longer_ms: int = 0
    #: How often its end is told.
    callbacks: int | None = None
    #: Whether its end is told before createTask is answered.
    early: bool = False


@dataclass(slots=True)
class Faults:
    """Faults of calls and turns of tasks that wait for theirs."""

    _calls: list[Fault] = field(default_factory=list)
    _turns: deque[Turn] = field(default_factory=deque)

    def add(self, fault: Fault, times: int) -> None:
        """Have the next `times` calls of its kind go wrong."""
        self._calls.extend([fault] * _checked(times))

    def turn(self, turn: Turn, times: int) -> None:
        """Have the next `times` tasks go this way."""
        self._turns.extend([turn] * _checked(times))

    def take(self, call: Call) -> Fault | None:
        """The fault of this call."""
        found = next((fault for fault in self._calls if fault.call == call), None)
        if found is not None:
            self._calls.remove(found)
        return found

    def take_turn(self) -> Turn:
        """How the next task goes."""
        return self._turns.popleft() if self._turns else Turn()

    def clear(self) -> None:
        """Forget them all."""
        self._calls.clear()
        self._turns.clear()

    def unused(self) -> list[Any]:
        """Those that never happened."""
        return [*self._calls, *self._turns]


def _checked(times: int) -> int:
    if not 0 < times <= _MOST:
        raise ValueError(f"a fault happens 1 to {_MOST} times, not {times}")
    return times
