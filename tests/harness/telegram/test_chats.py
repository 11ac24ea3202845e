from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person, Telegram, Upload
from botflight_harness.telegram.groups import Channel, Group

Call = Callable[..., Any]
Words = Callable[..., str]


@pytest.fixture
def group(telegram: Telegram, alice: Person, bot: BotAccount) -> Group:
    """A group that the bot runs."""
    group = telegram.group("Friends", alice, username="friends_of_tea")
    group.promote(bot)
    return group


@pytest.fixture
def channel(telegram: Telegram, alice: Person, bot: BotAccount) -> Channel:
    """A channel that alice and the bot run."""
    return telegram.channel("News", alice, bot)


@pytest.fixture
def forum(telegram: Telegram, alice: Person, bot: BotAccount) -> Group:
    """A group with topics that the bot runs."""
    forum = telegram.group("Forum", alice, forum=True)
    forum.promote(bot)
    return forum


def test_a_chat_is_known_by_its_name(call: Call, group: Group) -> None:
    """With what it shows."""
    call("setChatDescription", chat_id=group.chat_id, description="Tea")

    chat = call("getChat", chat_id="@Friends_of_tea")

    assert (chat["id"], chat["description"], chat["permissions"]["can_send_polls"]) == (group.chat_id, "Tea", True)


def test_a_private_chat_shows_the_person(call: Call, alice: Person, bot: BotAccount) -> None:
    """With what they say about themselves."""
    alice.bio = "Drinks tea"
    alice.send_text("/start", where=bot)

    assert call("getChat", chat_id=alice.user_id)["bio"] == "Drinks tea"
    assert call("getChatMember", chat_id=alice.user_id, user_id=alice.user_id)["status"] == "member"
    assert call("getUserProfilePhotos", user_id=alice.user_id) == {"total_count": 0, "photos": []}


def test_a_chat_is_changed_and_says_so(call: Call, refusal: Words, png: bytes, group: Group) -> None:
    """The same title again changes nothing, and says nothing."""
    chat = {"chat_id": group.chat_id}
    call("setChatTitle", **chat, title="Tea")
    call("setChatPhoto", {"photo": Upload("a.png", png)}, **chat)

    assert "big_file_id" in call("getChat", **chat)["photo"]
    call("deleteChatPhoto", **chat)
    call("setChatTitle", **chat, title=" Tea ")
    shown = [message.content for message in group.chat.visible()]
    assert [next(iter(content)) for content in shown] == ["new_chat_title", "new_chat_photo", "delete_chat_photo"]
    assert refusal("setChatTitle", **chat, title=" ") == "400 Bad Request: title must be non-empty"
    assert refusal("setChatPhoto", **chat, photo="x") == "400 Bad Request: photo must be uploaded as an InputFile"


def test_pins_are_kept_and_taken_away(call: Call, refusal: Words, alice: Person, group: Group) -> None:
    """The newest pin is what the chat shows; a notice tells of each."""
    chat = {"chat_id": group.chat_id}
    one, two = (call("sendMessage", **chat, text=text)["message_id"] for text in ("one", "two"))
    call("pinChatMessage", **chat, message_id=one)
    notice = alice.pin(two, where=group).update

    assert notice.payload["pinned_message"]["text"] == "two"
    assert call("getChat", **chat)["pinned_message"]["text"] == "two"
    call("unpinChatMessage", **chat)
    assert call("getChat", **chat)["pinned_message"]["text"] == "one"
    call("unpinAllChatMessages", **chat)
    assert refusal("unpinChatMessage", **chat) == "400 Bad Request: message to unpin not found"


def test_a_post_in_a_channel_is_a_channel_post(alice: Person, channel: Channel, bot: BotAccount) -> None:
    """It is from the channel, and so is its edit."""
    post = alice.send_text("Extra!", where=channel)
    edited = alice.edit_text(post.message, "Extra!!", where=channel).update

    assert (post.update.kind, post.update.payload["sender_chat"]["title"]) == ("channel_post", "News")
    assert "from" not in post.update.payload
    assert (edited.kind, edited.payload["text"]) == ("edited_channel_post", "Extra!!")


def test_only_administrators_post(bob: Person, refusal: Words, bot: BotAccount, channel: Channel) -> None:
    """Others read; a bot needs the right too."""
    bob.join(channel)
    channel.promote(bot, "can_invite_users")

    with pytest.raises(ImpossibleAct, match="may not post"):
        bob.send_text("hello", where=channel)
    assert refusal("sendMessage", chat_id=channel.chat_id, text="x") == (
        "400 Bad Request: need administrator rights in the channel chat"
    )


def test_a_forward_from_a_channel_names_it(call: Call, alice: Person, bot: BotAccount, channel: Channel) -> None:
    """As its origin."""
    alice.send_text("/start", where=bot)
    post = call("sendMessage", chat_id=channel.chat_id, text="Extra!")

    forwarded = call(
        "forwardMessage", chat_id=alice.user_id, from_chat_id=channel.chat_id, message_id=post["message_id"]
    )

    assert forwarded["forward_origin"]["chat"]["title"] == "News"


def test_reactions_are_told_to_those_that_ask(call: Call, alice: Person, bot: BotAccount, group: Group) -> None:
    """With what was there before; without asking nothing is told."""
    sent = call("sendMessage", chat_id=group.chat_id, text="x")["message_id"]
    silent = alice.react("👍", to=sent, where=group).updates
    bot.updates.allowed = frozenset({"message_reaction"})

    update = alice.react("🔥", to=sent, where=group).update

    assert silent == ()
    assert update.payload["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    assert update.payload["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]


