"""Errors that a bot or a transport swallowed: they fail the test, unless it said that it expects them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from botflight_harness.telegram.world import Telegram


@dataclass(slots=True)
class _Expectation:
    kind: type[BaseException]
    pattern: re.Pattern[str]
    met: list[BaseException] = field(default_factory=list)


class Mishaps:
    """Where a road reports the errors that nobody would see."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._expectations: list[_Expectation] = []

    def report(self, where: str, error: BaseException) -> None:
        """Take note of an error; `where` says what was going on."""
        for expectation in self._expectations:
            if isinstance(error, expectation.kind) and expectation.pattern.search(str(error)):
                expectation.met.append(error)
                return
        self._telegram.causes.append(error)
        self._telegram.problems.append(f"{where}: {type(error).__name__}: {error}{_place(error)}")

    @contextmanager
    def expects(self, kind: type[BaseException] = Exception, *, match: str = "") -> Iterator[list[BaseException]]:
        """Expect at least one error of this kind whose text `match` (a regular expression) finds.

        Yields the list of those that came. Raises AssertionError when none did.
        """
        expectation = _Expectation(kind, re.compile(match))
        self._expectations.append(expectation)
        try:
            yield expectation.met
        finally:
            self._expectations.remove(expectation)
        if not expectation.met:
            raise AssertionError(f"no {kind.__name__} came" + (f" that matches {match!r}" if match else ""))


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
