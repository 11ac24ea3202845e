"""What people do on the page: each act is remembered, so that it can be delivered again or done many times."""

import io
import math
import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.server.roads import Roads
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram

#: The most that one press of a button does at once.
BURST_MOST = 100

_STICKER_EMOJI = "🦊"
_VOICE_S = 1
_VOICE_RATE_HZ = 8000


class UnknownMessage(LookupError):
    """The chat has no such message, or the message no such button."""


@dataclass(slots=True)
class Hand:
    """The hand of one person: what it does goes to the bot, and the last of it can be done again."""

    telegram: Telegram
    bot: BotAccount
    person: Person
    roads: Roads
    _last_act: Callable[[], Act] | None = field(default=None)
    _last_update: Update | None = field(default=None)

    def writes(self, text: str) -> Act:
        """Write a text or a command."""
        return self._does(lambda: self.person.send_text(text, where=self.bot))

    def sends_photo(self, photo: Upload, *, caption: str) -> Act:
        """Send a picture. Raises Refusal when it is none."""
        return self._does(
            lambda: self.person.send_file(
                "photo", photo.data, file_name=photo.file_name, caption=caption, where=self.bot
            )
        )

    def sends_sticker(self) -> Act:
        """Send a sticker."""
        stored = self.telegram.files.add("sticker", Upload("sticker.webp", b"sticker", "image/webp"))
        content = {"sticker": {**stored.content, "emoji": _STICKER_EMOJI}}
        return self._does(lambda: self.person.send_content(content, where=self.bot))

    def sends_voice(self) -> Act:
        """Send a voice message: a second of a quiet tone."""
        tone = _tone()
        return self._does(
            lambda: self.person.send_file("voice", tone, file_name="voice.oga", duration_s=_VOICE_S, where=self.bot)
        )

    def edits(self, message_id: int, text: str) -> Act:
        """Change the text of a message of one's own. Raises UnknownMessage."""
        message = self._message(message_id)
        return self._does(lambda: self.person.edit_text(message, text, where=self.bot))

    def taps(self, message_id: int, *, row: int, column: int) -> Act:
        """Tap a button below a message. Raises UnknownMessage."""
        message = self._message(message_id)
        button = _button(message, row=row, column=column)
        if "callback_data" not in button:
            raise ImpossibleAct(f"the button {button['text']!r} tells the bot nothing")
        data = str(button["callback_data"])
        return self._does(lambda: self.person.tap_data(message, data))

    def presses(self, label: str) -> Act:
        """Press a button of the keyboard below the chat."""
        return self._does(lambda: self.person.press(label, where=self.bot))

    def blocks(self, *, blocked: bool) -> Act:
        """Block the bot, or take the block away."""
        act = self.person.block(self.bot) if blocked else self.person.unblock(self.bot)
        self._remember(act)
        return act

    def repeats(self) -> Update:
        """Have the last update delivered again, with the same update_id."""
        if self._last_update is None:
            raise ImpossibleAct(f"{self.person.first_name} has done nothing yet that the bot was told of")
        self.roads.again(self.bot, self._last_update)
        return self._last_update

    def bursts(self, times: int) -> list[Update]:
        """Do the last act so many times at once: as many new updates, delivered together."""
        if self._last_act is None:
            raise ImpossibleAct(f"{self.person.first_name} has done nothing yet that can be done again")
        if not 1 <= times <= BURST_MOST:
            raise ImpossibleAct(f"once to {BURST_MOST} times can be done at once, not {times}")
        updates = [update for _ in range(times) for update in self._last_act().updates]
        self._last_update = updates[-1] if updates else self._last_update
        self.roads.together(self.bot, updates)
        return updates

    def _does(self, act: Callable[[], Act]) -> Act:
        done = act()
        self._last_act = act
        self._remember(done)
        return done

    def _remember(self, act: Act) -> None:
        if act.updates:
            self._last_update = act.updates[-1]

    def _message(self, message_id: int) -> Message:
        message = self.person.chat_in(self.bot).message(message_id)
        if message is None:
            raise UnknownMessage(f"there is no message {message_id}")
        return message


def _button(message: Message, *, row: int, column: int) -> dict[str, Any]:
    rows = (message.inline_keyboard or {}).get("inline_keyboard", [])
    if not (0 <= row < len(rows) and 0 <= column < len(rows[row])):
        raise UnknownMessage(f"message {message.message_id} has no button there any more")
    button: dict[str, Any] = rows[row][column]
    return button


def _tone() -> bytes:
    samples = (round(2500 * math.sin(at / 6)) for at in range(_VOICE_S * _VOICE_RATE_HZ))
    sound = io.BytesIO()
    with wave.open(sound, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(_VOICE_RATE_HZ)
        writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return sound.getvalue()
