"""Mini Apps, as people use them: opened by a button, they send data or what the bot has prepared."""

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.keyboards import inline_buttons, reply_buttons
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.web_apps import Prepared, WebApp

DATA_BYTES_MOST = 4096


class Launching(Actor):
    """What somebody can do with Mini Apps."""

    def open_web_app(self, button: str = "", *, where: BotAccount | None = None) -> WebApp:
        """Open a Mini App by a button's label, below a message or the chat; without one, by the menu button.

        What the page would be told is in the result's `init_data`, signed with the bot's token.
        """
        bot = where or self._telegram.sole_bot()
        chat = self._telegram.private_chat(self, bot)
        url, button_text = self._page(chat, bot, button)
        now_ms = self._telegram.clock.now_ms()
        return self._telegram.web_apps.open(bot, self.as_json(), chat, url, button_text=button_text, now_ms=now_ms)

    def send_web_app_data(self, app: WebApp, data: str) -> Act:
        """Let a Mini App that was opened below the chat send data to the bot, and close."""
        if not app.button_text:
            raise ImpossibleAct("only a page that was opened by a button below the chat can send data")
        if not 0 < len(data.encode()) <= DATA_BYTES_MOST:
            raise ImpossibleAct(f"a page sends 1 to {DATA_BYTES_MOST} bytes")
        return self.send_content({"web_app_data": {"data": data, "button_text": app.button_text}}, where=app.bot)

    def send_prepared(self, prepared_id: str, *, where: Place | None = None) -> Act:
        """Send a message that a bot has prepared with savePreparedInlineMessage."""
        prepared = self._take_prepared(prepared_id)
        kind = self.chat_in(where).kind
        if kind not in prepared.kinds:
            raise ImpossibleAct(f"this message may not be sent to a {kind} chat: {sorted(prepared.kinds)}")
        content = dict(prepared.content)
        return self.send_content(content, where=where, via=prepared.bot, inline_keyboard=prepared.keyboard)

    async def sends_web_app_data(self, app: WebApp, data: str) -> None:
        """Let a Mini App that was opened below the chat send data to the bot, and close."""
        await self._done(self.send_web_app_data(app, data))

    async def sends_prepared(self, prepared_id: str, *, where: Place | None = None) -> Seen:
        """Send a message that a bot has prepared."""
        return await self._done(self.send_prepared(prepared_id, where=where))

    def _take_prepared(self, prepared_id: str) -> Prepared:
        found = self._telegram.web_apps.prepared(prepared_id, self.user_id, self._telegram.clock.now_ms())
        if found is None:
            raise ImpossibleAct(f"nothing of the id {prepared_id!r} is prepared for {self.first_name}")
        return found

    def _page(self, chat: Chat, bot: BotAccount, label: str) -> tuple[str, str]:
        """Return the address of a page, and the label when its button is below the chat."""
        if not label:
            menu = bot.menu_buttons.get(self.user_id) or bot.menu_buttons.get(0) or {}
            if "web_app" not in menu:
                raise ImpossibleAct(f"the menu button of {bot.username} opens no Mini App")
            return str(menu["web_app"]["url"]), ""
        for message in chat.newest_first():
            for button in inline_buttons(message.inline_keyboard):
                if button["text"] == label and "web_app" in button:
                    return str(button["web_app"]["url"]), ""
        for button in reply_buttons(chat.reply_keyboard):
            if button["text"] == label and "web_app" in button:
                return str(button["web_app"]["url"]), label
        raise ImpossibleAct(f"{self.first_name} sees no button {label!r} that opens a Mini App")
