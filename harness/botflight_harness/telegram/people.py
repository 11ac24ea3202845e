"""People: what they can do, what they see, and waiting for it.

The plain verbs (`send_text`, `tap`) only change the world and leave updates waiting; the ones in the third
person (`sends`, `taps`) also let them travel on the bot's road, and return when they were handled.
"""

import asyncio
from itertools import chain
from typing import Any

from botflight_harness.telegram import rich
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act, Place
from botflight_harness.telegram.asking import Asking
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.dealing import Dealing
from botflight_harness.telegram.dice import DICE
from botflight_harness.telegram.entities import find_entities
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.files import guess_mime_type
from botflight_harness.telegram.filming import Filming
from botflight_harness.telegram.joining import Joining
from botflight_harness.telegram.keyboards import Button, inline_buttons
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.picking import Picking
from botflight_harness.telegram.playing import Playing
from botflight_harness.telegram.presenting import Presenting
from botflight_harness.telegram.pressing import Pressing
from botflight_harness.telegram.responding import Responding
from botflight_harness.telegram.screen import Seen, Wanted, screen
from botflight_harness.telegram.sharing import Sharing
from botflight_harness.telegram.speaking import Speaking
from botflight_harness.telegram.suggesting import Suggesting
from botflight_harness.telegram.ticking import Ticking
from botflight_harness.telegram.transcript import call_list, transcript
from botflight_harness.telegram.updates import Lane

#: How long `sees` waits for a bot that works in the background, in real seconds.
PATIENCE_S = 5.0


