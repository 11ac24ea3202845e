"""What a person sees: the messages of a chat as they stand now, as small values to assert on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.telegram import rich
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.files import FileStore
from botflight_harness.telegram.keyboards import inline_buttons

_MEDIA = ("live_photo", "photo", "animation", "video", "audio", "voice", "video_note", "sticker", "document")
#: What is no file and no text; a venue carries its location too, so it comes first.
_CARDS = ("rich_message", "checklist", "game", "invoice", "poll", "venue", "location", "contact", "dice", "paid_media")


@dataclass(frozen=True, slots=True)
class Seen:
    """A message on a screen."""

    message_id: int
    #: the first name of who wrote it
    sender: str
    from_bot: bool
    #: the text, the caption, or what else can be read: a sticker's emoji, an invoice's title, a poll's question with
    #: its options
    text: str
    #: the labels in it and below it, row by row
    buttons: tuple[str, ...]
    #: photo, live_photo, animation, video, audio, voice, video_note, sticker, document, checklist, game, invoice,
    #: poll, rich_message, venue, location, contact, dice, paid_media, service (an event of the chat), or text
    kind: str
    edited: bool
    #: the bytes of the medium
    media: bytes | None = field(default=None, repr=False)
    #: by label, for buttons that are callbacks
    callback_data: tuple[str, ...] = field(default=(), repr=False)
    file_name: str = field(default="", repr=False)


def screen(chat: Chat, files: FileStore, user_id: int) -> list[Seen]:
    """Return what a chat shows somebody now, the oldest first."""
    return [seen(message, files) for message in chat.seen_by(user_id)][::-1]


def seen(message: Message, files: FileStore) -> Seen:
    """Return one message as it is seen."""
    sender = message.sender.as_json()
    buttons = [*rich.buttons(message.content), *inline_buttons(message.inline_keyboard)]
    kind = _kind(message)
    stored = files.get(_file_id(message.content[kind])) if kind in _MEDIA else None
    return Seen(
        message_id=message.message_id,
        sender=sender["first_name"],
        from_bot=sender["is_bot"],
        text=message.text or _card(message.content),
        buttons=tuple(str(button["text"]) for button in buttons),
        kind=kind,
        edited=bool(message.edit_date_s),
        media=stored.data if stored else None,
        callback_data=tuple(str(button.get("callback_data", "")) for button in buttons),
        file_name=stored.file_name if stored else "",
    )


def _kind(message: Message) -> str:
    if "text" in message.content:
        return "text"
    if message.is_service:
        return "service"
    return next((kind for kind in (*_MEDIA, *_CARDS) if kind in message.content), "text")


def _card(content: Mapping[str, Any]) -> str:
    """Return what a person reads on something that is no text."""
    return next((read(content[kind]) for kind, read in _READ.items() if kind in content), "")


def _task(task: Mapping[str, Any]) -> str:
    return f"[{'x' if 'completion_date' in task else ' '}] {task['text']}"


#: By kind: what a person reads on it. A venue carries its location too, so it comes first.
_READ: Mapping[str, Callable[[Any], str]] = {
    "sticker": lambda sticker: str(sticker.get("emoji", "")),
    "rich_message": lambda message: "\n".join(rich.lines(message["blocks"])),
    "checklist": lambda checklist: "\n".join([checklist["title"], *map(_task, checklist["tasks"])]),
    "game": lambda game: f"{game['title']}\n{game.get('text') or game['description']}",
    "invoice": lambda invoice: f"{invoice['title']}\n{invoice['description']}",
    "poll": lambda poll: "\n".join([poll["question"], *(f"( ) {option['text']}" for option in poll["options"])]),
    "venue": lambda venue: f"{venue['title']}, {venue['address']}",
    "location": lambda location: f"{location['latitude']}, {location['longitude']}",
    "contact": lambda contact: f"{contact['first_name']} {contact['phone_number']}",
    "gift": lambda gift: "\n".join([gift["gift"]["sticker"]["emoji"], *([gift["text"]] if "text" in gift else ())]),
    "dice": lambda dice: f"{dice['emoji']} {dice['value']}",
}


def _file_id(medium: Any) -> str:  # noqa: ANN401 -- JSON
    described = medium[-1] if isinstance(medium, list) else medium
    return str(described["file_id"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for on a screen; None takes whatever is there."""

    text: str | None = None
    button: str | None = None
    kind: str | None = None

    def newest_of(self, messages: Iterable[Seen]) -> Seen | None:
        """Return the newest message that has the text in it and the button below it, and is of the kind."""
        return next((message for message in reversed(list(messages)) if self._fits(message)), None)

    def __str__(self) -> str:
        parts = [self.kind and f"a message of kind {self.kind!r}", self.text and f"{self.text!r}"]
        parts.append(self.button and f"a button {self.button!r}")
        return " and ".join(part for part in parts if part) or "anything"

    def _fits(self, message: Seen) -> bool:
        has_text = self.text is None or self.text in message.text
        has_button = self.button is None or self.button in message.buttons or self.button in message.callback_data
        return has_text and has_button and self.kind in {None, message.kind}
