"""How a request to the Bot API is read, however it was sent."""

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from botflight_harness.server.forms import BodyError, parse_body, read_form
from botflight_harness.telegram.parameters import Upload


class Collected:
    """Takes what aiohttp writes to a socket."""

    def __init__(self) -> None:
        self.body = b""

    async def write(self, chunk: bytes) -> None:
        self.body += chunk


async def multipart(*parts: tuple[str, object, str | None]) -> tuple[bytes, str]:
    """Write a form as aiohttp does."""
    form = aiohttp.FormData(quote_fields=False)
    for name, value, file_name in parts:
        form.add_field(name, value, filename=file_name, content_type="image/png" if file_name else "text/plain")
    payload = form()
    collected = Collected()
    await payload.write(collected)
    return collected.body, payload.headers["Content-Type"]


def test_json_keeps_types() -> None:
    """Values in JSON arrive as they are."""
    form = parse_body(b'{"chat_id": 5, "text": "hi"}', content_type="application/json; charset=utf-8")

    assert form.fields == {"chat_id": 5, "text": "hi"}


def test_a_form_keeps_blank_values() -> None:
    """An empty field is there, not missing."""
    form = parse_body(b"text=a+b%21&caption=", content_type="application/x-www-form-urlencoded")

    assert form.fields == {"text": "a b!", "caption": ""}


async def test_multipart_tells_files_from_fields() -> None:
    """A part with a file name is a file, any other is a field."""
    body, content_type = await multipart(("chat_id", "5", None), ("photo", b"\r\n--\x00\xff", "снимок.png"))

    form = parse_body(body, content_type=content_type)

    assert form.fields == {"chat_id": "5"}
    assert form.files == {"photo": Upload(file_name="снимок.png", data=b"\r\n--\x00\xff", mime_type="image/png")}


@settings(max_examples=40)
@given(text=st.text().map(str.encode), content=st.binary())
def test_whatever_is_sent_arrives(text: bytes, content: bytes) -> None:
    """Any text and any bytes come out of a multipart form as they went in."""
    body = (
        b'--a-boundary\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + text + b"\r\n--a-boundary\r\n"
        b'Content-Disposition: form-data; name="photo"; filename="a"\r\n\r\n' + content + b"\r\n--a-boundary--\r\n"
    )

    form = parse_body(body, content_type="multipart/form-data; boundary=a-boundary")

    assert form.fields == {"text": text.decode()}
    assert form.files["photo"].data == content


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"anything", "multipart/form-data"),
        (b"anything", "multipart/form-data; boundary=x"),
        (b"--x\r\nno end of headers\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: ; name="a"\r\n\r\nodd\r\n--x--', "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n" * 1500, "multipart/form-data; boundary=x"),
    ],
)
def test_a_broken_body_is_refused(body: bytes, content_type: str) -> None:
    """What cannot be read is refused with 400, not guessed at."""
    with pytest.raises(BodyError) as refused:
        parse_body(body, content_type=content_type)

    assert refused.value.status == 400


def test_an_unknown_content_type_holds_nothing() -> None:
    """As for Telegram, a body of another type is not looked at."""
    assert parse_body(b"chat_id=5", content_type="text/plain").fields == {}


async def test_a_body_that_breaks_off_is_refused() -> None:
    """A client that goes away in the middle has asked for nothing: no error of the server's own."""

    async def receive() -> dict[str, object]:
        return parts.pop(0)

    parts: list[dict[str, object]] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]
    request = Request({"type": "http", "method": "POST", "headers": [], "query_string": b""}, receive)

    with pytest.raises(BodyError, match="ended before the body did"):
        await read_form(request)
