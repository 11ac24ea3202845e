"""Groups that a bot guards: it is asked who may come in."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Group, NotModelled, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]

TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
def group(telegram: Telegram, bob: Person, bot: BotAccount) -> Group:
    """A group that the bot guards."""
    bot.join_request_queries = True
    group = telegram.group("Friends", bob)
    group.guarded_by(bot)
    return group


def ask(alice: Person, group: Group) -> str:
    return str(alice.join(group).update.payload["query_id"])


@pytest.mark.parametrize("result", ["approve", "decline", "queue"])
def test_the_guard_decides_who_comes_in(call: Call, alice: Person, group: Group, result: str) -> None:
    """At once, or never, or not yet."""
    query_id = ask(alice, group)

    call("answerChatJoinRequestQuery", chat_join_request_query_id=query_id, result=result)

    assert group.chat.has(alice.user_id) is (result == "approve")


def test_a_query_is_answered_once(call: Call, refusal: Words, alice: Person, group: Group) -> None:
    """A second answer is too late."""
    answer = {"chat_join_request_query_id": ask(alice, group), "result": "decline"}
    call("answerChatJoinRequestQuery", **answer)

    assert refusal("answerChatJoinRequestQuery", **answer) == TOO_OLD


def test_what_is_left_in_the_queue_is_decided_later(call: Call, alice: Person, group: Group) -> None:
    """As any other request to come in."""
    call("answerChatJoinRequestQuery", chat_join_request_query_id=ask(alice, group), result="queue")

    call("approveChatJoinRequest", chat_id=group.chat_id, user_id=alice.user_id)

    assert group.chat.has(alice.user_id)


def test_the_guard_has_ten_seconds(telegram: Telegram, refusal: Words, alice: Person, group: Group) -> None:
    """By Telegram's clock."""
    query_id = ask(alice, group)

    telegram.clock.move(seconds=10)

    assert refusal("answerChatJoinRequestQuery", chat_join_request_query_id=query_id, result="approve") == TOO_OLD


def test_a_mini_app_gives_more_time(telegram: Telegram, call: Call, alice: Person, group: Group) -> None:
    """It is shown to who wants to come in until the guard has decided."""
    query_id = ask(alice, group)
    url = "https://example.com/quiz"
    call("sendChatJoinRequestWebApp", chat_join_request_query_id=query_id, web_app_url=url)
    shown = alice.web_app_to_join(group)

    telegram.clock.move(minutes=5)
    call("answerChatJoinRequestQuery", chat_join_request_query_id=query_id, result="approve")

    assert (shown, alice.web_app_to_join(group), group.chat.has(alice.user_id)) == (url, "", True)


def test_links_lead_to_the_guard_too(call: Call, alice: Person, group: Group) -> None:
    """The bot hears by which link somebody came."""
    link = call("createChatInviteLink", chat_id=group.chat_id, name="Poster")["invite_link"]

    payload = alice.join(link).update.payload

    assert (payload["invite_link"]["name"], "query_id" in payload) == ("Poster", True)


def test_the_chat_and_the_bot_tell_of_it(call: Call, bot: BotAccount, group: Group) -> None:
    """Who guards it, and that the bot can."""
    full = call("getChat", chat_id=group.chat_id)

    assert (full["guard_bot"]["id"], full["join_by_request"]) == (bot.user_id, True)
    assert call("getMe")["supports_join_request_queries"] is True


def test_other_bots_guard_nothing(refusal: Words, bot: BotAccount, group: Group) -> None:
    """BotFather has to allow it first."""
    bot.join_request_queries = False

    refused = refusal("answerChatJoinRequestQuery", chat_join_request_query_id="1", result="approve")

    assert refused == "400 Bad Request: BOT_GUARD_NOT_SUPPORTED"
    with pytest.raises(ValueError, match="guards no groups"):
        group.guarded_by(bot)


def test_what_two_bots_hear_is_not_made_up(telegram: Telegram, alice: Person, group: Group) -> None:
    """Who of them is told first is not known."""
    group.promote(telegram.bot())

    with pytest.raises(NotModelled, match="other bots"):
        alice.join(group)
