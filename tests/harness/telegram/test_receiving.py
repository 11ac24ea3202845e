from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import Person, Telegram

Call = Callable[..., Any]


def numbers(updates: list[dict[str, Any]]) -> list[int]:
    return [update["update_id"] for update in updates]


def test_an_update_comes_until_it_is_confirmed(call: Call, alice: Person) -> None:
    """An offset behind it confirms it."""
    first, second = alice.send_text("one").update, alice.send_text("two").update

    assert numbers(call("getUpdates")) == [first.update_id, second.update_id]
    assert numbers(call("getUpdates", offset=second.update_id)) == [second.update_id]
    assert numbers(call("getUpdates", offset=second.update_id + 1)) == []


def test_a_negative_offset_keeps_the_last(call: Call, alice: Person) -> None:
    """The others are forgotten."""
    alice.send_text("one")
    second = alice.send_text("two").update

    assert numbers(call("getUpdates", offset=-1)) == [second.update_id]


def test_a_limit_bounds_the_answer(call: Call, alice: Person) -> None:
    """A hundred are the most, whatever is asked."""
    for number in range(120):
        alice.send_text(str(number))

    assert len(call("getUpdates", limit=5)) == 5
    assert len(call("getUpdates", limit=1000)) == 100


def test_only_the_kinds_asked_for_come(call: Call, alice: Person) -> None:
    """And an empty list means the usual ones again."""
    call("getUpdates", allowed_updates='["callback_query"]')
    alice.send_text("unheard")
    call("getUpdates", allowed_updates=[])
    alice.send_text("heard")

    assert [update["message"]["text"] for update in call("getUpdates")] == ["heard"]


def test_updates_expire(call: Call, telegram: Telegram, alice: Person) -> None:
    """A message waits for a day."""
    alice.send_text("hello")

    telegram.clock.move(hours=24)

    assert call("getUpdates") == []


def test_polling_and_a_webhook_exclude_each_other(call: Call, refusal: Callable[..., str]) -> None:
    """Asking for updates is a conflict until the webhook is deleted."""
    call("setWebhook", url="https://example.com/hook")

    assert refusal("getUpdates").startswith("409 Conflict: can't use getUpdates method while webhook is active")

    call("deleteWebhook")
    assert call("getUpdates") == []


def test_the_webhook_is_told_of(call: Call, alice: Person) -> None:
    """Where it is, and how much waits."""
    call(
        "setWebhook", url="https://example.com/hook", secret_token="s", max_connections=500, allowed_updates=["message"]
    )
    alice.send_text("hello")

    assert call("getWebhookInfo") == {
        "url": "https://example.com/hook",
        "has_custom_certificate": False,
        "pending_update_count": 1,
        "max_connections": 100,
        "allowed_updates": ["message"],
    }


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"url": "ftp://example.com"}, "invalid webhook URL specified"),
        ({"url": "https://example.com", "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": "https://example.com", "secret_token": "x" * 257}, "secret token is too long"),
    ],
)
def test_a_wrong_webhook_is_refused(refusal: Callable[..., str], parameters: dict[str, Any], words: str) -> None:
    """Each in Telegram's words."""
    assert refusal("setWebhook", **parameters) == f"400 Bad Request: {words}"


def test_an_empty_url_ends_the_webhook(call: Call) -> None:
    """As deleteWebhook does."""
    call("setWebhook", url="https://example.com")

    call("setWebhook", url="")

    assert call("getWebhookInfo")["url"] == ""


def test_dropping_forgets_what_waits(call: Call, alice: Person) -> None:
    """Payments among it: see the documentation before using it."""
    alice.send_text("hello")

    call("deleteWebhook", drop_pending_updates=True)

    assert call("getWebhookInfo")["pending_update_count"] == 0
