"""What the bot reads of an update is what python-telegram-bot reads, and what nobody can read harms nobody."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
import pytest
import telegram as ptb
from PIL import Image
from telegram.ext import filters

from botflight_harness.telegram import Person, Telegram, schema
from botflight_service.bot.arrival import CONTENTS, SERVICE, Arrival, arrival_of
from botflight_service.updates.envelope import Envelope, kind_of, lane_of
from botflight_service.web.webhook import SECRET_HEADER
from shop import SECRET, Shop

#: Paid and given back, the bot has an answer to.
ANSWERED = {"successful_payment", "refunded_payment"}
MESSAGE = {
    "message_id": 7,
    "date": 1_700_000_000,
    "chat": {"id": 42, "type": "private", "first_name": "Alice"},
    "from": {"id": 42, "is_bot": False, "first_name": "Alice", "language_code": "en"},
}


def picture() -> bytes:
    """A small PNG."""
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


def enveloped(body: dict[str, Any]) -> Envelope:
    """An update as the inbox keeps it."""
    kind = kind_of(body)
    return Envelope(
        partner="p",
        update_id=body["update_id"],
        correlation_id=UUID(int=1),
        kind=kind,
        lane=lane_of(body, kind),
        received_at_ms=0,
        payload=orjson.dumps(body),
    )


def read(body: dict[str, Any]) -> tuple[Arrival, ptb.Update]:
    """An update as the bot reads it, and as python-telegram-bot does."""
    arrival = arrival_of(enveloped(body))
    assert arrival is not None
    return arrival, ptb.Update.de_json(body, None)


@pytest.mark.parametrize(
    "act",
    [
        lambda alice: alice.send_text("/start now 🎉"),
        lambda alice: alice.send_text("a 🎉 for @somebot and @alice"),
        lambda alice: alice.send_file("photo", picture(), caption="look"),
        lambda alice: alice.send_file("voice", b"voice"),
        lambda alice: alice.send_file("document", b"document", caption="read"),
        lambda alice: alice.edit_text(alice.send_text("before").message, "after"),
    ],
)
def test_a_message_is_read_as_python_telegram_bot_reads_it(telegram: Telegram, alice: Person, act: Any) -> None:
    """The same person, chat, words, entities and files come out of the same update."""
    telegram.bot()

    arrival, update = read(act(alice).updates[-1].as_json())

    message, user, chat = update.effective_message, update.effective_user, update.effective_chat
    assert message is not None
    assert user is not None
    assert chat is not None
    assert (arrival.user_id, arrival.language_code) == (user.id, user.language_code)
    assert (arrival.chat_id, arrival.chat_type) == (chat.id, chat.type)
    assert arrival.dated_s == message.date.timestamp()
    assert arrival.words == (message.text or message.caption)
    assert arrival.photo_file_id == (message.photo[-1].file_id if message.photo else None)
    assert arrival.mentions == list(message.parse_entities(["mention"]).values())
    assert bool(arrival.command) == bool(message.parse_entities(["bot_command"]))
    assert arrival.is_service == filters.StatusUpdate.ALL.check_update(update)
    again, _ = read(update.to_dict())
    assert (again.words, again.command, again.is_service) == (arrival.words, arrival.command, arrival.is_service)


@pytest.mark.parametrize(
    ("message", "editable"),
    [(MESSAGE | {"text": "a menu"}, True), (MESSAGE | {"photo": []}, False), (MESSAGE | {"date": 0}, False)],
)
def test_a_tap_is_drawn_over_where_its_message_can_be(message: dict[str, Any], *, editable: bool) -> None:
    """A text can, a photo and a message that is too old to be read cannot."""
    query = {"id": "1", "from": MESSAGE["from"], "chat_instance": "1", "data": "menu", "message": message}

    arrival, update = read({"update_id": 1, "callback_query": query})

    assert update.callback_query is not None
    assert update.callback_query.message is not None
    assert (arrival.tap.data, arrival.tap.message_id) == ("menu", update.callback_query.message.message_id)
    assert arrival.tap.editable is editable


@pytest.mark.parametrize("name", sorted(schema.load().fields("Message").keys() & set(ptb.Message.__slots__) - ANSWERED))
def test_what_telegram_writes_itself_is_known(name: str) -> None:
    """Whatever python-telegram-bot takes for a message of Telegram's own is one here, and no content of a user is."""
    message = ptb.Message(1, ptb.Message.de_json(MESSAGE, None).date, ptb.Chat(42, "private"))
    with message._unfrozen():
        setattr(message, name, 1)

    told_of = filters.StatusUpdate.ALL.check_update(ptb.Update(1, message=message))

    assert not told_of or name in SERVICE
    assert not (name in CONTENTS and name in SERVICE)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"chat": {"id": 42}},
        {"chat": [], "from": "nobody"},
        {"chat": {"id": "42", "type": "private"}, "from": {"id": None}},
    ],
)
@pytest.mark.parametrize("kind", ["message", "edited_message", "callback_query"])
async def test_what_cannot_be_read_is_done_and_forgotten(shop: Shop, kind: str, content: dict[str, Any]) -> None:
    """An update that Telegram would never send ends as ignored, instead of being tried at every start."""
    headers = {SECRET_HEADER: SECRET}

    answer = await shop.harness.request(
        "POST", "/webhook", headers=headers, body=orjson.dumps({"update_id": 5, kind: content})
    )
    await shop.service.service.idle()

    assert answer.status == 200
    (line,) = shop.updates()
    assert line["outcome"] == "IGNORED"
