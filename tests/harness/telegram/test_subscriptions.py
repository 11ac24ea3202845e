"""Links into channels that cost Stars each month."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Channel, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]

MONTH = {"subscription_period": 2_592_000}


@pytest.fixture
def channel(telegram: Telegram, bot: BotAccount) -> Channel:
    """A channel that the bot runs."""
    bot.updates.allowed = frozenset({"chat_member"})
    return telegram.channel("News", bot)


@pytest.fixture
def link(call: Call, channel: Channel) -> str:
    """A link into it that costs 100 Stars a month."""
    made = call("createChatSubscriptionInviteLink", chat_id=channel.chat_id, **MONTH, subscription_price=100)
    return str(made["invite_link"])


def test_who_comes_in_by_it_pays(
    telegram: Telegram, call: Call, alice: Person, bot: BotAccount, channel: Channel, link: str
) -> None:
    """The channel gets the Stars, and the bot hears how long the membership lasts."""
    alice.join(link)

    told = next(iter(bot.updates)).payload
    until_s = telegram.clock.now_ms() // 1000 + 2_592_000
    assert (alice.stars, channel.chat.stars) == (9_900, 100)
    assert (told["new_chat_member"]["until_date"], told["invite_link"]["subscription_price"]) == (until_s, 100)
    assert call("getChatMember", chat_id=channel.chat_id, user_id=alice.user_id)["until_date"] == until_s


def test_nobody_comes_in_without_the_stars(alice: Person, channel: Channel, link: str) -> None:
    """The client offers to buy some instead."""
    alice.stars = 99

    with pytest.raises(ImpossibleAct, match="99 Stars, and 100 are asked for"):
        alice.join(link)
    assert not channel.chat.has(alice.user_id)


def test_it_is_renewed_each_month(telegram: Telegram, alice: Person, channel: Channel, link: str) -> None:
    """As long as there are Stars for it; then the membership is over, and the bot hears of it."""
    alice.stars = 250
    alice.join(link)

    telegram.clock.move(hours=24 * 59)
    assert (alice.stars, channel.chat.has(alice.user_id)) == (50, True)
    telegram.clock.move(hours=24)

    assert (alice.stars, channel.chat.has(alice.user_id)) == (50, False)


def test_who_stops_paying_stays_until_the_month_is_over(
    telegram: Telegram, alice: Person, bot: BotAccount, channel: Channel, link: str
) -> None:
    """And is out then, which the bot hears."""
    alice.join(link)
    alice.stop_paying(channel)

    telegram.clock.move(hours=24 * 29)
    assert channel.chat.has(alice.user_id)
    telegram.clock.move(hours=24)

    assert (channel.chat.has(alice.user_id), alice.stars) == (False, 9_900)
    assert [update.payload["new_chat_member"]["status"] for update in bot.updates] == ["member", "left"]


def test_who_left_comes_back_for_nothing(alice: Person, channel: Channel, link: str) -> None:
    """The month that was paid for still runs."""
    alice.join(link)
    alice.leave(channel)

    alice.join(link)

    assert (channel.chat.has(alice.user_id), alice.stars) == (True, 9_900)


def test_only_the_name_can_be_changed(call: Call, channel: Channel, link: str) -> None:
    """Spaces run together, and what is too long is cut, as Telegram does."""
    edited = call("editChatSubscriptionInviteLink", chat_id=channel.chat_id, invite_link=link, name="  a  " + "b" * 40)

    assert edited["name"] == "a " + "b" * 30
    assert edited["subscription_price"] == 100


def test_a_revoked_link_lets_nobody_in(call: Call, alice: Person, channel: Channel, link: str) -> None:
    """As with any link."""
    call("revokeChatInviteLink", chat_id=channel.chat_id, invite_link=link)

    with pytest.raises(ImpossibleAct, match="leads nowhere"):
        alice.join(link)


@pytest.mark.parametrize(
    ("pricing", "words"),
    [
        ({"subscription_period": 0, "subscription_price": 1}, "invalid subscription pricing specified"),
        ({**MONTH, "subscription_price": 0}, "invalid subscription pricing specified"),
        ({"subscription_period": 60, "subscription_price": 1}, "SUBSCRIPTION_PERIOD_INVALID"),
        ({**MONTH, "subscription_price": 10_001}, "PRICING_CHAT_INVALID"),
    ],
)
def test_what_it_may_cost(refusal: Words, channel: Channel, pricing: dict[str, int], words: str) -> None:
    """Some Stars, at most 10,000, for thirty days."""
    refused = refusal("createChatSubscriptionInviteLink", chat_id=channel.chat_id, **pricing)

    assert refused == f"400 Bad Request: {words}"


def test_it_takes_the_right_to_invite(telegram: Telegram, refusal: Words, bot: BotAccount) -> None:
    """Of which Telegram speaks after the price."""
    channel = telegram.channel("News")
    channel.promote(bot, "can_post_messages")

    refused = refusal("createChatSubscriptionInviteLink", chat_id=channel.chat_id, **MONTH, subscription_price=1)

    assert refused == "400 Bad Request: not enough rights to manage chat invite link"
