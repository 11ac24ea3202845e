from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Group, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]
QUESTION = {"question": "Tea or coffee?", "options": [{"text": "Tea"}, {"text": "Coffee"}]}


@pytest.fixture
def here(telegram: Telegram, alice: Person, bob: Person, bot: BotAccount) -> Group:
    """A group of two people and the bot."""
    return telegram.group("Friends", alice, bob, bot)


def test_a_vote_changes_the_poll_and_is_told(call: Call, alice: Person, here: Group) -> None:
    """The bot hears how the poll stands, and of a public one who has voted."""
    call("sendPoll", chat_id=here.chat_id, **QUESTION, is_anonymous=False)

    stands, answer = alice.vote("Coffee", where=here).updates

    assert [option["voter_count"] for option in stands.payload["options"]] == [0, 1]
    assert (answer.kind, answer.payload["option_ids"]) == ("poll_answer", [1])
    assert answer.payload["user"] == alice.as_json()
    assert here.chat.visible()[-1].content["poll"]["total_voter_count"] == 1


def test_an_anonymous_vote_has_no_name(call: Call, alice: Person, here: Group) -> None:
    """The bot hears of the count alone."""
    call("sendPoll", chat_id=here.chat_id, **QUESTION)

    assert alice.vote(0, where=here).update.kind == "poll"


def test_a_vote_can_be_taken_back(call: Call, alice: Person, here: Group) -> None:
    """Unless it is a quiz."""
    call("sendPoll", chat_id=here.chat_id, **QUESTION, is_anonymous=False)
    alice.vote("Tea", where=here)

    _, answer = alice.vote(where=here).updates

    assert answer.payload["option_ids"] == []


def test_a_quiz_is_answered_once(call: Call, alice: Person, here: Group) -> None:
    """It knows what is right, and why."""
    quiz = {"type": "quiz", "correct_option_ids": [1], "explanation": "*It* is", "explanation_parse_mode": "Markdown"}
    sent = call("sendPoll", chat_id=here.chat_id, **QUESTION, **quiz)
    alice.vote("Tea", where=here)

    with pytest.raises(ImpossibleAct, match="voted already"):
        alice.vote("Coffee", where=here)

    assert (sent["poll"]["correct_option_ids"], sent["poll"]["explanation"]) == ([1], "It is")


def test_a_poll_is_stopped_once(call: Call, refusal: Words, alice: Person, here: Group) -> None:
    """Then nobody votes any more."""
    sent = call("sendPoll", chat_id=here.chat_id, **QUESTION)
    stop = {"chat_id": here.chat_id, "message_id": sent["message_id"]}

    assert call("stopPoll", **stop)["is_closed"] is True

    assert refusal("stopPoll", **stop) == "400 Bad Request: poll can't be stopped"
    with pytest.raises(ImpossibleAct, match="closed"):
        alice.vote("Tea", where=here)


def test_a_poll_closes_by_the_clock(telegram: Telegram, call: Call, bot: BotAccount, here: Group) -> None:
    """After its open_period, and the bot hears of it."""
    call("sendPoll", chat_id=here.chat_id, **QUESTION, open_period=60)

    telegram.clock.move(seconds=60)

    (update,) = bot.updates
    assert (update.kind, update.payload["is_closed"]) == ("poll", True)


def test_a_persons_poll_is_a_message(alice: Person, bot: BotAccount) -> None:
    """The bot sees the question; the votes are not its business."""
    update = alice.send_poll("Yes?", "Yes", "No", where=bot).update

    assert [option["text"] for option in update.payload["poll"]["options"]] == ["Yes", "No"]
    assert alice.vote("Yes", where=bot).updates == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"question": " "}, "text must be non-empty"),
        ({"question": "x" * 301}, "poll question length must not exceed 300"),
        ({"options": []}, "poll must have at least one answer option"),
        ({"options": [{"text": "x"}] * 13}, "poll can't have more than 12 options"),
        ({"options": [{"text": "x" * 101}]}, "poll options length must not exceed 100"),
        ({"type": "quiz"}, "correct quiz option list must be non-empty"),
        ({"type": "quiz", "correct_option_ids": [2]}, "wrong quiz correct_option_id"),
        ({"type": "guess"}, "unsupported poll type specified"),
    ],
)
def test_a_wrong_poll_is_refused(refusal: Words, here: Group, change: dict[str, Any], words: str) -> None:
    """In words."""
    assert refusal("sendPoll", chat_id=here.chat_id, **(QUESTION | change)) == f"400 Bad Request: {words}"


def test_a_forwarded_poll_is_the_same_poll(call: Call, alice: Person, here: Group, bot: BotAccount) -> None:
    """A vote in one place shows in the other; a copy starts anew."""
    alice.send_text("/start", where=bot)
    sent = call("sendPoll", chat_id=here.chat_id, **QUESTION)
    source = {"chat_id": alice.user_id, "from_chat_id": here.chat_id, "message_id": sent["message_id"]}
    forwarded = call("forwardMessage", **source)
    call("copyMessage", **source)

    alice.vote("Tea", on=forwarded["message_id"], where=bot)

    forwarded_now, copy_now = alice.chat_in(bot).visible()[-2:]
    assert here.chat.visible()[-1].content["poll"]["total_voter_count"] == 1
    assert forwarded_now.content["poll"]["id"] == sent["poll"]["id"]
    assert copy_now.content["poll"]["total_voter_count"] == 0
