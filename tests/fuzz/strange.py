"""Updates of every kind that Telegram knows, drawn from its schema, about people and chats that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz.objects import TEXTS, Objects, words

from botflight_harness.telegram import BotAccount, Person, Telegram, schema
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.paying import Payment
from botflight_harness.telegram.updates import Lane, Update

KINDS = tuple(sorted(schema.load().fields("Update").keys() - {"update_id"}))
#: What a person may have written; one of them is in a message.
WRITTEN = words(
    "text animation audio document live_photo paid_media photo sticker story video video_note voice "
    "checklist contact dice game poll venue location rich_message giveaway giveaway_winners invoice "
    "passport_data"
)
_CAPTIONED = frozenset({"animation", "audio", "document", "live_photo", "photo", "video", "voice", "paid_media"})
#: What goes with any message, whatever is in it.
_AROUND = frozenset(
    words(
        "message_id from date chat forward_origin reply_to_message external_reply quote reply_to_story "
        "via_bot edit_date has_protected_content is_from_offline media_group_id author_signature "
        "paid_star_count effect_id link_preview_options entities caption caption_entities "
        "show_caption_above_media has_media_spoiler sender_boost_count sender_tag message_thread_id "
        "is_topic_message reply_markup suggested_post_info direct_messages_topic reply_to_checklist_task_id "
        "reply_to_poll_option_id is_paid_post is_automatic_forward"
    )
)
#: What goes with none that a bot is sent in its own chats.
_NEVER = frozenset(
    words(
        "sender_business_bot receiver_user ephemeral_message_id guest_query_id business_connection_id "
        "guest_bot_caller_user guest_bot_caller_chat sender_chat"
    )
)
#: Told by nobody: members who come and go, payments, what a chat is called.
SERVICE = tuple(
    sorted(schema.load().fields("Message").keys() - set(WRITTEN) - _AROUND - _NEVER - {"successful_payment"})
)
#: Languages that Telegram may name, those among them that the bot does not speak.
_LANGUAGES = (None, "en", "ru", "ru-RU", "de", "pt-br", "zh-hans", "xx", "")


@dataclass(frozen=True, slots=True)
class Drawn:
    """An update on its way, and what may be expected of it."""

    update: Update
    #: Somebody wrote it in a private chat.
    is_private: bool = False
    #: The query of a tap that waits for its answer.
    query_id: str | None = None
    #: Whose payment goes on once its check-out is answered.
    payer: tuple[Person, Payment] | None = None


class Strange:
    """Draws updates."""

    def __init__(
        self, chance: Random, telegram: Telegram, bot: BotAccount, people: Sequence[Person], places: Sequence[Group]
    ) -> None:
        self._chance = chance
        self._telegram = telegram
        self._bot = bot
        self._people = people
        self._places = places
        self._by_kind: dict[str, Callable[[str], Drawn]] = {
            "message": self._message,
            "edited_message": self._message,
            "callback_query": self._tap,
            "pre_checkout_query": self._check_out,
        }

    def draw(self, kind: str | None = None) -> Drawn:
        """An update of a kind, or of any."""
        kind = kind or self._chance.choice(("message", "message", "callback_query", "edited_message", *KINDS))
        return self._by_kind.get(kind, self._any)(kind)

    @property
    def _objects(self) -> Objects:
        return Objects(
            self._chance, now_s=self._telegram.clock.now_ms() // 1000, rare=self._chance.choice((0, 0.1, 0.4))
        )

    def _put(self, kind: str, payload: dict[str, Any], lane: Lane) -> Update:
        update = self._telegram.update(self._bot, kind, payload, lane=lane)
        assert update is not None, f"the bot did not ask for {kind}"
        return update

    def _user(self, person: Person) -> dict[str, Any]:
        """A person, of whom Telegram tells more or less."""
        user = {**self._objects.draw("User"), **person.as_json(), "is_bot": False}
        language = self._chance.choice(_LANGUAGES)
        return user | {"language_code": language} if language is not None else user

    def _message(self, kind: str) -> Drawn:
        person = self._chance.choice(self._people)
        private = self._chance.random() < 0.7
        chat = person.chat_in() if private else self._chance.choice(self._places[:1]).chat
        payload = {**self._content(service=self._chance.random() < 0.25), "from": self._user(person)}
        payload |= {"chat": chat.as_json(), "message_id": self._message_id(chat)}
        if kind == "edited_message":
            payload["edit_date"] = payload["date"]
        written = not payload.keys().isdisjoint(WRITTEN)
        return Drawn(self._put(kind, payload, Lane("chat", chat.chat_id)), is_private=private and written)

    def _content(self, *, service: bool) -> dict[str, Any]:
        """A message with one thing in it, which somebody wrote or, in `service`, nobody did."""
        objects = self._objects
        drawn = {name: value for name, value in objects.draw("Message").items() if name in _AROUND}
        drawn = {name: value for name, value in drawn.items() if not name.startswith("caption")}
        drawn.pop("entities", None)
        name = self._chance.choice(SERVICE if service else (*WRITTEN, "text", "text", "photo"))
        found = schema.load().fields("Message")[name]
        drawn[name] = objects.text() if name == "text" else objects.draw(found.type) if found.kind == "json" else 1
        if found.type == "True":
            drawn[name] = True
        elif found.kind == "text" and name != "text":
            drawn[name] = objects.text(64)
        with_entities = self._chance.random() < 0.5
        if name == "text" and with_entities:
            drawn |= objects.within("entities", drawn[name])
        if name in _CAPTIONED and self._chance.random() < 0.5:
            drawn["caption"] = objects.text(1024)
            drawn |= objects.within("caption_entities", drawn["caption"]) if with_entities else {}
        return drawn

    def _message_id(self, chat: Chat) -> int:
        return self._chance.choice((1, chat.last_message_id + 1, self._chance.randint(1, 2**31 - 1)))

    def _tap(self, kind: str) -> Drawn:
        """A tap on what the bot has sent, or may have sent, here, elsewhere or through others."""
        person = self._chance.choice(self._people)
        way = self._chance.choice(("live", "live", "drawn", "gone", "inline", "group", "channel"))
        chat = person.chat_in()
        if way in {"group", "channel"}:
            chat = self._places[way == "channel"].chat
        payload: dict[str, Any] = {"from": self._user(person), "chat_instance": str(self._chance.randrange(10**18))}
        own = [message for message in chat.newest_first() if message.sender is self._bot]
        if way == "inline":
            payload["inline_message_id"] = "".join(self._chance.choices("ABCdef012_-", k=27))
        elif way == "gone":
            payload["message"] = {"chat": chat.as_json(), "message_id": self._message_id(chat), "date": 0}
        elif way == "live" and own:
            payload["message"] = self._chance.choice(own[:20]).as_json()
        else:
            payload["message"] = {
                **self._content(service=False),
                "from": self._bot.as_json(),
                "chat": chat.as_json(),
                "message_id": self._message_id(chat),
            }
        if self._chance.random() < 0.05:
            payload["game_short_name"] = "chess"
        else:
            payload["data"] = self.data(person)
        query = self._telegram.open_query(self._bot, person.user_id, chat)
        update = self._put(kind, {"id": query.query_id, **payload}, Lane("callback", person.user_id))
        return Drawn(update, query_id=query.query_id)

    def data(self, person: Person) -> str:
        """What stands behind some button: on somebody's screen now, or altered, or never seen."""
        other = person if self._chance.random() < 0.8 else self._chance.choice(self._people)
        seen = [data for message in other.screen[-10:] for data in message.callback_data if data]
        known = self._chance.choice(seen) if seen else "menu"
        fate = self._chance.random()
        if fate < 0.5:
            return known
        if fate < 0.8:
            words = known.split(":")
            words[self._chance.randrange(len(words))] = self._chance.choice(
                ("", "0", "-1", "99999999999999999999", "text_to_image", "prompt", "-", "x", "é", words[0])
            )
            known = ":".join(words)
        elif fate < 0.9:
            known = known + self._chance.choice((":", ":x", "::", " ", "\n", ":0:0"))
        else:
            known = self._chance.choice(TEXTS)
        return known.encode()[:64].decode(errors="ignore") or "x"

    def _check_out(self, kind: str) -> Drawn:
        person = self._chance.choice(self._people)
        query = self._telegram.cashier.till.ask("pre_checkout_query", self._bot, now_ms=self._telegram.clock.now_ms())
        payload = {**self._objects.draw("PreCheckoutQuery"), "id": query.query_id, "from": self._user(person)}
        payload["currency"] = self._chance.choice(("XTR", "EUR"))
        return Drawn(self._put(kind, payload, Lane("payment", person.user_id)))

    def _any(self, kind: str) -> Drawn:
        """Anything else: nobody waits for an answer, and nothing may break."""
        person, chat = self._chance.choice(self._people), self._chance.choice(self._places).chat
        payload: dict[str, Any] = self._objects.draw(schema.load().fields("Update")[kind].type)
        for name in ("from", "user"):
            if name in payload:
                payload[name] = self._user(person)
        if "chat" in payload:
            payload["chat"] = self._chance.choice((chat, person.chat_in())).as_json()
        if kind.endswith("channel_post"):
            channel = self._places[1].chat.as_json()
            payload = {**self._content(service=self._chance.random() < 0.3), "chat": channel, "sender_chat": channel}
            payload["message_id"] = self._message_id(self._places[1].chat)
        return Drawn(self._put(kind, payload, Lane("chat", chat.chat_id)))
