"""What people do with the bot, sensible or not: each step leaves updates that wait to be brought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.fuzz.objects import TEXTS, words
from tests.fuzz.strange import Drawn, Strange

from botflight_harness.telegram import BotAccount, ImpossibleAct, Person, Telegram
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.events import Event
from botflight_harness.telegram.groups import Group

_COMMANDS = words(
    "/start /start /menu /generate /balance /history /language /terms /support /paysupport /help /cancel /nonsense /"
)
_ADMIN = (
    "/admin",
    "/stats",
    "/audit",
    "/user {user}",
    "/user x",
    "/attempt {text}",
    "/credit {user} 25",
    "/credit {user} -1",
    "/credit {user} 0.001",
    "/credit 1 5",
    "/credit",
    "/refund {text}",
    "/refund {charge}",
    "/refund {charge} loss",
    "/maintenance on",
    "/maintenance off",
    "/broadcast {text}",
    "/broadcast_go",
    "/broadcast_stop",
    "/broadcast_status",
    "/mute BPF_ATTEMPT_STALE 1 {text}",
    "/unmute BPF_ATTEMPT_STALE",
)
#: What makes the provider fail, lose its answer or never end.
_PROMPTS = (*TEXTS, "[fail]", "[lose]", "[hang]", "[slow]")
#: How often the next step is the buyer's next one.
_PERSISTENCE = 0.88
#: Buttons on the way to a picture.
_ONWARD = ("models", "model:", "answer:", "confirm_generation:")
_FILES = ("photo", "photo", "document", "voice", "video", "animation", "audio", "sticker")


class Crowd:
    """People, the first of them an administrator, in their private chats, a group and a channel."""

    def __init__(
        self,
        chance: Random,
        telegram: Telegram,
        bot: BotAccount,
        people: Sequence[Person],
        group: Group,
        channel: Group,
        picture: bytes,
    ) -> None:
        self._chance = chance
        self._telegram = telegram
        self._bot = bot
        self._people = people
        self._group, self._channel = group, channel
        self._picture = picture
        self._strange = Strange(chance, telegram, bot, people, (group, channel))
        #: By chat, the message that the bot has drawn last.
        self._drawn: dict[int, int] = {}
        telegram.subscribe(self._see)
        #: Who is about to buy something, and goes on with it mostly.
        self._buyer: Person | None = None
        self._walks: tuple[Callable[[Person], Sequence[Drawn]], ...] = (
            *[self._taps] * 6,
            *[self._goes_on] * 2,
            *[self._writes] * 3,
            self._sends_file,
            self._sends_thing,
            self._edits,
            self._blocks,
            *[self._in_group] * 2,
            self._in_channel,
            self._pays,
            self._opens,
            *[lambda _: (self._strange.draw(),)] * 12,
        )

    def step(self) -> Sequence[Drawn]:
        """Let somebody do something; it may come to nothing."""
        person, walk = self._chance.choice(self._people), self._chance.choice(self._walks)
        if self._buyer is not None and self._chance.random() < _PERSISTENCE:
            person, walk = self._buyer, self._goes_on
        self._buyer = person if walk == self._goes_on else None
        try:
            return walk(person)
        except ImpossibleAct:
            return ()

    def _see(self, event: Event) -> None:
        shown = event.message or {}
        if event.kind in {"message_sent", "message_edited"} and shown.get("from", {}).get("id") == self._bot.user_id:
            self._drawn[event.chat_id] = shown["message_id"]

    def _taps(self, person: Person) -> Sequence[Drawn]:
        """On what is shown, mostly the newest; sometimes again and again, sometimes what was never there."""
        shown = [one for one in person.chat_in().newest_first() if one.sender is self._bot and one.inline_keyboard]
        if not shown:
            return self._says(person, "/start")
        message = shown[0] if self._chance.random() < 0.7 else self._chance.choice(shown[:15])
        buttons = [button for row in (message.inline_keyboard or {})["inline_keyboard"] for button in row]
        button = self._chance.choice(buttons)
        data = button.get("callback_data") if self._chance.random() < 0.9 else self._strange.data(person)
        if data is None:
            return self._pays(person)
        times = self._chance.choice((1, 1, 1, 1, 2, 5))
        return [_tapped(person.tap_data(message, data)) for _ in range(times)]

    def _goes_on(self, person: Person) -> Sequence[Drawn]:
        """Towards a picture: whatever is asked for is answered, and what is offered is confirmed."""
        if self._telegram.has_blocked(person.user_id, self._bot):
            return self._blocks(person)
        newest = person.chat_in().message(self._drawn.get(person.user_id, 0))
        rows = (newest.inline_keyboard or {}).get("inline_keyboard", ()) if newest is not None else ()
        offered = [str(button.get("callback_data", "")) for row in rows for button in row]
        onward = [data for data in offered if data.startswith(_ONWARD)]
        if newest is not None and onward:
            times = self._chance.choice((1, 1, 1, 1, 1, 2, 3, 20)) if onward[0].startswith("confirm_generation") else 1
            data = self._chance.choice(onward)
            return [_tapped(person.tap_data(newest, data)) for _ in range(times)]
        if any(data.startswith("back:") for data in offered):
            if self._chance.random() < 0.4:
                return _written(person.send_file("photo", self._picture, file_name="x.png"), private=True)
            return self._says(person, self._chance.choice(_PROMPTS))
        return self._says(person, "/generate")

    def _writes(self, person: Person) -> Sequence[Drawn]:
        if person is self._people[0] and self._chance.random() < 0.3:
            return self._says(person, self._filled(self._chance.choice(_ADMIN)))
        if self._chance.random() < 0.4:
            return self._says(person, self._chance.choice(_COMMANDS))
        return self._says(person, self._chance.choice(_PROMPTS))

    def _filled(self, command: str) -> str:
        charges = list(self._telegram.cashier.till.charges) or ["st_none"]
        values = {
            "user": str(self._chance.choice(self._people).user_id),
            "text": self._chance.choice(TEXTS),
            "charge": self._chance.choice(charges),
        }
        for name, value in values.items():
            command = command.replace(f"{{{name}}}", value)
        return command

    def _says(self, person: Person, text: str) -> Sequence[Drawn]:
        return _written(person.send_text(text), private=True)

    def _sends_file(self, person: Person) -> Sequence[Drawn]:
        caption = self._chance.choice(("", self._chance.choice(_PROMPTS)))
        act = person.send_file(self._chance.choice(_FILES), self._picture, file_name="x.png", caption=caption)
        return _written(act, private=True)

    def _sends_thing(self, person: Person) -> Sequence[Drawn]:
        things: tuple[dict[str, Any], ...] = (
            {"location": {"latitude": 52.0, "longitude": 4.3}},
            {"contact": {"phone_number": "31015", "first_name": "Jan"}},
            {"dice": {"emoji": "🎲", "value": 3}},
            {"venue": {"location": {"latitude": 1.0, "longitude": 1.0}, "title": "Café", "address": "Markt 1"}},
        )
        return _written(person.send_content(self._chance.choice(things)), private=True)

    def _edits(self, person: Person) -> Sequence[Drawn]:
        own = [one for one in person.chat_in().newest_first() if one.sender is person and "text" in one.content]
        if not own:
            return ()
        return _written(person.edit_text(self._chance.choice(own[:5]), self._chance.choice(_PROMPTS)), private=True)

    def _blocks(self, person: Person) -> Sequence[Drawn]:
        blocked = self._telegram.has_blocked(person.user_id, self._bot)
        return _written(person.unblock() if blocked else person.block(), private=False)

    def _opens(self, _: Person) -> Sequence[Drawn]:
        return self._says(self._people[0], "/maintenance off")

    def _in_group(self, person: Person) -> Sequence[Drawn]:
        text = self._chance.choice((*TEXTS, "/start", f"/help@{self._bot.username}", f"hey @{self._bot.username}!"))
        own = [one for one in self._group.chat.newest_first() if one.sender is self._bot]
        reply_to = own[0].message_id if own and self._chance.random() < 0.4 else None
        return _written(person.send_text(text, where=self._group, reply_to=reply_to), private=False)

    def _in_channel(self, _: Person) -> Sequence[Drawn]:
        return _written(self._people[0].send_text(self._chance.choice(TEXTS), where=self._channel), private=False)

    def _pays(self, person: Person) -> Sequence[Drawn]:
        """The newest invoice, as far as Telegram asks the bot: `Scene` sees the payment through."""
        payment = person.open_payment()
        return () if payment.update is None else (Drawn(payment.update, payer=(person, payment)),)


def _written(act: Act, *, private: bool) -> Sequence[Drawn]:
    return [Drawn(update, is_private=private) for update in act.updates]


def _tapped(act: Act) -> Drawn:
    return Drawn(act.update, query_id=str(act.update.payload["id"]))
