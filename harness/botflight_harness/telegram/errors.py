"""What a call may end with, other than a result.

Refusal          Telegram said no: the bot gets the code and the words
AnswerLost       the transport failed: the bot gets a broken connection or silence
NotModelled      the simulation ends here: the test fails
ImpossibleAct    the test asked a person for something that no person could do
"""

from collections.abc import Mapping
from typing import Any, Literal

#: How an answer is lost: silence, a broken connection, or a body that is none of Telegram's.
Loss = Literal["timeout", "reset", "garbage"]


class Refusal(Exception):
    """Telegram's refusal, as it answers it: show it to the bot."""

    def __init__(self, error_code: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{error_code} {description}")
        self.error_code = error_code
        self.description = description
        self.parameters = dict(parameters or {})

    def as_json(self) -> dict[str, Any]:
        """Return the body of Telegram's answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.error_code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


class AnswerLost(Exception):
    """The connection broke or timed out, or brought garbage, as a fault had asked: show the bot no answer.

    The call may have had its effect.
    """

    def __init__(self, method: str, *, how: Loss) -> None:
        super().__init__(f"{method}: {how}")
        self.how = how


#: What a bot gets in the place of an answer that is garbage: a proxy's page, as a network in between may send it.
GARBAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class NotModelled(Exception):
    """Telegram knows this and the simulation does not: fail the test, and make up no answer."""


class ImpossibleAct(AssertionError):
    """No person could have done this, such as tapping a button that is not there."""


def bad_request(description: str) -> Refusal:
    """Return a 400 in Telegram's wording."""
    return Refusal(400, f"Bad Request: {description}")


def forbidden(description: str) -> Refusal:
    """Return a 403 in Telegram's wording."""
    return Refusal(403, f"Forbidden: {description}")


def too_many_requests(retry_after_s: int) -> Refusal:
    """Return a 429 that asks to wait `retry_after_s` seconds."""
    description = f"Too Many Requests: retry after {retry_after_s}"
    return Refusal(429, description, {"retry_after": retry_after_s})
