"""The keyboard below a chat: what its buttons write and share."""

from typing import Any

from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.entities import find_entities
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.keyboards import reply_buttons
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.transcript import transcript

#: Buttons that open something first, where a person chooses or goes on, and what does that here.
_OPENING = {
    "request_users": "shares_users",
    "request_chat": "shares_chat",
    "request_poll": "sends_poll",
    "request_managed_bot": "create_managed_bot",
    "web_app": "open_web_app",
}


class Pressing(Actor):
    """What somebody can do with the keyboard below a chat."""

    #: where the telephone is, in degrees of latitude and longitude: what a button that asks for it shares
    location: tuple[float, float] = (52.0116, 4.3571)

    def share_contact(self, phone_number: str = "", *, where: Place | None = None, update_id: int | None = None) -> Act:
        """Share one's own telephone number, which is made up from the id when none is given."""
        number = phone_number or f"3101{self.user_id % 10**8:08}"
        contact = {"phone_number": number, "first_name": self.first_name, "user_id": self.user_id}
        return self.send_content({"contact": contact}, where=where, update_id=update_id)

    def press(self, label: str, *, where: Place | None = None, update_id: int | None = None) -> Act:
        """Press a button of the keyboard below the chat: it writes its label, or shares the number or the place.

        Raises ImpossibleAct when there is none, and for one that opens something first.
        """
        chat = self.chat_in(where)
        button = next((one for one in reply_buttons(chat.reply_keyboard) if one["text"] == label), None)
        if button is None:
            heading = f"{self.first_name} sees no button {label!r}"
            raise ImpossibleAct("\n".join([heading, transcript(self._telegram, chat)]))
        for name, instead in _OPENING.items():
            if name in button:
                raise ImpossibleAct(f"a press of {label!r} tells the bot nothing, it opens a {name}: use {instead}")
        if chat.reply_keyboard and chat.reply_keyboard.get("one_time_keyboard"):
            chat.reply_keyboard = None
        if button.get("request_contact"):
            return self.share_contact(where=where, update_id=update_id)
        if button.get("request_location"):
            latitude, longitude = self.location
            point = {"latitude": latitude, "longitude": longitude}
            return self.send_content({"location": point}, where=where, update_id=update_id)
        entities = find_entities(label)
        content: dict[str, Any] = {"text": label, **({"entities": entities} if entities else {})}
        return self.send_content(content, where=where, update_id=update_id)

    async def presses(self, label: str, *, where: Place | None = None, update_id: int | None = None) -> Seen:
        """Press a button of the keyboard below the chat: it writes its label, or shares the number or the place."""
        return await self._done(self.press(label, where=where, update_id=update_id))
