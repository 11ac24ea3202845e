"""Who is there: bots as BotFather makes them, people, groups and channels; and what a person sees."""

from typing import Any

from botflight_harness.control import views
from botflight_harness.control.fields import Field
from botflight_harness.control.operation import TEXT, Given, Operation, listed, need, shape
from botflight_harness.control.room import Room, Unknown
from botflight_harness.telegram.groups import Channel, Group
from botflight_harness.telegram.transcript import transcript

_SETTINGS = (
    Field("inline_mode", "flag", "BotFather's /setinline: people may type after the bot's name"),
    Field("inline_feedback", "flag", "BotFather's /setinlinefeedback: the bot hears which answer was chosen"),
    Field("privacy_mode", "flag", "BotFather's /setprivacy: on at first"),
    Field("join_request_queries", "flag", "BotFather's setting for bots that guard groups"),
    Field("verifies", "flag", "an organization's bot, which may verify others"),
)
_WHERE = Field("where", "integer", "the id of a group, a channel or a bot; without it, the chat with the only bot")
_MEMBERS = (
    Field("members", "integers", "the ids of people and bots"),
    Field("administrators", "integers", "likewise, with all rights"),
    Field("owner", "integer", "the id of a person"),
    Field("guard", "integer", "the id of a bot with join_request_queries, which is asked who may come in"),
)


def _add_bot(room: Room, given: Given) -> dict[str, Any]:
    account = room.telegram.bot(given.get("token"), username=given.get("username"))
    room.opens_to(account)
    if "stars" in given:
        room.telegram.cashier.deposit(account, given["stars"])
    return _set(room, {**given, "bot": account.user_id})


def _set(room: Room, given: Given) -> dict[str, Any]:
    account = room.bot(given["bot"])
    for setting in _SETTINGS:
        if setting.name in given:
            setattr(account, setting.name, given[setting.name])
    return views.bot(account)


def _add_person(room: Room, given: Given) -> dict[str, Any]:
    person = room.telegram.user(
        given["first_name"], language=given["language"], user_id=given.get("id"), username=given.get("username")
    )
    person.stars = given.get("stars", person.stars)
    return views.person(person)


def _add_group(room: Room, given: Given) -> dict[str, Any]:
    members = [room.account(number) for number in given.get("members", ())]
    administrators = [room.account(number) for number in given.get("administrators", ())]
    owner = room.account(given["owner"]) if "owner" in given else None
    group: Group
    if "direct_messages_of" in given:
        channel = room.group(given["direct_messages_of"])
        if not isinstance(channel, Channel):
            raise Unknown(f"{given['direct_messages_of']} is no channel")
        return views.group(room.telegram.direct_messages(channel))
    if given["kind"] == "channel":
        group = room.telegram.channel(given["title"], username=given.get("username", ""))
    else:
        group = room.telegram.group(given["title"], forum=given["kind"] == "forum", username=given.get("username", ""))
    group.add(*members)
    for administrator in administrators:
        group.promote(administrator)
    if owner is not None:
        group.owned_by(owner)
    if "guard" in given:
        group.guarded_by(room.bot(given["guard"]))
    return views.group(group)


def _screen(room: Room, given: Given) -> dict[str, Any]:
    person = room.person(given["person"])
    where = room.place(given["where"]) if "where" in given else None
    chat = person.chat_in(where)
    return {
        "messages": [views.seen(message) for message in person.screen_in(where)],
        "keyboard": chat.reply_keyboard,
        "transcript": transcript(room.telegram, chat),
    }


OPERATIONS = (
    Operation(
        "add_bot",
        "POST",
        "/bots",
        "Make a bot, or return the one with this token. Its token is for the Bot API of the same world.",
        _add_bot,
        (
            Field("token", "text", "123456:letters; without it one is drawn from the world's seed"),
            Field("username", "text"),
            Field("stars", "integer", "Stars to put into its account, which pay for gifts"),
            *_SETTINGS,
        ),
        views.BOT,
        tag="people",
    ),
    Operation("set_bot", "POST", "/bots/{bot}", "Set what BotFather sets.", _set, _SETTINGS, views.BOT, tag="people"),
    Operation(
        "add_person",
        "POST",
        "/people",
        "Make a person.",
        _add_person,
        (
            need("first_name", "text"),
            Field("language", "text", "what bots see as language_code", default="en"),
            Field("username", "text"),
            Field("id", "integer", "without it one is drawn from the world's seed"),
            Field("stars", "integer", "how many Telegram Stars they have"),
        ),
        views.PERSON,
        tag="people",
    ),
    Operation(
        "add_group",
        "POST",
        "/groups",
        "Make a supergroup, a forum or a channel. No bot hears of it: use a person's acts for what bots are to hear.",
        _add_group,
        (
            need("title", "text"),
            Field("kind", "text", default="group", choices=("group", "forum", "channel")),
            Field("direct_messages_of", "integer", "the id of a channel: opens its direct messages, under its title"),
            Field("username", "text"),
            *_MEMBERS,
        ),
        views.GROUP,
        tag="people",
    ),
    Operation(
        "screen",
        "GET",
        "/people/{person}/screen",
        "Tell what a person sees in a chat now, after edits and deletions, and the same as text.",
        _screen,
        (_WHERE,),
        shape(messages=listed(views.SEEN), transcript=TEXT),
        tag="people",
    ),
)
