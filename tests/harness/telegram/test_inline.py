from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]
TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"
TEXT = {"message_text": "<b>Tea</b>", "parse_mode": "HTML"}
TEA = {"type": "article", "id": "1", "title": "Tea", "input_message_content": TEXT}
CUP = {
    **TEA,
    "id": "2",
    "title": "Cup",
    "reply_markup": {"inline_keyboard": [[{"text": "More", "callback_data": "m"}]]},
}


@pytest.fixture(autouse=True)
def _inline(bot: BotAccount) -> None:
    bot.inline_mode = bot.inline_feedback = True


def test_an_inline_query_is_asked_and_answered(call: Call, alice: Person) -> None:
    """The person sees the titles."""
    query = alice.ask_inline("te")
    call("answerInlineQuery", inline_query_id=query.query_id, results=[TEA, CUP])

    assert query.update.payload["query"] == "te"
    assert query.titles == ["Tea", "Cup"]


def test_what_is_chosen_is_sent_by_the_person(
    telegram: Telegram, call: Call, alice: Person, bob: Person, bot: BotAccount
) -> None:
    """Via the bot, which hears what was chosen, also in a chat where it is not."""
    group = telegram.group("Friends", alice, bob)
    query = alice.ask_inline("te", where=group)
    call("answerInlineQuery", inline_query_id=query.query_id, results=[TEA])

    chosen = alice.choose(query, "Tea", where=group)

    assert chosen.message.as_json()["via_bot"] == bot.as_json()
    assert chosen.message.content["entities"][0]["type"] == "bold"
    (update,) = chosen.updates
    assert (update.kind, update.payload["result_id"], update.payload["query"]) == ("chosen_inline_result", "1", "te")


def test_an_inline_message_with_buttons_is_edited_by_its_id(
    telegram: Telegram, call: Call, refusal: Words, alice: Person, bob: Person
) -> None:
    """A tap carries that id alone, and editing returns no message."""
    group = telegram.group("Friends", alice, bob)
    query = alice.ask_inline("c", where=group)
    call("answerInlineQuery", inline_query_id=query.query_id, results=[CUP])
    alice.choose(query, "Cup", where=group)

    tap = bob.tap("More", where=group).update.payload

    assert "message" not in tap
    assert call("editMessageText", inline_message_id=tap["inline_message_id"], text="Two cups") is True
    assert group.chat.visible()[-1].text == "Two cups"
    assert refusal("editMessageText", inline_message_id="x", text="x") == "400 Bad Request: MESSAGE_ID_INVALID"


def test_an_answer_is_given_once_and_in_time(telegram: Telegram, call: Call, refusal: Words, alice: Person) -> None:
    """Within the thirty seconds that the query lives."""
    once, late = alice.ask_inline("a"), alice.ask_inline("b")
    call("answerInlineQuery", inline_query_id=once.query_id, results=[])

    assert refusal("answerInlineQuery", inline_query_id=once.query_id, results=[]) == TOO_OLD
    telegram.clock.move(seconds=30)
    assert refusal("answerInlineQuery", inline_query_id=late.query_id, results=[]) == TOO_OLD


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([TEA] * 51, "RESULTS_TOO_MUCH"),
        ([TEA, TEA], "RESULT_ID_DUPLICATE"),
        ([{**TEA, "id": "x" * 65}], "RESULT_ID_INVALID"),
        ([{"type": "article", "id": "1"}], "can't parse inline query result: Can't find field \"title\""),
        (["x"], "can't parse inline query result: InlineQueryResult must be an Object"),
        (
            [{**TEA, "input_message_content": {"message_text": ""}}],
            "can't parse inline query result: Input message content is not specified",
        ),
        ([{**TEA, "input_message_content": {"message_text": " "}}], "text must be non-empty"),
    ],
)
def test_wrong_answers_are_refused(refusal: Words, alice: Person, results: list[Any], words: str) -> None:
    """In words."""
    query = alice.ask_inline("x")

    refused = refusal("answerInlineQuery", inline_query_id=query.query_id, results=results)

    assert refused == f"400 Bad Request: {words}"


def test_inline_mode_has_to_be_on(alice: Person, bot: BotAccount) -> None:
    """As with BotFather."""
    bot.inline_mode = False

    with pytest.raises(ImpossibleAct, match=r"set bot\.inline_mode"):
        alice.ask_inline("x")


def test_what_was_not_answered_cannot_be_chosen(call: Call, alice: Person) -> None:
    """Nor what is not among the answers."""
    query = alice.ask_inline("x")

    with pytest.raises(ImpossibleAct, match="has not answered"):
        alice.choose(query, "Tea")
    call("answerInlineQuery", inline_query_id=query.query_id, results=[TEA])
    with pytest.raises(ImpossibleAct, match=r"\['Tea'\]"):
        alice.choose(query, "Milk")
