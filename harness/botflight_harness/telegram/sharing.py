"""Answering a bot that asks for people or a chat, by a button below the chat or from within a Mini App."""

from typing import Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.chats import Account, Chat
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.keyboards import reply_buttons
from botflight_harness.telegram.launching import Launching


class Sharing(Launching):
    """What somebody can tell a bot of others."""

    def share_users(self, *who: Account, button: str = "", prepared: str = "", where: BotAccount | None = None) -> Act:
        """Choose people or bots, by a button's label or by the id of a prepared one."""
        asked, bot = self._question("request_users", button, prepared, where)
        most = int(asked.get("max_quantity", 1))
        if not 1 <= len(who) <= most:
            raise ImpossibleAct(f"the bot asks for 1 to {most}")
        for account in who:
            is_bot = account.as_json()["is_bot"]
            if asked.get("user_is_bot", is_bot) is not is_bot:
                raise ImpossibleAct(f"the bot asks for {'bots' if asked['user_is_bot'] else 'people'} only")
        users = [self._told_user(account, asked) for account in who]
        return self.send_content({"users_shared": {"request_id": asked["request_id"], "users": users}}, where=bot)

    def share_chat(self, chat: Group, *, button: str = "", prepared: str = "", where: BotAccount | None = None) -> Act:
        """Choose a group or channel, by a button's label or by the id of a prepared one."""
        asked, bot = self._question("request_chat", button, prepared, where)
        self._check_suits(chat.chat, asked, bot)
        told: dict[str, Any] = {"request_id": asked["request_id"], "chat_id": chat.chat_id}
        for name in ("title", "username"):
            if asked.get(f"request_{name}") and name in chat.chat.facts:
                told[name] = chat.chat.facts[name]
        if asked.get("request_photo") and chat.chat.photo is not None:
            told["photo"] = chat.chat.photo.content
        return self.send_content({"chat_shared": told}, where=bot)

    async def shares_users(
        self, *who: Account, button: str = "", prepared: str = "", where: BotAccount | None = None
    ) -> None:
        """Choose people or bots, by a button's label or by the id of a prepared one."""
        await self._done(self.share_users(*who, button=button, prepared=prepared, where=where))

    async def shares_chat(
        self, chat: Group, *, button: str = "", prepared: str = "", where: BotAccount | None = None
    ) -> None:
        """Choose a group or channel, by a button's label or by the id of a prepared one."""
        await self._done(self.share_chat(chat, button=button, prepared=prepared, where=where))

    def _question(
        self, kind: str, label: str, prepared_id: str, where: BotAccount | None
    ) -> tuple[dict[str, Any], BotAccount]:
        if prepared_id:
            prepared = self._take_prepared(prepared_id)
            if kind in prepared.content:
                return prepared.content[kind], prepared.bot
            raise ImpossibleAct(f"what is prepared is no {kind}")
        bot = where or self._telegram.sole_bot()
        keyboard = self.chat_in(bot).reply_keyboard
        for button in reply_buttons(keyboard):
            if kind in button and label in {"", button["text"]}:
                if keyboard and keyboard.get("one_time_keyboard"):
                    self.chat_in(bot).reply_keyboard = None
                asked: dict[str, Any] = button[kind]
                return asked, bot
        raise ImpossibleAct(f"{self.first_name} sees no button {label!r} with {kind}")

    def _told_user(self, account: Account, asked: dict[str, Any]) -> dict[str, Any]:
        known, told = account.as_json(), {"user_id": account.user_id}
        if asked.get("request_name"):
            told |= {name: known[name] for name in ("first_name", "last_name") if name in known}
        if asked.get("request_username") and "username" in known:
            told["username"] = known["username"]
        photos = self._telegram.profile_photos.get(account.user_id)
        return told | {"photo": photos[0].content} if asked.get("request_photo") and photos else told

    def _check_suits(self, chat: Chat, asked: dict[str, Any], bot: BotAccount) -> None:
        facts = {
            "chat_is_channel": chat.kind == "channel",
            "chat_is_forum": chat.is_forum,
            "chat_has_username": "username" in chat.facts,
        }
        for name, fact in facts.items():
            if asked.get(name, fact) is not fact:
                raise ImpossibleAct(f"the bot asks for a chat with {name}={asked[name]}")
        if asked.get("chat_is_created") and chat.members[self.user_id].status != "creator":
            raise ImpossibleAct(f"the bot asks for a chat of {self.first_name}'s own")
        if asked.get("bot_is_member") and not chat.has(bot.user_id):
            raise ImpossibleAct(f"the bot asks for a chat that {bot.username} is in")