class Person(
    Responding,
    Joining,
    Suggesting,
    Asking,
    Dealing,
    Picking,
    Playing,
    Filming,
    Presenting,
    Pressing,
    Sharing,
    Speaking,
    Ticking,
):
    """Somebody with a Telegram account. Make one with `telegram.user(...)`."""

    # Doing

    def send_text(
        self,
        text: str,
        *,
        where: Place | None = None,
        reply_to: int | None = None,
        topic: int = 0,
        update_id: int | None = None,
    ) -> Act:
        """Write a text or a command. `reply_to` is the id of a message in the same chat, `topic` a thread's."""
        content: dict[str, Any] = {"text": text}
        if entities := find_entities(text):
            content["entities"] = entities
        return self.send_content(content, where=where, reply_to=reply_to, topic=topic, update_id=update_id)

    def send_file(
        self,
        kind: str,
        data: bytes,
        *,
        file_name: str = "",
        caption: str = "",
        duration_s: int = 0,
        where: Place | None = None,
        update_id: int | None = None,
    ) -> Act:
        """Send a photo, video, animation, audio, voice, document or sticker."""
        upload = Upload(file_name, data, guess_mime_type(file_name))
        stored = self._telegram.files.add(kind, upload, duration_s=duration_s)
        content: dict[str, Any] = {kind: stored.content}
        if caption:
            content["caption"] = caption
            if entities := find_entities(caption):
                content["caption_entities"] = entities
        return self.send_content(content, where=where, update_id=update_id)

    def edit_text(
        self, message: Message | Seen, text: str, *, where: Place | None = None, update_id: int | None = None
    ) -> Act:
        """Change the text of a message of one's own."""
        own = self._own(message, where)
        content: dict[str, Any] = {"text": text}
        if entities := find_entities(text):
            content["entities"] = entities
        self._telegram.change(own, content, inline_keyboard=None)
        return Act(own, self._announce("edited_message", own, update_id))

    def tap(
        self,
        button: str,
        *,
        on: Message | Seen | int | None = None,
        where: Place | None = None,
        update_id: int | None = None,
    ) -> Act:
        """Tap a button by its label or its callback data, on a message or on the newest that has it.

        A button of the keyboard below the chat writes its label, or shares what it asks for. Raises ImpossibleAct
        when there is none to be seen, or when tapping it tells the bot nothing.
        """
        chat = self.chat_in(where)
        found = self._find_button(chat, button, _message_id(on))
        if found is None:
            return self.press(button, where=where, update_id=update_id)
        message, tapped = found
        if "callback_game" in tapped:
            return self._start_game(message, update_id)
        if "callback_data" not in tapped:
            raise ImpossibleAct(f"tapping {button!r} tells the bot nothing: {tapped}")
        return self.tap_data(message, str(tapped["callback_data"]), update_id=update_id)

    def tap_data(self, message: Message, data: str, *, update_id: int | None = None) -> Act:
        """Tap a button that a client still shows, whether it is there or not: an old screen, a forged client."""
        return self._press_button(message, {"data": data}, update_id)

    def block(self, bot: BotAccount | None = None) -> Act:
        """Block a bot: it can write no more."""
        return self._set_block(bot, blocked=True)

    def unblock(self, bot: BotAccount | None = None) -> Act:
        """Take the block away."""
        return self._set_block(bot, blocked=False)

    # Seeing

    @property
    def screen(self) -> list[Seen]:
        """What the chat with the only bot shows now, the oldest first."""
        return self.screen_in()

    @property
    def last(self) -> Seen:
        """The newest message of the chat with the only bot. Raises ImpossibleAct when it is empty."""
        shown = self.screen
        if not shown:
            raise ImpossibleAct(f"{self.first_name} sees an empty chat")
        return shown[-1]

    def screen_in(self, where: Place | None = None) -> list[Seen]:
        """Return what a chat shows now, the oldest first."""
        return screen(self.chat_in(where), self._telegram.files, self.user_id)

    # Doing, and waiting until it was handled

    async def sends(
        self,
        text: str,
        *,
        where: Place | None = None,
        reply_to: int | None = None,
        topic: int = 0,
        update_id: int | None = None,
    ) -> Seen:
        """Write a text or a command. `topic` is the message_thread_id in a forum."""
        act = self.send_text(text, where=where, reply_to=reply_to, topic=topic, update_id=update_id)
        return await self._done(act)

    async def sends_photo(self, data: bytes, *, caption: str = "", where: Place | None = None) -> Seen:
        """Send a photo: the bytes of a PNG, JPEG, GIF or WebP."""
        return await self._done(self.send_file("photo", data, file_name="photo.jpg", caption=caption, where=where))

    async def sends_voice(self, data: bytes, *, duration_s: int = 1, where: Place | None = None) -> Seen:
        """Send a voice note."""
        act = self.send_file("voice", data, file_name="voice.oga", duration_s=duration_s, where=where)
        return await self._done(act)

    async def sends_document(
        self, data: bytes, *, file_name: str = "file.bin", caption: str = "", where: Place | None = None
    ) -> Seen:
        """Send a file."""
        return await self._done(self.send_file("document", data, file_name=file_name, caption=caption, where=where))

    async def sends_location(self, latitude: float, longitude: float, *, where: Place | None = None) -> Seen:
        """Send a point on the map."""
        content = {"location": {"latitude": latitude, "longitude": longitude}}
        return await self._done(self.send_content(content, where=where))

    async def sends_contact(self, phone_number: str = "", *, where: Place | None = None) -> Seen:
        """Share one's own telephone number."""
        return await self._done(self.share_contact(phone_number, where=where))

    async def sends_dice(self, emoji: str = "🎲", *, where: Place | None = None) -> Seen:
        """Throw a die, a dart and the like. Raises ImpossibleAct for an emoji that rolls nothing."""
        if emoji not in DICE:
            raise ImpossibleAct(f"{emoji!r} rolls nothing: {' '.join(DICE)} do")
        value = self._telegram.roll(DICE[emoji])
        return await self._done(self.send_content({"dice": {"emoji": emoji, "value": value}}, where=where))

    async def sends_album(self, *photos: bytes, caption: str = "", where: Place | None = None) -> list[Seen]:
        """Send photos that belong together; the caption stands below the first."""
        group = {"media_group_id": str(self._telegram.random.randrange(10**16, 10**17))}
        acts = []
        for number, data in enumerate(photos):
            stored = self._telegram.files.add("photo", Upload("photo.jpg", data, "image/jpeg"))
            content = {"photo": stored.content} | ({"caption": caption} if caption and number == 0 else {})
            acts.append(self.send_content(content, where=where, extra=group))
        return [await self._done(act) for act in acts]

    async def edits(self, message: Message | Seen, text: str, *, where: Place | None = None) -> Seen:
        """Change the text of a message of one's own."""
        return await self._done(self.edit_text(message, text, where=where))

    async def taps(
        self,
        button: str,
        *,
        times: int = 1,
        together: bool = False,
        on: Message | Seen | int | None = None,
        where: Place | None = None,
        update_id: int | None = None,
    ) -> None:
        """Tap a button, as `tap` finds it.

        `times` taps are made before the bot can answer the first. They arrive one after the other, as the
        official server delivers them, or all at the same moment when `together`.
        """
        acts = [self.tap(button, on=on, where=where, update_id=update_id) for _ in range(times)]
        await self._travel([update for act in acts for update in act.updates], together=together)

    async def blocks(self, bot: BotAccount | None = None) -> None:
        """Block a bot."""
        await self._travel(self.block(bot).updates)

    async def unblocks(self, bot: BotAccount | None = None) -> None:
        """Take the block away."""
        await self._travel(self.unblock(bot).updates)

    async def sees(
        self,
        text: str | None = None,
        *,
        button: str | None = None,
        kind: str | None = None,
        where: Place | None = None,
        timeout: float = PATIENCE_S,  # noqa: ASYNC109 -- the wait is the point, and it ends with a transcript
    ) -> Seen:
        """Wait until a bot's message on the screen has `text` in it and `button` below it, and return it.

        `kind` is such as photo or invoice, as Seen has it; `timeout` is in real seconds. Raises AssertionError with
        the chat and the bot's calls.
        """
        chat, wanted = self.chat_in(where), Wanted(text, button, kind)
        try:
            async with asyncio.timeout(timeout):
                return await self._wait(chat, wanted)
        except TimeoutError:
            raise AssertionError(self._blindness(chat, wanted, timeout)) from None

    async def _wait(self, chat: Chat, wanted: Wanted) -> Seen:
        changed = asyncio.Event()
        unsubscribe = self._telegram.subscribe(lambda _: changed.set())
        try:
            while True:
                changed.clear()
                shown = [message for message in screen(chat, self._telegram.files, self.user_id) if message.from_bot]
                if (found := wanted.newest_of(shown)) is not None:
                    return found
                await changed.wait()
        finally:
            unsubscribe()

    def _blindness(self, chat: Chat, wanted: Wanted, timeout_s: float) -> str:
        heading = f"{self.first_name} does not see {wanted} within {timeout_s:g} s"
        return "\n".join([heading, transcript(self._telegram, chat), call_list(self._telegram.calls)])

    def _own(self, message: Message | Seen, where: Place | None) -> Message:
        chat = message.chat if isinstance(message, Message) else self.chat_in(where)
        found = chat.message(message.message_id)
        if found is None or found.sender is not self:
            raise ImpossibleAct(f"{self.first_name} has no such message to edit")
        return found

    def _find_button(self, chat: Chat, button: str, message_id: int | None) -> tuple[Message, Button] | None:
        for message in chat.seen_by(self.user_id):
            if message_id is not None and message.message_id != message_id:
                continue
            for candidate in chain(rich.buttons(message.content), inline_buttons(message.inline_keyboard)):
                if button in {candidate["text"], candidate.get("callback_data")}:
                    return message, candidate
        return None

    def _set_block(self, bot: BotAccount | None, *, blocked: bool) -> Act:
        bot = bot or self._telegram.sole_bot()
        self._telegram.set_blocked(self.user_id, bot, blocked=blocked)
        chat = self.chat_in(bot)
        user = bot.as_json()
        states = [{"user": user, "status": "member"}, {"user": user, "status": "kicked", "until_date": 0}]
        before, after = states if blocked else states[::-1]
        payload = {
            "chat": chat.as_json(),
            "from": self.as_json(),
            "date": self._telegram.clock.now_ms() // 1000,
            "old_chat_member": before,
            "new_chat_member": after,
        }
        self._telegram.tell("blocked" if blocked else "unblocked", chat)
        lane = Lane("chat", chat.chat_id)
        update = self._telegram.update(bot, "my_chat_member", payload, lane=lane)
        return Act(None, () if update is None else (update,))


def _message_id(message: Message | Seen | int | None) -> int | None:
    return message if isinstance(message, int) or message is None else message.message_id
