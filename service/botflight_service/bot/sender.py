"""Puts messages into the Bot API's words, and reads of its answers where a message is and which file it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from telegram.error import BadRequest

from botflight_service.bot.calls import Calls, Upload
from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.message import INVOICE_START, Invoice, Keyboard, OutgoingMessage

_STARS = "XTR"
#: Forwarded, an invoice leads into its chat by this, instead of letting somebody else pay.
_HTML = "HTML"
_NO_PREVIEW: Mapping[str, Any] = {"is_disabled": True}
#: How a kind of file is sent, and under which name.
_FILE_METHODS = {
    ResultKind.PHOTO: ("sendPhoto", "photo"),
    ResultKind.ANIMATION: ("sendAnimation", "animation"),
    ResultKind.AUDIO: ("sendAudio", "audio"),
}
#: Telegram's own for `sendPhoto` (Bot API 10.3): larger ones go as files, up to 50 MB.
MAX_PHOTO_BYTES = 10 * 1024 * 1024
#: What Telegram says of a picture that it does not take as a photo: over 10,000 pixels in sum, over 20 times as long as
#: wide, not to be read, or known to it as a file.
_NO_PHOTO = ("photo_invalid_dimensions", "image_process_failed", "file is too big", "as photo")
#: What a message may hold its file as. Telegram calls a GIF both an animation and a document.
_FILES = ("animation", "audio", "document")
#: What Telegram says of a message that cannot be drawn over any more: it is sent anew.
_CANNOT_EDIT = ("message to edit not found", "message can't be edited", "there is no text in the message to edit")
#: What it says when the screen shows that already.
_SAME_CONTENT = "message is not modified"


class Files(Protocol):
    """Where finished files come from."""

    async def fetch(self, artifact: Artifact) -> bytes:
        """The file. Raises ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What Telegram made of a message."""

    message_id: int | None = None
    file_id: str | None = None


class Sender:
    """Sends one message at a time."""

    def __init__(self, calls: Calls, files: Files) -> None:
        self._calls = calls
        self._files = files

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send a message, or draw it over another one. Raises TelegramError or ProviderError."""
        if message.artifact is not None:
            return await self._send_file(message, message.artifact)
        if message.invoice is not None:
            return await self._send_invoice(message, message.invoice)
        text = {
            "chat_id": message.chat_id,
            "text": message.text,
            "parse_mode": _HTML,
            "reply_markup": _markup(message.keyboard),
            "link_preview_options": _NO_PREVIEW,
        }
        if message.edit_message_id is not None and await self._edit(text | {"message_id": message.edit_message_id}):
            return Sent(message.edit_message_id)
        return _sent(await self._calls.call("sendMessage", text))

    async def _edit(self, text: Mapping[str, Any]) -> bool:
        """Draw over a message; False where Telegram says that it cannot be done any more."""
        try:
            await self._calls.call("editMessageText", text)
        except BadRequest as error:
            told = error.message.lower()
            if _SAME_CONTENT in told:
                return True
            if any(reason in told for reason in _CANNOT_EDIT):
                return False
            raise
        return True

    async def _send_file(self, message: OutgoingMessage, artifact: Artifact) -> Sent:
        method, name = _FILE_METHODS[artifact.kind]
        file: str | Upload | None = artifact.telegram_file_id
        if file is None:
            file = Upload(artifact.file_name, await self._files.fetch(artifact))
        if artifact.kind is not ResultKind.PHOTO:
            return await self._send_as(method, name, file, message)
        if isinstance(file, str) or len(file.content) <= MAX_PHOTO_BYTES:
            try:
                return await self._send_as(method, name, file, message)
            except BadRequest as error:
                if not any(reason in error.message.lower() for reason in _NO_PHOTO):
                    raise
        # As a file it keeps every pixel: that is what an enlargement was bought for.
        return await self._send_as("sendDocument", "document", file, message)

    async def _send_as(self, method: str, name: str, file: str | Upload, message: OutgoingMessage) -> Sent:
        parameters = {
            "chat_id": message.chat_id,
            name: file if isinstance(file, str) else None,
            "caption": message.text,
            "parse_mode": _HTML,
            "reply_markup": _markup(message.keyboard),
        }
        return _sent(await self._calls.call(method, parameters, {name: file} if isinstance(file, Upload) else None))

    async def _send_invoice(self, message: OutgoingMessage, invoice: Invoice) -> Sent:
        pays = {"inline_keyboard": [[{"text": invoice.pay, "pay": True}], *_rows(message.keyboard)]}
        parameters = {
            "chat_id": message.chat_id,
            "title": invoice.title,
            "description": invoice.description,
            "payload": invoice.payload,
            "currency": _STARS,
            "prices": [{"label": invoice.title, "amount": invoice.stars}],
            "provider_token": "",
            "start_parameter": INVOICE_START,
            # Telegram wants the button that pays first, ours come below it.
            "reply_markup": pays,
        }
        return _sent(await self._calls.call("sendInvoice", parameters))


def _rows(keyboard: Keyboard) -> list[list[dict[str, str]]]:
    return [[{"text": button.label, "callback_data": button.data} for button in row] for row in keyboard]


def _markup(keyboard: Keyboard) -> dict[str, Any] | None:
    return {"inline_keyboard": _rows(keyboard)} if keyboard else None


def _sent(message: Mapping[str, Any]) -> Sent:
    """The two ids of Telegram's message."""
    if photo := message.get("photo"):
        return Sent(message["message_id"], photo[-1]["file_id"])
    file = next((message[kind] for kind in _FILES if kind in message), None)
    return Sent(message["message_id"], file["file_id"] if file is not None else None)
