import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from botflight_harness import BotAccount, ImpossibleAct, NotModelled, Person, Telegram

Call = Callable[..., Any]
PAGE = {"web_app": {"url": "https://example.com/app"}}
INLINE = {"inline_keyboard": [[{"text": "Open", **PAGE}]]}
BELOW = {"keyboard": [[{"text": "Form", **PAGE}]]}
TEA = {"type": "article", "id": "1", "title": "Tea", "input_message_content": {"message_text": "Tea"}}
BUTTON = {"inline_keyboard": [[{"text": "More", "callback_data": "more"}]]}
TOO_LATE = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture(autouse=True)
def _acquainted(alice: Person, bot: BotAccount) -> None:
    alice.send_text("/start")
    bot.updates.clear()


def test_a_page_is_told_who_has_opened_it(call: Call, alice: Person, bot: BotAccount) -> None:
    """Signed with the bot's token, so that the bot's server can check it as documented."""
    call("sendMessage", chat_id=alice.user_id, text="x", reply_markup=INLINE)

    app = alice.open_web_app("Open")

    facts = dict(parse_qsl(app.init_data))
    told = facts.pop("hash")
    checked = "\n".join(f"{name}={facts[name]}" for name in sorted(facts)).encode()
    key = hmac.new(b"WebAppData", bot.token.encode(), hashlib.sha256).digest()
    assert hmac.new(key, checked, hashlib.sha256).hexdigest() == told
    assert (app.url, facts["query_id"]) == ("https://example.com/app", app.query_id)
    assert f'"id":{alice.user_id}' in facts["user"]


def test_the_bot_answers_in_the_name_of_who_has_it_open(
    call: Call, refusal: Callable[..., str], alice: Person, bot: BotAccount
) -> None:
    """Once; with buttons the message can be edited later."""
    call("setChatMenuButton", menu_button={"type": "web_app", "text": "App", **PAGE})
    app = alice.open_web_app()

    sent = call("answerWebAppQuery", web_app_query_id=app.query_id, result=TEA | {"reply_markup": BUTTON})

    (update,) = bot.updates
    assert (update.payload["text"], update.payload["via_bot"]["id"]) == ("Tea", bot.user_id)
    assert update.payload["from"]["id"] == alice.user_id
    assert call("editMessageText", inline_message_id=sent["inline_message_id"], text="More tea") is True
    assert alice.last.text == "More tea"
    assert refusal("answerWebAppQuery", web_app_query_id=app.query_id, result=TEA) == TOO_LATE
    assert "can't parse inline query result" in refusal("answerWebAppQuery", web_app_query_id="x", result={})


def test_a_page_below_the_chat_sends_data(call: Call, refusal: Callable[..., str], alice: Person) -> None:
    """And has no query that could be answered."""
    call("sendMessage", chat_id=alice.user_id, text="x", reply_markup=BELOW)
    app = alice.open_web_app("Form")

    update = alice.send_web_app_data(app, '{"size": 3}').update

    assert update.payload["web_app_data"] == {"data": '{"size": 3}', "button_text": "Form"}
    assert refusal("answerWebAppQuery", web_app_query_id=app.app_id, result=TEA) == TOO_LATE


def test_nobody_opens_what_is_not_there(call: Call, alice: Person) -> None:
    """Neither a menu without a page nor a button without one; and a page in the chat sends no data."""
    with pytest.raises(ImpossibleAct, match="opens no Mini App"):
        alice.open_web_app()
    with pytest.raises(ImpossibleAct, match="sees no button 'Open'"):
        alice.open_web_app("Open")
    call("sendMessage", chat_id=alice.user_id, text="x", reply_markup=INLINE)
    with pytest.raises(ImpossibleAct, match="below the chat"):
        alice.send_web_app_data(alice.open_web_app("Open"), "x")


async def test_a_prepared_message_is_sent_where_it_may_be(
    telegram: Telegram, call: Call, alice: Person, bot: BotAccount
) -> None:
    """By whom it was prepared for, until it has expired."""
    group = telegram.group("Tea", alice, bot)
    kept = call("savePreparedInlineMessage", user_id=alice.user_id, result=TEA, allow_group_chats=True)

    await alice.sends_prepared(kept["id"], where=group)

    assert group.chat.visible()[-1].as_json()["via_bot"]["id"] == bot.user_id
    with pytest.raises(ImpossibleAct, match="may not be sent to a private chat"):
        alice.send_prepared(kept["id"])
    telegram.clock.move(hours=24)
    with pytest.raises(ImpossibleAct, match="nothing of the id"):
        alice.send_prepared(kept["id"], where=group)


def test_a_message_is_prepared_for_some_chat(refusal: Callable[..., str], alice: Person) -> None:
    """For none it would be of no use."""
    given = {"user_id": alice.user_id, "result": TEA}

    assert refusal("savePreparedInlineMessage", **given) == "400 Bad Request: at least one chat type must be allowed"
    assert "user not found" in refusal("savePreparedInlineMessage", **given | {"user_id": 77})


def test_a_prepared_question_is_answered(telegram: Telegram, call: Call, alice: Person, bob: Person) -> None:
    """As if its button were below the chat."""
    people = {"text": "Who?", "request_users": {"request_id": 7, "max_quantity": 2, "request_name": True}}
    kept = call("savePreparedKeyboardButton", user_id=alice.user_id, button=people)

    update = alice.share_users(bob, prepared=kept["id"]).update

    shared = {"request_id": 7, "users": [{"user_id": bob.user_id, "first_name": "Bob"}]}
    assert update.payload["users_shared"] == shared
    with pytest.raises(NotModelled, match="none of request_users"):
        call("savePreparedKeyboardButton", user_id=alice.user_id, button={"text": "x"})
    telegram.take_complaints()


def test_people_and_chats_are_shared_by_buttons(telegram: Telegram, call: Call, alice: Person, bob: Person) -> None:
    """Those that the bot asks for, and what it wants to know of them."""
    group = telegram.group("Tea", alice, username="teatime")
    asked = {"request_id": 2, "chat_is_channel": False, "request_title": True, "request_username": True}
    row = [{"text": "Who?", "request_users": {"request_id": 1}}, {"text": "Where?", "request_chat": asked}]
    call("sendMessage", chat_id=alice.user_id, text="x", reply_markup={"keyboard": [row]})

    who = alice.share_users(bob, button="Who?").update.payload
    where = alice.share_chat(group).update.payload

    assert who["users_shared"] == {"request_id": 1, "users": [{"user_id": bob.user_id}]}
    told = {"request_id": 2, "chat_id": group.chat_id, "title": "Tea", "username": "teatime"}
    assert where["chat_shared"] == told
    with pytest.raises(ImpossibleAct, match="asks for 1 to 1"):
        alice.share_users(alice, bob)
    with pytest.raises(ImpossibleAct, match="chat_is_channel"):
        alice.share_chat(telegram.channel("News", alice))
