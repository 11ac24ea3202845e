"""Posts that people suggest in the direct messages of a channel."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Channel, Group, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]


@pytest.fixture
def channel(telegram: Telegram, bot: BotAccount) -> Channel:
    """A channel that the bot runs."""
    return telegram.channel("News", bot)


@pytest.fixture
def direct(telegram: Telegram, channel: Channel) -> Group:
    """Its direct messages."""
    return telegram.direct_messages(channel)


def suggest(alice: Person, direct: Group, **options: Any) -> dict[str, Any]:
    payload = alice.suggest_post("Tea is good", where=direct, **options).update.payload
    return {"chat_id": payload["chat"]["id"], "message_id": payload["message_id"]}


def news(person: Person, direct: Group) -> list[str]:
    """What the chat has told somebody beside words."""
    shown = direct.chat.visible()
    return [name for message in shown for name in message.content if name.startswith("suggested_post")]


def test_people_write_to_those_who_run_a_channel(
    call: Call, alice: Person, bob: Person, bot: BotAccount, channel: Channel, direct: Group
) -> None:
    """Each in a topic of their own, which nobody else sees, and the channel answers there."""
    told = alice.send_text("Hello?", where=direct).update.payload

    answer = call("sendMessage", chat_id=direct.chat_id, direct_messages_topic_id=alice.user_id, text="Hello!")

    assert (told["chat"]["is_direct_messages"], told["direct_messages_topic"]["topic_id"]) == (True, alice.user_id)
    assert (answer["sender_chat"]["id"], answer["from"]["username"]) == (channel.chat_id, "Channel_Bot")
    assert [seen.text for seen in alice.screen_in(direct)] == ["Hello?", "Hello!"]
    assert bob.screen_in(direct) == []
    assert call("getChat", chat_id=direct.chat_id)["parent_chat"]["id"] == channel.chat_id


def test_bots_without_the_right_hear_nothing(
    telegram: Telegram, alice: Person, bot: BotAccount, channel: Channel, direct: Group
) -> None:
    """It is one of administrators."""
    channel.promote(bot, "can_post_messages")

    assert alice.send_text("Hello?", where=direct).updates == ()


def test_a_post_is_suggested(alice: Person, direct: Group) -> None:
    """With what it costs and when it should appear."""
    payload = alice.suggest_post("Tea is good", where=direct, stars=100).update.payload

    assert payload["suggested_post_info"] == {"state": "pending", "price": {"currency": "XTR", "amount": 100}}


@pytest.mark.parametrize("options", [{"stars": 4}, {"send_date_s": 1}])
def test_a_client_keeps_to_the_limits(alice: Person, direct: Group, options: dict[str, int]) -> None:
    """Of the price and of the date."""
    with pytest.raises(ImpossibleAct):
        alice.suggest_post("Tea is good", where=direct, **options)


def test_an_approved_post_is_published_at_once(call: Call, alice: Person, channel: Channel, direct: Group) -> None:
    """When neither side has named a date."""
    call("approveSuggestedPost", **suggest(alice, direct))

    (published,) = channel.chat.visible()
    assert (published.text, "is_paid_post" in published.extra) == ("Tea is good", False)
    assert news(alice, direct) == ["suggested_post_approved"]
    assert direct.chat.visible()[0].extra["suggested_post_info"]["state"] == "approved"


def test_a_post_appears_at_its_date(
    telegram: Telegram, call: Call, alice: Person, channel: Channel, direct: Group
) -> None:
    """Which the bot may set."""
    at_s = telegram.clock.now_ms() // 1000 + 3600
    call("approveSuggestedPost", **suggest(alice, direct), send_date=at_s)
    assert channel.chat.visible() == []

    telegram.clock.move(hours=1)

    assert channel.chat.visible()[0].date_s == at_s


def test_a_paid_post_earns_its_stars_in_a_day(
    telegram: Telegram, call: Call, alice: Person, bot: BotAccount, channel: Channel, direct: Group
) -> None:
    """The channel gets 85 of 100, and the bot hears of it."""
    call("approveSuggestedPost", **suggest(alice, direct, stars=100))
    assert (alice.stars, channel.chat.stars, channel.chat.visible()[0].extra["is_paid_post"]) == (9_900, 0, True)

    telegram.clock.move(hours=24)

    told = list(bot.updates)[-1].payload
    assert (channel.chat.stars, told["suggested_post_paid"]["star_amount"]) == (85, {"amount": 85})
    assert told["suggested_post_paid"]["suggested_post_message"]["text"] == "Tea is good"


def test_a_paid_post_that_is_deleted_is_paid_back(
    telegram: Telegram, call: Call, alice: Person, bot: BotAccount, channel: Channel, direct: Group
) -> None:
    """When it has not stayed for a day."""
    call("approveSuggestedPost", **suggest(alice, direct, stars=100))

    call("deleteMessage", chat_id=channel.chat_id, message_id=channel.chat.visible()[0].message_id)
    telegram.clock.move(hours=24)

    assert (alice.stars, channel.chat.stars) == (10_000, 0)
    assert list(bot.updates)[-1].payload["suggested_post_refunded"]["reason"] == "post_deleted"


def test_who_has_not_enough_stars_is_told_so(call: Call, alice: Person, channel: Channel, direct: Group) -> None:
    """And may be asked again later."""
    post = suggest(alice, direct, stars=100)
    alice.stars = 99
    call("approveSuggestedPost", **post)
    assert (news(alice, direct), channel.chat.visible()) == (["suggested_post_approval_failed"], [])

    alice.stars = 100
    call("approveSuggestedPost", **post)

    assert len(channel.chat.visible()) == 1


def test_a_post_is_declined_with_a_word(call: Call, refusal: Words, alice: Person, direct: Group) -> None:
    """Once."""
    post = suggest(alice, direct)

    call("declineSuggestedPost", **post, comment="No tea, please")

    assert direct.chat.visible()[-1].content["suggested_post_declined"]["comment"] == "No tea, please"
    assert refusal("approveSuggestedPost", **post) == "400 Bad Request: message can't be used in the method"


@pytest.mark.parametrize(
    ("method", "right"),
    [
        ("approveSuggestedPost", "can_manage_direct_messages"),
        ("declineSuggestedPost", "can_post_messages"),
    ],
)
def test_it_takes_the_right(
    refusal: Words, alice: Person, bot: BotAccount, channel: Channel, direct: Group, method: str, right: str
) -> None:
    """To post for a yes, to answer direct messages for a no."""
    post = suggest(alice, direct)
    channel.promote(bot, right)

    assert refusal(method, **post) == "400 Bad Request: message can't be used in the method"


def test_only_suggested_posts_are_decided_on(refusal: Words, alice: Person, direct: Group) -> None:
    """What is not there, and what is a message like any other."""
    told = alice.send_text("Hello?", where=direct).update.payload

    refused = refusal("approveSuggestedPost", chat_id=direct.chat_id, message_id=told["message_id"])
    missing = refusal("approveSuggestedPost", chat_id=direct.chat_id, message_id=77)

    assert refused == "400 Bad Request: message can't be used in the method"
    assert missing == "400 Bad Request: suggested post not found"


def test_a_post_whose_date_is_long_past_is_not_approved(
    telegram: Telegram, refusal: Words, alice: Person, direct: Group
) -> None:
    """More than a day."""
    post = suggest(alice, direct, send_date_s=telegram.clock.now_ms() // 1000 + 300)

    telegram.clock.move(hours=25)

    assert refusal("approveSuggestedPost", **post) == "400 Bad Request: message can't be used in the method"
