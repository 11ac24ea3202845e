import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, NotModelled, Person, Telegram, Upload

Call = Callable[..., Any]


def png(width: int = 4, height: int = 3) -> bytes:
    """A grey PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture(autouse=True)
def _acquainted(alice: Person) -> None:
    alice.send_text("/start")


def test_a_photo_is_uploaded_and_measured(call: Call, alice: Person) -> None:
    """A photo comes with a thumbnail and its full size, and the person has its bytes."""
    picture = png(200, 100)

    sent = call(
        "sendPhoto", {"photo": Upload("a.png", picture)}, chat_id=alice.user_id, caption="<b>Hi</b>", parse_mode="HTML"
    )

    assert [(size["width"], size["height"]) for size in sent["photo"]] == [(90, 45), (200, 100)]
    assert sent["caption_entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert (alice.last.kind, alice.last.text, alice.last.media) == ("photo", "Hi", picture)


def test_a_file_may_be_attached_by_name(call: Call, alice: Person) -> None:
    """`attach://` refers to a part of the form."""
    call("sendDocument", {"f": Upload("a.txt", b"text", "text/plain")}, chat_id=alice.user_id, document="attach://f")

    assert (alice.last.kind, alice.last.file_name, alice.last.media) == ("document", "a.txt", b"text")


def test_a_file_id_sends_the_same_file_again(call: Call, alice: Person) -> None:
    """What was uploaded once need not be uploaded again."""
    first = call("sendPhoto", {"photo": Upload("a.png", png())}, chat_id=alice.user_id)

    second = call("sendPhoto", chat_id=alice.user_id, photo=first["photo"][-1]["file_id"])

    assert second["photo"] == first["photo"]


def test_a_file_can_be_downloaded(call: Call, telegram: Telegram, alice: Person) -> None:
    """A file that a person sent is found by getFile, and lies at its path."""
    photo = alice.send_file("photo", png(), file_name="x.png").update.payload["photo"]

    found = call("getFile", file_id=photo[-1]["file_id"])

    stored = telegram.files.at(found["file_path"])
    assert stored is not None
    assert stored.data == png()
    assert found["file_size"] == len(png())


def mp4(seconds: int) -> bytes:
    """The header of a video of that length, at 1000 ticks a second."""
    return b"\0\0\0\x6cmvhd" + struct.pack(">IIIII", 0, 0, 0, 1000, seconds * 1000) + b"\0" * 80


def test_a_video_note_is_round(call: Call, alice: Person) -> None:
    """It has one side, and the length that its file tells."""
    sent = call("sendVideoNote", {"video_note": Upload("a.mp4", mp4(7))}, chat_id=alice.user_id, length=240)

    assert (sent["video_note"]["length"], sent["video_note"]["duration"]) == (240, 7)
    assert (alice.last.kind, alice.last.media) == ("video_note", mp4(7))
    again = call("sendVideoNote", chat_id=alice.user_id, video_note=sent["video_note"]["file_id"])
    assert again["video_note"]["length"] == 384


def test_a_live_photo_is_a_photo_that_moves(call: Call, alice: Person) -> None:
    """It shows the picture, with the video behind it, also to those who know photos only."""
    files = {"live_photo": Upload("a.mp4", mp4(3)), "photo": Upload("a.png", png(200, 100))}

    sent = call("sendLivePhoto", files, chat_id=alice.user_id, caption="Hi", has_spoiler=True)

    live = sent["live_photo"]
    assert (live["width"], live["height"], live["duration"]) == (200, 100, 3)
    assert live["photo"] == sent["photo"]
    assert (sent["caption"], sent["has_media_spoiler"]) == ("Hi", True)
    assert (alice.last.kind, alice.last.text, alice.last.media) == ("live_photo", "Hi", mp4(3))


def test_a_live_photo_stands_in_an_album(call: Call, alice: Person) -> None:
    """Beside photos; and it may come in the place of one."""
    files = {"v": Upload("a.mp4", mp4(3)), "p": Upload("a.png", png())}
    live = {"type": "live_photo", "media": "attach://v", "photo": "attach://p"}

    sent = call("sendMediaGroup", files, chat_id=alice.user_id, media=[live, {"type": "photo", "media": "attach://p"}])
    edited = call("editMessageMedia", files, chat_id=alice.user_id, message_id=sent[1]["message_id"], media=live)

    assert ["live_photo" in message for message in sent] == [True, False]
    assert edited["live_photo"]["duration"] == 3


async def test_people_film(alice: Person, bot: BotAccount) -> None:
    """A round video and a photo that lives reach the bot as such."""
    bot.updates.clear()

    note = await alice.sends_video_note(mp4(2), duration_s=2)
    live = await alice.sends_live_photo(mp4(3), png(), duration_s=3, caption="Hi")

    first, second = (update.payload for update in bot.updates)
    assert (note.kind, first["video_note"]["duration"]) == ("video_note", 2)
    assert (live.kind, second["live_photo"]["duration"], second["caption"]) == ("live_photo", 3, "Hi")


@pytest.mark.parametrize(
    ("method", "parameters", "files", "words"),
    [
        ("sendVideoNote", {"length": 641}, {"video_note": Upload("a.mp4", b"x")}, "wrong video note length"),
        ("sendVideoNote", {}, {}, "there is no video note in the request"),
        ("sendVideoNote", {"video_note": "attach://x"}, {}, "there is no video note in the request"),
        ("sendLivePhoto", {}, {"photo": Upload("a.png", png())}, "there is no live photo in the request"),
        ("sendLivePhoto", {}, {"live_photo": Upload("a.mp4", b"x")}, "there is no photo in the request"),
        ("sendPhoto", {}, {}, "there is no photo in the request"),
        ("sendPhoto", {"photo": "attach://x"}, {}, "there is no photo in the request"),
        ("sendPhoto", {"photo": "AgAC"}, {}, "wrong file identifier/HTTP URL specified"),
        ("sendPhoto", {}, {"photo": Upload("a.png", b"no picture")}, "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", {}, {"photo": Upload("a.png", png(300, 1))}, "PHOTO_INVALID_DIMENSIONS"),
        ("sendDocument", {}, {"document": Upload("a.txt", b"")}, "file must be non-empty"),
        ("sendVoice", {"caption": "x" * 1025}, {"voice": Upload("a.oga", b"x")}, "message caption is too long"),
        ("getFile", {"file_id": "AgAC"}, {}, "invalid file_id"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    refusal: Callable[..., str],
    alice: Person,
    method: str,
    parameters: dict[str, Any],
    files: dict[str, Upload],
    words: str,
) -> None:
    """Each in Telegram's words."""
    assert refusal(method, files, **{"chat_id": alice.user_id, **parameters}) == f"400 Bad Request: {words}"


