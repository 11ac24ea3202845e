import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import NotModelled, Person, Telegram, Upload

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


@pytest.mark.parametrize(
    ("method", "parameters", "files", "words"),
    [
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

    assert words == "400 Bad Request: can't use file of type Voice as Photo"


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
