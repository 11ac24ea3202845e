from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Group, ImpossibleAct, NotModelled, Person, Telegram

Call = Callable[..., Any]


@pytest.fixture
def group(telegram: Telegram, alice: Person, bob: Person, bot: BotAccount) -> Group:
    """A group that the bot helps to run."""
    group = telegram.group("Tea", bob, bot)
    group.owned_by(alice)
    group.promote(bot)
    return group


async def test_a_channel_writes_in_a_group(telegram: Telegram, group: Group, bob: Person, bot: BotAccount) -> None:
    """The bot sees the channel, and not who is behind it."""
    channel = telegram.channel("News", bob)

    await bob.speaks_as(channel, "hello", where=group)

    (update,) = bot.updates
    assert update.payload["sender_chat"]["id"] == channel.chat_id
    assert update.payload["from"]["username"] == "Channel_Bot"


def test_a_channel_is_banned_with_its_owners_others(telegram: Telegram, call: Call, group: Group, bob: Person) -> None:
    """Until it is let in again."""
    channel, other = telegram.channel("News", bob), telegram.channel("More news", bob)
    for one in (channel, other):
        one.owned_by(bob)
    place = {"chat_id": group.chat_id, "sender_chat_id": channel.chat_id}

    call("banChatSenderChat", **place)
    with pytest.raises(ImpossibleAct, match="are banned"):
        bob.speak_as(other, "hello", where=group)

    call("unbanChatSenderChat", **place)
    assert bob.speak_as(channel, "hello", where=group).update


def test_nobody_speaks_for_anothers_channel(telegram: Telegram, group: Group, alice: Person, bob: Person) -> None:
    """Only who posts in it."""
    with pytest.raises(ImpossibleAct, match="does not post"):
        bob.speak_as(telegram.channel("News", alice), "hello", where=group)


def test_a_wrong_ban_is_refused(
    telegram: Telegram, refusal: Callable[..., str], group: Group, alice: Person, bot: BotAccount
) -> None:
    """In Telegram's words."""
    alice.send_text("/start")
    channel = telegram.channel("News", alice)

    for number, chat_id, words in (
        (-5, group.chat_id, "chat not found"),
        (group.chat_id, group.chat_id, "can't restrict the chat"),
        (channel.chat_id, alice.user_id, "can't ban members in private chats"),
    ):
        assert refusal("banChatSenderChat", chat_id=chat_id, sender_chat_id=number) == f"400 Bad Request: {words}"
    group.add(bot)
    said = refusal("banChatSenderChat", chat_id=group.chat_id, sender_chat_id=channel.chat_id)
    assert said == "400 Bad Request: not enough rights to restrict/unrestrict chat member"


def test_a_reaction_is_taken_away(call: Call, group: Group, alice: Person, bob: Person) -> None:
    """One person's from one message, or all that they gave in the chat."""
    messages = [bob.send_text(text, where=group).message for text in ("a", "b")]
    for message in messages:
        for person in (alice, bob):
            person.react("👍", to=message, where=group)

    call("deleteMessageReaction", chat_id=group.chat_id, message_id=messages[0].message_id, user_id=bob.user_id)
    assert [sorted(message.reactions) for message in messages] == [
        [alice.user_id],
        sorted([alice.user_id, bob.user_id]),
    ]

    call("deleteAllMessageReactions", chat_id=group.chat_id, user_id=alice.user_id)
    assert [sorted(message.reactions) for message in messages] == [[], [bob.user_id]]


def test_reactions_of_nobody_are_refused(
    telegram: Telegram, call: Call, refusal: Callable[..., str], group: Group, bob: Person, bot: BotAccount
) -> None:
    """And a reaction that was never given is no matter that is known."""
    message = bob.send_text("a", where=group).message
    place = {"chat_id": group.chat_id, "message_id": message.message_id}

    assert refusal("deleteMessageReaction", **place, user_id=77) == "400 Bad Request: reaction sender not found"
    assert refusal("deleteMessageReaction", **place) == "400 Bad Request: sender_chat_id is empty"
    gone = refusal("deleteMessageReaction", chat_id=group.chat_id, message_id=999, user_id=bob.user_id)
    assert gone == "400 Bad Request: message to delete reactions not found"
    with pytest.raises(NotModelled, match="has not reacted"):
        call("deleteMessageReaction", **place, user_id=bob.user_id)
    telegram.take_complaints()
    group.add(bot)
    words = refusal("deleteAllMessageReactions", chat_id=group.chat_id, user_id=bob.user_id)
    assert words == "400 Bad Request: CHAT_ADMIN_REQUIRED"


def test_a_member_has_a_tag(call: Call, group: Group, bob: Person, bot: BotAccount) -> None:
    """It stands beside the name in messages, and in what is known of the member."""
    call("setChatMemberTag", chat_id=group.chat_id, user_id=bob.user_id, tag="Baker")

    bob.send_text("hello", where=group)

    (update,) = bot.updates
    assert update.payload["sender_tag"] == "Baker"
    assert call("getChatMember", chat_id=group.chat_id, user_id=bob.user_id)["tag"] == "Baker"
    call("setChatMemberTag", chat_id=group.chat_id, user_id=bob.user_id)
    assert "tag" not in call("getChatMember", chat_id=group.chat_id, user_id=bob.user_id)


@pytest.mark.parametrize(
    ("who", "tag", "words"),
    [
        ("nobody", "x", "user not found"),
        ("alice", "x", "TAG_CHANGE_FORBIDDEN"),
        ("bob", "x" * 17, "TAG_INVALID"),
        ("bob", "Baker \N{CAT FACE}", "TAG_EMOJI_NOT_ALLOWED"),
    ],
)
def test_a_wrong_tag_is_refused(
    refusal: Callable[..., str], group: Group, alice: Person, bob: Person, who: str, tag: str, words: str
) -> None:
    """In Telegram's words."""
    user_id = {"alice": alice.user_id, "bob": bob.user_id}.get(who, 77)

    assert refusal("setChatMemberTag", chat_id=group.chat_id, user_id=user_id, tag=tag) == f"400 Bad Request: {words}"


def test_tags_are_for_groups(telegram: Telegram, refusal: Callable[..., str], bob: Person, bot: BotAccount) -> None:
    """A channel's followers have none, and it takes the right to give them."""
    channel = telegram.channel("News", bot)
    group = telegram.group("Tea", bob, bot)

    said = refusal("setChatMemberTag", chat_id=channel.chat_id, user_id=bob.user_id, tag="x")
    assert said == "400 Bad Request: method is available only for groups and supergroups"
    said = refusal("setChatMemberTag", chat_id=group.chat_id, user_id=bob.user_id, tag="x")
    assert said == "400 Bad Request: CHAT_ADMIN_REQUIRED"
