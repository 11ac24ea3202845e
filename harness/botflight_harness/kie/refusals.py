"""How a call to KIE ends that does not go well, and the limits that it keeps."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from botflight_harness.kie.faults import Loss

_WORDS: Final[Mapping[int, str]] = {
    401: "You do not have access permissions",
    402: "Credits insufficient. The current balance is not enough to run this request, please top up.",
    404: "Not found",
    422: "The request parameters are incorrect",
    429: "Your call frequency is too high. Please try again later.",
    433: "The request limit of this key is used up",
    455: "The service is currently being maintained",
    500: "Server exception, please try again later or contact customer service",
    501: "Generation failed",
    505: "This feature is currently disabled",
}


class KieRefusal(Exception):
    """KIE answers HTTP 200 with this code in the body."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or _WORDS.get(code, "error"))
        self.code = code


class KieLost(Exception):
    """The answer to a call does not arrive."""

    def __init__(self, how: Loss) -> None:
        super().__init__(how)
        self.how = how


class Limit:
    """So many calls in any window of so many milliseconds."""

    def __init__(self, *, most: int, within_ms: int) -> None:
        self._within_ms = within_ms
        self._lately: deque[int] = deque(maxlen=most)

    def count(self, now_ms: int) -> None:
        """Count a call. Raises KieRefusal(429) for one too many; such a call does not count."""
        if len(self._lately) == self._lately.maxlen and self._lately[0] > now_ms - self._within_ms:
            raise KieRefusal(429)
        self._lately.append(now_ms)
