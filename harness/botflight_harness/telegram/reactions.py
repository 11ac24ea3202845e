"""Reactions to messages: which there are, and how bots hear of them."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.updates import Lane, Update

if TYPE_CHECKING:
    from botflight_harness.telegram.chats import Account, Message
    from botflight_harness.telegram.world import Telegram

_WORDS = """
❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡
🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋
🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄
☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀
😡
"""
#: https://core.telegram.org/bots/api#reactiontypeemoji
EMOJI = frozenset(_WORDS.split())
_VARIATION = "\N{VARIATION SELECTOR-16}"

Reaction = dict[str, Any]


def read_reaction(value: object) -> Reaction:
    """Return a checked ReactionType. Raises Refusal when there is no such reaction."""
    if not isinstance(value, dict) or "type" not in value:
        raise bad_request("can't parse reaction type: expected an Object")
    match value["type"]:
        case "emoji":
            emoji = str(value.get("emoji", "")).replace(_VARIATION, "")
            if emoji not in EMOJI:
                raise bad_request("REACTION_INVALID")
            return {"type": "emoji", "emoji": emoji}
        case "custom_emoji":
            return {"type": "custom_emoji", "custom_emoji_id": str(value.get("custom_emoji_id", ""))}
        case _:
            raise bad_request("can't parse reaction type: invalid reaction type specified")


def react(world: "Telegram", message: "Message", who: "Account", reactions: list[Reaction]) -> list[Update]:
    """Put somebody's reactions below a message, in the place of former ones, and tell the bots that may know.

    A bot hears of reactions in private chats, and in groups and channels where it is an administrator; it has to ask
    for the updates. In channels nobody is named: only the counts are told.
    """
    before = message.reactions.get(who.user_id, [])
    if reactions:
        message.reactions[who.user_id] = reactions
    else:
        message.reactions.pop(who.user_id, None)
    chat = message.chat
    base = {"chat": chat.as_json(), "message_id": message.message_id, "date": world.clock.now_ms() // 1000}
    if chat.kind == "channel":
        kind, payload = "message_reaction_count", {**base, "reactions": counts(message)}
    else:
        kind = "message_reaction"
        payload = {**base, "user": who.as_json(), "old_reaction": before, "new_reaction": reactions}
    world.tell("reaction", chat, details={"message_id": message.message_id, "reactions": counts(message)})
    bots = [chat.bot] if chat.bot else [bot for bot in world.members(chat) if chat.is_administrator(bot.user_id)]
    lane = Lane("chat", chat.chat_id)
    made = [world.update(bot, kind, payload, lane=lane) for bot in bots if bot is not who]
    return [update for update in made if update is not None]


def counts(message: "Message") -> list[dict[str, Any]]:
    """Return how often each reaction stands below a message, as ReactionCount objects."""
    given = Counter(
        tuple(sorted(reaction.items())) for reactions in message.reactions.values() for reaction in reactions
    )
    return [{"type": dict(reaction), "total_count": count} for reaction, count in given.most_common()]
