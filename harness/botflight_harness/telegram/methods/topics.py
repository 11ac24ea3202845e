"""Topics of forums."""

from typing import Any

from botflight_harness.telegram.chats import Chat, Topic
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.methods.request import Request, handler

NAME_CHARACTERS_MOST = 128
#: https://core.telegram.org/bots/api#createforumtopic
ICON_COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
#: The thread of the General topic, which is always there.
GENERAL = 1


def create_forum_topic(request: Request) -> dict[str, Any]:
    """Open a topic."""
    chat = _forum(request)
    name = _name(request)
    color = request.arguments.integer("icon_color", ICON_COLORS[0])
    if color not in ICON_COLORS:
        raise bad_request("wrong topic icon color specified")
    icon = request.arguments.text("icon_custom_emoji_id")
    shown: dict[str, Any] = {"name": name, "icon_color": color}
    notice = request.world.post(chat, request.bot, {"forum_topic_created": shown})
    topic = chat.topics[notice.message_id] = Topic(notice.message_id, name, color, icon)
    notice.extra |= {"message_thread_id": topic.thread_id, "is_topic_message": True}
    return topic.as_json()


def edit_forum_topic(request: Request) -> bool:
    """Give a topic another name or icon."""
    chat = _forum(request)
    topic = _topic(request, chat)
    changed: dict[str, Any] = {}
    if "name" in request.arguments:
        topic.name = changed["name"] = _name(request)
    if "icon_custom_emoji_id" in request.arguments:
        topic.icon_custom_emoji_id = changed["icon_custom_emoji_id"] = request.arguments.text("icon_custom_emoji_id")
    if not changed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    _say(request, chat, topic, {"forum_topic_edited": changed})
    return True


def close_forum_topic(request: Request) -> bool:
    """Let nobody but administrators write in a topic."""
    return _set_closed(request, closed=True)


def reopen_forum_topic(request: Request) -> bool:
    """Let everybody write in a topic again."""
    return _set_closed(request, closed=False)


def _set_closed(request: Request, *, closed: bool) -> bool:
    chat = _forum(request)
    topic = _topic(request, chat)
    if topic.is_closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.is_closed = closed
    _say(request, chat, topic, {"forum_topic_closed" if closed else "forum_topic_reopened": {}})
    return True


def delete_forum_topic(request: Request) -> bool:
    """Delete a topic with its messages."""
    chat = _forum(request)
    topic = _topic(request, chat)
    if topic.thread_id == GENERAL:
        raise bad_request("TOPIC_ID_INVALID")
    del chat.topics[topic.thread_id]
    for message in chat.visible():
        if message.extra.get("message_thread_id") == topic.thread_id:
            request.world.remove(message)
    return True


def unpin_all_in_topic(request: Request) -> bool:
    """Keep no message of a topic at the top."""
    chat = _forum(request)
    topic = _topic(request, chat)
    inside = {
        message.message_id
        for message in chat.visible()
        if message.extra.get("message_thread_id", GENERAL) == topic.thread_id
    }
    chat.pinned[:] = [number for number in chat.pinned if number not in inside]
    return True


def hide_general(request: Request) -> bool:
    """Hide the General topic."""
    return _set_hidden(request, hidden=True)


def unhide_general(request: Request) -> bool:
    """Show the General topic again."""
    return _set_hidden(request, hidden=False)


def _set_hidden(request: Request, *, hidden: bool) -> bool:
    chat = _forum(request)
    topic = chat.topics[GENERAL]
    if topic.is_hidden == hidden:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.is_hidden = topic.is_closed = hidden
    _say(request, chat, topic, {"general_forum_topic_hidden" if hidden else "general_forum_topic_unhidden": {}})
    return True


def _forum(request: Request) -> Chat:
    chat = request.chat()
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    if not chat.may(request.bot.user_id, "can_manage_topics"):
        raise bad_request("not enough rights to create a topic")
    return chat


def _topic(request: Request, chat: Chat) -> Topic:
    topic = chat.topics.get(request.arguments.integer("message_thread_id", GENERAL))
    if topic is None:
        raise bad_request("TOPIC_ID_INVALID")
    return topic


def _name(request: Request) -> str:
    name = request.arguments.text("name").strip()
    if not 1 <= len(name) <= NAME_CHARACTERS_MOST:
        raise bad_request("topic name must be non-empty" if not name else "TOPIC_TITLE_TOO_LONG")
    return name


def _say(request: Request, chat: Chat, topic: Topic, content: dict[str, Any]) -> None:
    thread = {"message_thread_id": topic.thread_id, "is_topic_message": True} if topic.thread_id != GENERAL else {}
    request.world.post(chat, request.bot, content, extra=thread)


METHODS = {
    "createForumTopic": handler(create_forum_topic, "chat_id name icon_color icon_custom_emoji_id"),
    "editForumTopic": handler(edit_forum_topic, "chat_id message_thread_id name icon_custom_emoji_id"),
    "closeForumTopic": handler(close_forum_topic, "chat_id message_thread_id"),
    "reopenForumTopic": handler(reopen_forum_topic, "chat_id message_thread_id"),
    "deleteForumTopic": handler(delete_forum_topic, "chat_id message_thread_id"),
    "unpinAllForumTopicMessages": handler(unpin_all_in_topic, "chat_id message_thread_id"),
    "editGeneralForumTopic": handler(edit_forum_topic, "chat_id name"),
    "closeGeneralForumTopic": handler(close_forum_topic, "chat_id"),
    "reopenGeneralForumTopic": handler(reopen_forum_topic, "chat_id"),
    "hideGeneralForumTopic": handler(hide_general, "chat_id"),
    "unhideGeneralForumTopic": handler(unhide_general, "chat_id"),
    "unpinAllGeneralForumTopicMessages": handler(unpin_all_in_topic, "chat_id"),
}
