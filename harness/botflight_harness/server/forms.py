"""What a request to the Bot API carries, however it was sent: query, form, multipart or JSON."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import orjson
from aiohttp import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    parse_content_disposition,
)
from starlette.requests import ClientDisconnect, Request

from botflight_harness.telegram.parameters import Upload

#: The largest body that is read: a file of 50 MB, Telegram's limit for uploads, and what goes with it.
BODY_LIMIT_BYTES = 50 * 1024 * 1024 + 256 * 1024

#: The most fields of a form that are read.
FIELDS_LIMIT = 1000


class BodyError(Exception):
    """The body cannot be read. `status` is the HTTP status that says so."""

    def __init__(self, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.status = status


@dataclass(frozen=True, slots=True)
class Form:
    """The fields and files of one request. Later places win over earlier ones: the body over the query."""

    fields: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)


async def read_form(request: Request, *, limit_bytes: int = BODY_LIMIT_BYTES) -> Form:
    """Read a request's fields and files. Raises BodyError (400, or 413 for more than `limit_bytes`)."""
    query = dict(request.query_params)
    body = await read_body(request, limit_bytes=limit_bytes)
    sent = parse_body(body, content_type=request.headers.get("content-type", "")) if body else Form()
    return Form(fields=query | dict(sent.fields), files=sent.files)


async def read_body(request: Request, *, limit_bytes: int) -> bytes:
    """Read a body, never more than `limit_bytes` of it. Raises BodyError (413, or 400 for one that breaks off)."""
    parts: list[bytes] = []
    left = limit_bytes
    try:
        async for part in request.stream():
            left -= len(part)
            if left < 0:
                raise BodyError("Request Entity Too Large", status=413)
            parts.append(part)
    except ClientDisconnect:
        raise BodyError("Bad Request: the connection ended before the body did") from None
    return b"".join(parts)


def parse_body(body: bytes, *, content_type: str) -> Form:
    """Take a body apart by its content type; without a known one it holds nothing, as for Telegram."""
    kind, _, rest = content_type.partition(";")
    match kind.strip().lower():
        case "application/json":
            return Form(fields=_parse_json(body))
        case "application/x-www-form-urlencoded":
            return Form(fields=_parse_urlencoded(body))
        case "multipart/form-data":
            return _parse_multipart(body, boundary=_boundary(rest))
        case _:
            return Form()


def _parse_json(body: bytes) -> dict[str, object]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise BodyError("Bad Request: can't parse JSON object") from broken
    if not isinstance(fields, dict):
        raise BodyError("Bad Request: expected a JSON object")
    return fields


def _parse_urlencoded(body: bytes) -> dict[str, object]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_LIMIT))
    except ValueError as broken:
        raise BodyError("Bad Request: can't parse form") from broken


def _boundary(parameters: str) -> bytes:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary" and value:
            return value.strip('"').encode()
    raise BodyError("Bad Request: multipart form without a boundary")


def _parse_multipart(body: bytes, *, boundary: bytes) -> Form:
    fields: dict[str, object] = {}
    files: dict[str, Upload] = {}
    mark = b"\r\n--" + boundary
    _, *parts = (b"\r\n" + body).split(mark, FIELDS_LIMIT + 1)
    if not parts or not parts[-1].startswith(b"--"):
        raise BodyError("Bad Request: can't parse form")
    for part in parts[:-1]:
        _read_part(part, fields, files)
    return Form(fields=fields, files=files)


def _read_part(part: bytes, fields: dict[str, object], files: dict[str, Upload]) -> None:
    head, found, content = part.partition(b"\r\n\r\n")
    if not found:
        raise BodyError("Bad Request: can't parse form")
    headers = _part_headers(head)
    with warnings.catch_warnings():
        # What it warns of has no name either, which is told below.
        warnings.simplefilter("ignore", BadContentDispositionHeader)
        warnings.simplefilter("ignore", BadContentDispositionParam)
        _, parameters = parse_content_disposition(headers.get("content-disposition", ""))
    name = parameters.get("name")
    if name is None:
        raise BodyError("Bad Request: a part of the form has no name")
    file_name = content_disposition_filename(parameters)
    if file_name is None:
        fields[name] = content.decode(errors="replace")
    else:
        mime_type = headers.get("content-type", "application/octet-stream")
        files[name] = Upload(file_name=file_name, data=content, mime_type=mime_type)


def _part_headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode(errors="replace").split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}
