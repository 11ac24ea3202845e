"""Stickers, and the sets that hold them: what Telegram keeps of them, and which files it takes for one."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.files import FileStore, StoredFile, image_size
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.pictures import blank_picture

Kind = Literal["regular", "mask", "custom_emoji"]
Format = Literal["static", "animated", "video"]

NAME_CHARACTERS_MOST = 64
TITLE_CHARACTERS_MOST = 64
#: How many stickers a set may come to have (https://core.telegram.org/bots/api#addstickertoset).
STICKERS_MOST = {"regular": 120, "mask": 120, "custom_emoji": 200}
#: The longer side of a sticker, and both of a custom emoji or a set's thumbnail.
STICKER_SIDE, EMOJI_SIDE, THUMBNAIL_SIDE = 512, 100, 100

#: By format and by whether it is a custom emoji (get_max_sticker_file_size of tdlib).
_BYTES_MOST = {
    ("static", False): 2**19,
    ("static", True): 2**17,
    ("animated", False): 2**16,
    ("animated", True): 2**16,
    ("video", False): 2**18,
    ("video", True): 2**16,
}
_THUMBNAIL_BYTES_MOST = {"static": 2**17, "animated": 2**15, "video": 2**15}
_SUFFIXES = {"static": "webp", "animated": "tgs", "video": "webm"}
_MIME_TYPES = {"static": "image/webp", "animated": "application/x-tgsticker", "video": "video/webm"}
_GZIP, _EBML = b"\x1f\x8b", b"\x1aE\xdf\xa3"
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"RIFF")
_NAME = re.compile(r"[a-z](?:_?[a-z0-9])*_?", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Sticker:
    """A sticker of a set."""

    #: what a message shows of it is `file.content`, a Sticker object
    file: StoredFile
    format: Format
    #: the first of them stands for it in a message
    emoji: tuple[str, ...]
    #: what people find it by; no bot is ever shown them
    keywords: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the Sticker object."""
        return dict(self.file.content)

    @property
    def custom_emoji_id(self) -> str:
        """The id by which texts name it; empty when it is no custom emoji."""
        return str(self.file.content.get("custom_emoji_id", ""))


