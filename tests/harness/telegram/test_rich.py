from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, NotModelled, Person, Telegram, Upload

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def _acquainted(alice: Person, bot: BotAccount) -> None:
    alice.send_text("/start")
    bot.updates.clear()


@pytest.fixture
def send(call: Call, alice: Person, png: bytes) -> Callable[..., Any]:
    """Send blocks, and return what the message shows; a picture is attached as "p"."""

    def send(*blocks: dict[str, Any], **more: Any) -> Any:
        files = {"p": Upload("p.png", png)}
        sent = call("sendRichMessage", files, chat_id=alice.user_id, rich_message={"blocks": list(blocks), **more})
        return sent["rich_message"]["blocks"]

    return send


def test_blocks_are_shown_and_read(send: Callable[..., Any], alice: Person) -> None:
    """A heading, a text with adornments, a list and a table."""
    cell = {"align": "left", "valign": "top"}
    blocks = [
        {"type": "heading", "size": 1, "text": "Tea"},
        {"type": "paragraph", "text": ["Green or ", {"type": "bold", "text": "black"}, "?"]},
        {"type": "list", "items": [{"blocks": [{"type": "paragraph", "text": "Sencha"}], "has_checkbox": True}]},
        {"type": "table", "cells": [[cell | {"text": "Price", "is_header": True}, cell | {"text": "3"}]]},
        {"type": "divider"},
    ]

    shown = send(*blocks)

    assert shown[:2] == blocks[:2]
    assert shown[2]["items"][0]["label"] == "•"
    assert (alice.last.kind, alice.last.text) == ("rich_message", "Tea\nGreen or black?\n• [ ] Sencha\nPrice | 3")


def test_links_are_found_in_texts(send: Callable[..., Any]) -> None:
    """Unless the bot asks not to, and never in code."""
    text = {"type": "paragraph", "text": "Ask @shop at https://example.com"}

    (found,) = send(text, {"type": "pre", "text": "@shop"})[:1]
    (kept,) = send(text, skip_entity_detection=True)

    assert found["text"] == [
        "Ask ",
        {"type": "mention", "text": "@shop", "username": "shop"},
        " at ",
        {"type": "url", "text": "https://example.com", "url": "https://example.com"},
    ]
    assert kept == text


@pytest.mark.parametrize("kind", ["code", "bold"])
def test_code_is_left_as_it_is(send: Callable[..., Any], kind: str) -> None:
    """Within other adornments links are found."""
    (shown,) = send({"type": "paragraph", "text": {"type": kind, "text": "@shop"}})

    assert (shown["text"]["text"] == "@shop") is (kind == "code")


def test_what_the_server_finds_for_itself_is_taken_off(send: Callable[..., Any]) -> None:
    """A mention that the bot gives is as good as its text."""
    (shown,) = send({"type": "paragraph", "text": {"type": "hashtag", "text": "tea", "hashtag": "tea"}})

    assert shown["text"] == "tea"


def test_a_medium_stands_between_the_blocks(send: Callable[..., Any]) -> None:
    """With a caption of its own."""
    media = {"type": "photo", "media": "attach://p", "has_spoiler": True}

    (shown,) = send({"type": "photo", "photo": media, "caption": {"text": "A pot", "credit": "Alice"}})

    assert shown["photo"][-1]["width"] == 4
    assert (shown["has_spoiler"], shown["caption"]) == (True, {"text": "A pot", "credit": "Alice"})


def test_somebody_is_mentioned_by_id(send: Callable[..., Any], alice: Person) -> None:
    """The message names the whole user."""
    (shown,) = send({"type": "footer", "text": {"type": "text_mention", "text": "you", "user": {"id": alice.user_id}}})

    assert shown["text"]["user"] == alice.as_json()


@pytest.mark.parametrize(
    ("kind", "value", "label"),
    [("1", 3, "3."), ("a", 28, "ab."), ("A", 26, "Z."), ("i", 14, "xiv."), ("I", 1999, "MCMXCIX."), ("a", 0, "0.")],
)
def test_an_ordered_list_is_numbered(send: Callable[..., Any], kind: str, value: int, label: str) -> None:
    """By numbers, letters or numerals."""
    (shown,) = send({"type": "list", "items": [{"blocks": [], "type": kind, "value": value}]})

    assert shown["items"][0]["label"] == label