def test_too_large_a_body_is_refused(refusal: Callable[..., str], alice: Person) -> None:
    """A bot uploads up to 50 MB."""
    too_large = Upload("a.bin", bytes(50 * 1024 * 1024 + 1))

    words = refusal("sendDocument", {"document": too_large}, chat_id=alice.user_id)

    assert words == "413 Request Entity Too Large"


def test_a_file_of_another_kind_is_refused(call: Call, refusal: Callable[..., str], alice: Person) -> None:
    """A voice note is no photo."""
    voice = call("sendVoice", {"voice": Upload("a.oga", b"x")}, chat_id=alice.user_id)["voice"]

    words = refusal("sendPhoto", chat_id=alice.user_id, photo=voice["file_id"])

    assert words == "400 Bad Request: can't use file of type VoiceNote as Photo"


def test_nothing_is_fetched_from_the_net(telegram: Telegram, call: Call, alice: Person) -> None:
    """A URL is not modelled, and says so."""
    with pytest.raises(NotModelled, match="with a URL"):
        call("sendPhoto", chat_id=alice.user_id, photo="https://example.com/a.png")

    telegram.problems.clear()


@pytest.mark.parametrize("kind", ["photo", "video", "animation", "audio", "voice", "document", "sticker"])
def test_every_kind_of_medium_is_sent(call: Call, alice: Person, kind: str) -> None:
    """What a bot sends is what the person has."""
    data = png() if kind == "photo" else b"data"

    call(f"send{kind.capitalize()}", {kind: Upload("name.dat", data)}, chat_id=alice.user_id)

    assert (alice.last.kind, alice.last.media) == (kind, data)


def test_a_medium_is_put_in_the_place_of_a_text(call: Call, alice: Person) -> None:
    """A text turns into a picture with a caption, in the same message."""
    sent = call("sendMessage", chat_id=alice.user_id, text="drawing ...")
    media = {"type": "photo", "media": "attach://p", "caption": "done"}

    call(
        "editMessageMedia",
        {"p": Upload("a.png", png())},
        chat_id=alice.user_id,
        message_id=sent["message_id"],
        media=media,
    )

    assert (alice.last.kind, alice.last.text, alice.last.message_id) == ("photo", "done", sent["message_id"])


def test_a_caption_is_edited(call: Call, refusal: Callable[..., str], alice: Person) -> None:
    """The medium stays; the text of a medium is its caption."""
    sent = call("sendPhoto", {"photo": Upload("a.png", png())}, chat_id=alice.user_id, caption="one")
    where = {"chat_id": alice.user_id, "message_id": sent["message_id"]}

    call("editMessageCaption", **where, caption="two")

    assert (alice.last.kind, alice.last.text) == ("photo", "two")
    assert refusal("editMessageText", **where, text="x") == ("400 Bad Request: there is no text in the message to edit")