def test_in_a_channel_reactions_are_counted(alice: Person, bot: BotAccount, channel: Channel) -> None:
    """Nobody is named."""
    bot.updates.allowed = frozenset({"channel_post", "message_reaction_count"})
    post = alice.send_text("Extra!", where=channel).message

    update = alice.react("👍", to=post, where=channel).update

    assert update.kind == "message_reaction_count"
    assert update.payload["reactions"] == [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 1}]


def test_a_bot_reacts_once(call: Call, refusal: Words, alice: Person, bot: BotAccount) -> None:
    """With one emoji of those that there are."""
    message = alice.send_text("/start", where=bot).message
    where = {"chat_id": alice.user_id, "message_id": message.message_id}

    call("setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "❤\ufe0f"}])

    assert message.reactions == {bot.user_id: [{"type": "emoji", "emoji": "❤"}]}
    assert "REACTION_INVALID" in refusal("setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "🦊"}])
    assert "REACTIONS_TOO_MANY" in refusal(
        "setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "👍"}] * 2
    )


def test_messages_lie_in_topics(call: Call, refusal: Words, alice: Person, forum: Group) -> None:
    """The bot opens one, people write in it, the answer stays in it, and a closed one is closed."""
    chat = {"chat_id": forum.chat_id}
    topic = call("createForumTopic", **chat, name="Tea")["message_thread_id"]
    question = alice.send_text("Green?", where=forum, topic=topic).update.payload

    answer = call("sendMessage", **chat, text="Yes", reply_parameters={"message_id": question["message_id"]})
    call("editForumTopic", **chat, message_thread_id=topic, name="Green tea")
    call("closeForumTopic", **chat, message_thread_id=topic)

    assert (question["message_thread_id"], answer["message_thread_id"]) == (topic, topic)
    with pytest.raises(ImpossibleAct, match="no open topic"):
        alice.send_text("Black?", where=forum, topic=topic)
    assert "TOPIC_NOT_MODIFIED" in refusal("closeForumTopic", **chat, message_thread_id=topic)
    call("reopenForumTopic", **chat, message_thread_id=topic)
    call("deleteForumTopic", **chat, message_thread_id=topic)
    gone = refusal("sendMessage", **chat, text="x", message_thread_id=topic)
    assert gone == "400 Bad Request: message thread not found"


def test_the_general_topic_is_hidden_and_shown(call: Call, refusal: Words, forum: Group) -> None:
    """But never deleted."""
    chat = {"chat_id": forum.chat_id}
    call("hideGeneralForumTopic", **chat)

    assert "TOPIC_NOT_MODIFIED" in refusal("hideGeneralForumTopic", **chat)
    call("unhideGeneralForumTopic", **chat)
    call("editGeneralForumTopic", **chat, name="Hall")
    call("unpinAllGeneralForumTopicMessages", **chat)
    assert "TOPIC_ID_INVALID" in refusal("deleteForumTopic", **chat, message_thread_id=1)


def test_only_forums_have_topics(refusal: Words, group: Group) -> None:
    """Others say so."""
    assert refusal("createForumTopic", chat_id=group.chat_id, name="x") == "400 Bad Request: the chat is not a forum"


def test_several_are_forwarded_and_copied(call: Call, refusal: Words, alice: Person, group: Group) -> None:
    """What is gone or protected is passed over; the order must grow."""
    chat = {"chat_id": group.chat_id}
    one = call("sendMessage", **chat, text="one")["message_id"]
    two = call("sendMessage", **chat, text="two", protect_content=True)["message_id"]
    three = call("sendMessage", **chat, text="three")["message_id"]
    source = {**chat, "from_chat_id": group.chat_id}

    forwarded = call("forwardMessages", **source, message_ids=[one, two, three, 999])
    copied = call("copyMessages", **source, message_ids=[one, three])

    texts = [message.text for message in group.chat.visible()]
    assert (len(forwarded), len(copied), texts[3:]) == (2, 2, ["one", "three"] * 2)
    assert refusal("forwardMessages", **source, message_ids=[three, one]) == (
        "400 Bad Request: message identifiers must be in a strictly increasing order"
    )
    assert refusal("forwardMessage", **source, message_id=two) == "400 Bad Request: the message can't be forwarded"
    assert refusal("forwardMessages", **source, message_ids=[two]) == "400 Bad Request: messages can't be forwarded"
    assert refusal("copyMessages", **source, message_ids=[999]) == ("400 Bad Request: there are no messages to forward")


def test_a_reply_quotes(call: Call, refusal: Words, alice: Person, bot: BotAccount) -> None:
    """A part that is there; elsewhere it shows where it is from."""
    asked = alice.send_text("Tea or coffee?", where=bot).message
    reply = {"message_id": asked.message_id, "quote": "coffee"}

    sent = call("sendMessage", chat_id=alice.user_id, text="Never", reply_parameters=reply)

    assert sent["quote"] == {"text": "coffee", "position": 7, "is_manual": True}
    assert "QUOTE_TEXT_INVALID" in refusal(
        "sendMessage", chat_id=alice.user_id, text="x", reply_parameters=reply | {"quote": "milk"}
    )


def test_a_reply_to_another_chat_shows_where_it_is_from(
    call: Call, alice: Person, bot: BotAccount, group: Group
) -> None:
    """As an external reply."""
    alice.send_text("/start", where=bot)
    far = call("sendDice", chat_id=group.chat_id)
    reply = {"message_id": far["message_id"], "chat_id": group.chat_id}

    sent = call("sendMessage", chat_id=alice.user_id, text="Look", reply_parameters=reply)

    assert sent["external_reply"]["dice"] == far["dice"]
    assert "reply_to_message" not in sent