@dataclass(slots=True, eq=False)
class StickerSet:
    """A set of stickers."""

    name: str
    title: str
    kind: Kind
    #: the bot that made it, and the only one that may change it; None for one of nobody here
    bot: BotAccount | None
    needs_repainting: bool = False
    stickers: list[Sticker] = field(default_factory=list)
    #: a PhotoSize object; the first sticker stands for the set when there is none
    thumbnail: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the StickerSet object."""
        shown = [sticker.as_json() for sticker in self.stickers]
        json = {"name": self.name, "title": self.title, "sticker_type": self.kind, "stickers": shown}
        return json | {"thumbnail": self.thumbnail} if self.thumbnail else json

    def format(self) -> Format | None:
        """Return the format that all its stickers have, or None when they have several, or there is none."""
        formats = {sticker.format for sticker in self.stickers}
        return formats.pop() if len(formats) == 1 else None

    def find(self, emoji: str) -> Sticker | None:
        """Return the first sticker that goes with an emoji, or simply the first."""
        return next((sticker for sticker in self.stickers if not emoji or emoji in sticker.emoji), None)


@dataclass(slots=True)
class StickerSets:
    """The sets of a world."""

    _files: FileStore
    _by_name: dict[str, StickerSet] = field(default_factory=dict)
    #: by the sticker's file_id
    _homes: dict[str, StickerSet] = field(default_factory=dict)
    _custom_emoji: dict[str, Sticker] = field(default_factory=dict)
    #: what topics may have as their icon: a set of Telegram's own
    topic_icons: StickerSet | None = None

    def find(self, name: str) -> StickerSet | None:
        """Return the set of that name, written in any case, or None."""
        return self._by_name.get(name.strip().lower())

    def home(self, file_id: str) -> tuple[StickerSet, Sticker] | None:
        """Return the sticker of that file_id with the set that it is in now, or None."""
        home = self._homes.get(file_id)
        if home is None:
            return None
        return home, next(sticker for sticker in home.stickers if sticker.file.file_id == file_id)

    def custom_emoji(self, number: str) -> Sticker | None:
        """Return the custom emoji of that id, or None."""
        return self._custom_emoji.get(number)

    def open(self, made: StickerSet) -> None:
        """Let a set be found by its name."""
        self._by_name[made.name.lower()] = made

    def close(self, home: StickerSet) -> None:
        """Delete a set; what was sent of it stays, and belongs to none."""
        for sticker in tuple(home.stickers):
            self.take_out(home, sticker)
        del self._by_name[home.name.lower()]

    def draw(
        self,
        home: StickerSet,
        data: bytes,
        format_: Format,
        emoji: tuple[str, ...],
        keywords: tuple[str, ...] = (),
        mask_position: dict[str, Any] | None = None,
    ) -> Sticker:
        """Make a sticker for a set, which it is not in before `put`. Raises Refusal when the file is none."""
        width, height = _measure(data, format_, home.kind)
        shown: dict[str, Any] = {
            "type": home.kind,
            "width": width,
            "height": height,
            "is_animated": format_ == "animated",
            "is_video": format_ == "video",
            "emoji": emoji[0],
            "set_name": home.name,
        }
        if home.kind == "custom_emoji":
            shown["custom_emoji_id"] = str(self._files.random.randrange(5 * 10**18, 6 * 10**18))
            shown |= {"needs_repainting": True} if home.needs_repainting else {}
        if mask_position:
            shown["mask_position"] = mask_position
        upload = Upload(f"sticker.{_SUFFIXES[format_]}", data, _MIME_TYPES[format_])
        return Sticker(self._files.add("sticker", upload, shown=shown), format_, emoji, keywords)

    def put(self, home: StickerSet, sticker: Sticker, *, at: int | None = None) -> None:
        """Put a sticker into a set, at its end unless told where."""
        home.stickers.insert(len(home.stickers) if at is None else at, sticker)
        self._homes[sticker.file.file_id] = home
        if sticker.custom_emoji_id:
            self._custom_emoji[sticker.custom_emoji_id] = sticker

    def take_out(self, home: StickerSet, sticker: Sticker) -> None:
        """Take a sticker out of its set; it can be sent on."""
        home.stickers.remove(sticker)
        del self._homes[sticker.file.file_id]
        sticker.file.content.pop("set_name", None)

    def thumbnail(self, data: bytes, format_: Format) -> dict[str, Any]:
        """Keep a picture for a set, and return its PhotoSize. Raises Refusal when the file is none."""
        if format_ == "static" and not data.startswith(_PICTURES):
            raise bad_request("STICKER_THUMB_PNG_NOPNG")
        if format_ == "animated" and not data.startswith(_GZIP):
            raise bad_request("STICKER_THUMB_TGS_NOTGS")
        sides = {"width": THUMBNAIL_SIDE, "height": THUMBNAIL_SIDE}
        stored = self._files.add("document", Upload(f"thumbnail.{_SUFFIXES[format_]}", data, _MIME_TYPES[format_]))
        known = ("file_id", "file_unique_id", "file_size")
        return {name: stored.content[name] for name in known} | sides

    # What is there before the test begins

    def add(self, name: str, *emoji: str, title: str = "", kind: Kind = "regular") -> StickerSet:
        """Make a set of somebody's that no bot here may change, with a plain sticker for each emoji."""
        made = StickerSet(name, title or name, kind, None)
        side = EMOJI_SIDE if kind == "custom_emoji" else STICKER_SIDE
        for one in emoji:
            self.put(made, self.draw(made, blank_picture(side, side), "static", (one,)))
        self.open(made)
        return made

    def add_topic_icons(self, *emoji: str) -> StickerSet:
        """Say what getForumTopicIconStickers tells: a custom emoji for each emoji."""
        self.topic_icons = self.add("Topics", *emoji, kind="custom_emoji")
        return self.topic_icons


def is_set_name(name: str, bot: BotAccount) -> bool:
    """Tell whether a bot may call a set so (https://core.telegram.org/bots/api#createnewstickerset)."""
    return _NAME.fullmatch(name) is not None and name.lower().endswith(f"_by_{bot.username.lower()}")


def check_size(data: bytes, most: int) -> None:
    """Check that a file is small enough. Raises Refusal."""
    if len(data) > most:
        raise bad_request("file is too big")


def bytes_most(format_: Format, kind: Kind) -> int:
    """Return how large a sticker's file may be that is uploaded."""
    return _BYTES_MOST[format_, kind == "custom_emoji"]


def thumbnail_bytes_most(format_: Format) -> int:
    """Return how large a set's thumbnail may be that is uploaded."""
    return _THUMBNAIL_BYTES_MOST[format_]


def _measure(data: bytes, format_: Format, kind: Kind) -> tuple[int, int]:
    """Return width and height; a video's are taken on trust, as nothing here reads videos."""
    side = EMOJI_SIDE if kind == "custom_emoji" else STICKER_SIDE
    match format_:
        case "animated":
            if not data.startswith(_GZIP):
                raise bad_request("STICKER_TGS_NOTGS")
            return STICKER_SIDE, STICKER_SIDE
        case "video":
            if not data.startswith(_EBML):
                raise bad_request("STICKER_VIDEO_NOWEBM")
            return side, side
    size = image_size(data) if data.startswith(_PICTURES) else None
    if size is None:
        raise bad_request("STICKER_PNG_NOPNG")
    if max(size) != side or (kind == "custom_emoji" and min(size) != side):
        raise bad_request("STICKER_PNG_DIMENSIONS")
    return size