def test_a_button_among_the_blocks_is_tapped(send: Callable[..., Any], alice: Person) -> None:
    """Like one below the message; one may even stand in a text."""
    row = [{"text": "Green", "callback_data": "green"}, {"text": ["Bl", "ack"], "callback_data": "black"}]
    inside = {"type": "button", "button": {"text": "here", "callback_data": "here"}}

    send({"type": "buttons", "buttons": row}, {"type": "paragraph", "text": ["Or ", inside]})

    assert alice.last.buttons == ("Green", "Black", "here")
    assert alice.tap("Black").update.payload["data"] == "black"
    assert alice.tap("here").update.payload["data"] == "here"


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"type": "heading", "text": "x", "size": 7}, "invalid section heading size specified"),
        ({"type": "list", "items": []}, "list must be non-empty"),
        (
            {"type": "list", "items": [{"blocks": []}, {"blocks": [], "type": "1", "value": 1}]},
            "list must be either ordered or unordered",
        ),
        ({"type": "list", "items": [{"blocks": [], "type": "x", "value": 1}]}, "invalid list item type specified"),
        (
            {"type": "table", "cells": [[{"align": "left", "valign": "top", "colspan": -1}]]},
            "invalid table cell colspan specified",
        ),
        (
            {"type": "map", "location": {"latitude": 1, "longitude": 2}, "zoom": 25, "width": 10, "height": 10},
            "invalid map properties specified",
        ),
        ({"type": "map", "location": {}, "zoom": 2, "width": 10, "height": 10}, "invalid location specified"),
        (
            {"type": "paragraph", "text": {"type": "custom_emoji", "custom_emoji_id": "x", "alternative_text": "x"}},
            "invalid custom emoji identifier specified",
        ),
        ({"type": "paragraph", "text": {"type": "text_mention", "text": "x", "user": {"id": 77}}}, "user not found"),
        ({"type": "buttons", "buttons": [{"text": "x", "callback_data": "x" * 65}]}, "BUTTON_DATA_INVALID"),
    ],
)
def test_a_wrong_block_is_refused(
    refusal: Callable[..., str], alice: Person, block: dict[str, Any], words: str
) -> None:
    """In Telegram's words."""
    said = refusal("sendRichMessage", chat_id=alice.user_id, rich_message={"blocks": [block]})

    assert said == f"400 Bad Request: {words}"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"html": "<h1>Tea</h1>"}, "with html"),
        ({"blocks": [{"type": "divider"}], "markdown": "x"}, "with blocks and markdown"),
        ({"blocks": []}, "at least one"),
        ({"blocks": [{"type": "poem"}]}, "no block of the type 'poem'"),
        ({"blocks": [{"type": "paragraph"}]}, "InputRichBlockParagraph needs text"),
        ({"blocks": [{"type": "heading", "text": "x", "size": "1"}]}, "size of InputRichBlockSectionHeading"),
        ({"blocks": [{"type": "paragraph", "text": {"type": "loud", "text": "x"}}]}, "no text of the type 'loud'"),
        ({"blocks": [{"type": "buttons", "buttons": [{"text": "x"}]}]}, "does one thing"),
        ({"blocks": [{"type": "thinking", "text": "x"}]}, "for drafts"),
        ({"blocks": [{"type": "map", "location": {"latitude": 1, "longitude": 2}}]}, "a map without"),
    ],
)
def test_where_the_model_ends_is_told_plainly(
    telegram: Telegram, call: Call, alice: Person, message: dict[str, Any], words: str
) -> None:
    """What Telegram's servers make of it, or say of it, is published nowhere."""
    with pytest.raises(NotModelled, match=words):
        call("sendRichMessage", chat_id=alice.user_id, rich_message=message)
    telegram.take_complaints()


def test_an_empty_rich_message_is_refused(refusal: Callable[..., str], alice: Person) -> None:
    """It needs a content."""
    said = refusal("sendRichMessage", chat_id=alice.user_id, rich_message={})

    assert said == "400 Bad Request: rich message must be non-empty"


def test_a_text_becomes_rich_and_plain_again(call: Call, alice: Person) -> None:
    """By editMessageText."""
    number = call("sendMessage", chat_id=alice.user_id, text="Tea")["message_id"]
    place = {"chat_id": alice.user_id, "message_id": number}

    call("editMessageText", **place, rich_message={"blocks": [{"type": "heading", "size": 2, "text": "Tea"}]})
    assert alice.last.kind == "rich_message"

    call("editMessageText", **place, text="Coffee")
    assert (alice.last.kind, alice.last.text) == ("text", "Coffee")


def test_a_rich_draft_can_be_stopped(
    telegram: Telegram, call: Call, refusal: Callable[..., str], png: bytes, alice: Person
) -> None:
    """It may say that the bot is thinking, and takes no uploads."""
    blocks = [{"type": "thinking", "text": "Hm"}]
    draft = {"chat_id": alice.user_id, "draft_id": 5, "can_stop": True, "rich_message": {"blocks": blocks}}

    assert call("sendRichMessageDraft", **draft) is True

    assert alice.stop_generation().update.payload["draft_id"] == 5
    assert refusal("sendRichMessageDraft", **draft | {"draft_id": 0}) == "400 Bad Request: DRAFT_ID_INVALID"
    photo = [{"type": "photo", "photo": {"type": "photo", "media": "attach://p"}}]
    with pytest.raises(NotModelled, match="file_id only"):
        call("sendRichMessageDraft", {"p": Upload("p.png", png)}, **draft | {"rich_message": {"blocks": photo}})
    telegram.take_complaints()
