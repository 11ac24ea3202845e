"""Every kind of update can be made to happen by somebody."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person, Telegram, Upload
from botflight_harness.telegram import schema
from botflight_harness.telegram.dealing import BusinessConnection

Call = Callable[..., Any]
KINDS = frozenset(schema.load().fields("Update")) - {"update_id"}
BUTTON = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
STARS = {"title": "x", "description": "x", "payload": "x", "currency": "XTR", "prices": [{"label": "x", "amount": 1}]}
CUP = {"title": "Cup", "description": "x", "payload": "x", "currency": "EUR", "provider_token": "1:TEST:2"}
CUP |= {"prices": [{"label": "x", "amount": 100}], "is_flexible": True}
ANSWER = {"type": "article", "id": "1", "title": "Tea", "input_message_content": {"message_text": "Tea"}}


@pytest.fixture
def business(alice: Person, bot: BotAccount) -> BusinessConnection:
    """The bot answers in alice's place."""
    return alice.connect_business(bot)


def test_all_kinds_happen(
    telegram: Telegram, call: Call, png: bytes, alice: Person, bob: Person, bot: BotAccount
) -> None:
    """A kind that nobody can make happen would be a road that no test can go."""
    bot.updates.allowed = KINDS
    bot.inline_mode = bot.inline_feedback = True
    told: set[str] = set()
    bot.updates.listen(lambda update: told.add(update.kind))
    group, channel = telegram.group("Friends", alice, bob), telegram.channel("News", alice, bot)
    group.owned_by(alice)
    chat = {"chat_id": alice.user_id}

    alice.call_guest("hello?", where=group, bot=bot)
    alice.add(bot, group)
    alice.promote(bot, group)
    hello = alice.send_text("/start", where=bot).message
    alice.edit_text(hello, "/help", where=bot)
    alice.react("👍", to=hello, where=bot)
    call("sendMessage", **chat, text="x", reply_markup=BUTTON)
    alice.tap("Go", where=bot)
    alice.edit_text(alice.send_text("Extra", where=channel).message, "Extra!", where=channel)
    alice.react("👍", where=channel)
    call("sendPoll", **chat, question="?", options=["a", "b"], is_anonymous=False)
    alice.vote("a", where=bot)
    query = alice.ask_inline("te")
    call("answerInlineQuery", inline_query_id=query.query_id, results=[ANSWER])
    alice.choose(query, "Tea")
    bob.join(call("createChatInviteLink", chat_id=channel.chat_id, creates_join_request=True)["invite_link"])
    bob.leave(group)
    alice.take_boost_away(group, alice.boost(group, boost_id="b").update.payload["boost"]["boost_id"])
    alice.open_payment(call("createInvoiceLink", **CUP))
    monthly = alice.open_payment(call("createInvoiceLink", **STARS, subscription_period=2_592_000))
    call("answerPreCheckoutQuery", pre_checkout_query_id=monthly.query.query_id, ok=True)
    alice.cancel_subscription(alice.continue_payment(monthly).charge_id)
    media = [{"type": "photo", "media": "attach://a"}]
    call("sendPaidMedia", {"a": Upload("a.png", png)}, **chat, star_count=5, media=media, payload="p")
    alice.buy_media(where=bot)
    call("sendMessageDraft", **chat, draft_id=1, text="Once", can_stop=True)
    alice.stop_generation(where=bot)
    business = alice.connect_business(bot)
    letter = bob.write_to_business(business, "Open?").message
    bob.edit_in_business(business, letter, "Open today?")
    bob.delete_in_business(business, letter)
    alice.create_managed_bot("helper_bot", by=bot)

    assert KINDS - told == set()


def test_a_bot_answers_in_somebodys_place(
    call: Call, refusal: Callable[..., str], alice: Person, bob: Person, business: BusinessConnection
) -> None:
    """The message is from the owner, says which bot wrote it, and needs the connection."""
    bob.write_to_business(business, "Open?")
    here = {"chat_id": bob.user_id, "business_connection_id": business.connection_id}

    sent = call("sendMessage", **here, text="Yes")
    alice.disconnect_business(business)

    assert (sent["from"]["id"], sent["sender_business_bot"]["is_bot"]) == (alice.user_id, True)
    assert refusal("sendMessage", **here, text="x") == "400 Bad Request: BUSINESS_CONNECTION_INVALID"
    connection = call("getBusinessConnection", business_connection_id=business.connection_id)
    assert connection["is_enabled"] is False


def test_a_guest_answers_once(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person, bot: BotAccount
) -> None:
    """In the chat where it was called, naming who called."""
    group = telegram.group("Friends", alice)
    query_id = alice.call_guest("tea?", where=group).update.payload["guest_query_id"]

    call("answerGuestQuery", guest_query_id=query_id, result=ANSWER)

    answer = group.chat.visible()[-1].as_json()
    assert (answer["text"], answer["guest_bot_caller_user"]) == ("Tea", alice.as_json())
    assert "query ID is invalid" in refusal("answerGuestQuery", guest_query_id=query_id, result=ANSWER)


def test_paid_media_cost_stars(call: Call, png: bytes, alice: Person) -> None:
    """They go to the bot's account, under the payload that the bot gave."""
    alice.send_text("/start")
    media = [{"type": "photo", "media": "attach://a"}]
    call("sendPaidMedia", {"a": Upload("a.png", png)}, chat_id=alice.user_id, star_count=5, media=media, payload="p")

    update = alice.buy_media().update

    assert (update.payload["paid_media_payload"], alice.stars) == ("p", 9_995)
    (line,) = call("getStarTransactions")["transactions"]
    assert line["source"]["transaction_type"] == "paid_media_payment"


def test_a_draft_can_be_stopped_while_it_is_shown(telegram: Telegram, call: Call, alice: Person) -> None:
    """It goes away after thirty seconds, or with the message itself."""
    alice.send_text("/start")
    draft = {"chat_id": alice.user_id, "draft_id": 1, "text": "Once", "can_stop": True}
    call("sendMessageDraft", **draft)

    assert alice.stop_generation().update.payload["draft_id"] == 1
    call("sendMessageDraft", **draft)
    telegram.clock.move(seconds=30)
    with pytest.raises(ImpossibleAct, match="can be stopped"):
        alice.stop_generation()


def test_a_managed_bots_token_is_replaced(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person, bot: BotAccount
) -> None:
    """The old one is no use any more; other bots are none of its business."""
    made = alice.create_managed_bot("helper_bot", by=bot)
    old = call("getManagedBotToken", user_id=made.user_id)

    new = call("replaceManagedBotToken", user_id=made.user_id)

    assert telegram.call(new, "getMe", {})["username"] == "helper_bot"
    assert old not in telegram.bots
    assert "BOT_INVALID" in refusal("getManagedBotToken", user_id=bot.user_id)
