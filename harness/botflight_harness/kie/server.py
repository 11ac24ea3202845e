"""The simulated KIE over HTTP: its API, its uploads and its files at one address."""

from __future__ import annotations

from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from botflight_harness.kie.faults import Loss
from botflight_harness.kie.refusals import KieLost, KieRefusal
from botflight_harness.kie.world import MAX_UPLOAD_BYTES, FakeKie
from botflight_harness.server.forms import BodyError, Form, parse_body, read_body
from botflight_harness.server.lost import Lost

_FILES: Final = "/files"
#: What Cloudflare shows to clients that do not look like a browser.
_BLOCKED: Final = "<html><body>Error 1010: The owner of this website has banned your access</body></html>"
_BAD_GATEWAY: Final = "<html><body>502 Bad Gateway</body></html>"


def kie_app(kie: FakeKie) -> Starlette:
    """Make an ASGI app of a simulated KIE."""
    server = _Server(kie)
    return Starlette(
        routes=[
            Route("/api/v1/jobs/createTask", server.create, methods=["POST"]),
            Route("/api/v1/jobs/recordInfo", server.record, methods=["GET"]),
            Route("/api/v1/chat/credit", server.credit, methods=["GET"]),
            Route("/api/file-stream-upload", server.upload, methods=["POST"]),
            Route(_FILES + "/{name}", server.file, methods=["GET"]),
        ]
    )


class _Server:
    def __init__(self, kie: FakeKie) -> None:
        self._kie = kie

    async def create(self, request: Request) -> Response:
        async def call() -> dict[str, Any]:
            return {"taskId": await self._kie.create((await _form(request)).fields)}

        return await self._answer(request, call, said="msg")

    async def record(self, request: Request) -> Response:
        async def call() -> dict[str, Any]:
            return self._kie.record(request.query_params.get("taskId", ""))

        return await self._answer(request, call, said="message")

    async def credit(self, request: Request) -> Response:
        async def call() -> float:
            return self._kie.account()

        return await self._answer(request, call, said="msg")

    async def upload(self, request: Request) -> Response:
        async def call() -> dict[str, Any]:
            form = await _form(request)
            file = form.files.get("file")
            if file is None or not form.fields.get("uploadPath"):
                raise KieRefusal(400, "file and uploadPath are required")
            name = str(form.fields.get("fileName") or file.file_name)
            url = self._kie.upload(name, file.data)
            return {"fileName": name, "downloadUrl": url, "fileSize": len(file.data), "mimeType": file.mime_type}

        return await self._answer(request, call, said="msg")

    async def file(self, request: Request) -> Response:
        try:
            content = self._kie.file(request.path_params["name"])
        except KieLost as lost:
            return _lost(lost.how)
        except KieRefusal as refusal:
            return Response(status_code=refusal.code)
        return (
            Response(status_code=404) if content is None else Response(content, media_type="application/octet-stream")
        )

    async def _answer(self, request: Request, call: Any, *, said: str) -> Response:  # noqa: ANN401 - any of the calls
        if not request.headers.get("User-Agent", "").startswith("Mozilla/"):
            return HTMLResponse(_BLOCKED, status_code=403)
        # Files are where the API is, however the caller names this machine.
        self._kie.files_url = f"{request.url.scheme}://{request.url.netloc}{_FILES}"
        try:
            self._kie.check_key(request.headers.get("Authorization", ""))
            answer = {"code": 200, said: "success", "data": await call()}
        except KieRefusal as refusal:
            answer = {"code": refusal.code, said: str(refusal), "data": None}
        except KieLost as lost:
            return _lost(lost.how)
        return Response(orjson.dumps(answer), media_type="application/json")


async def _form(request: Request) -> Form:
    """What a request carries. Raises KieRefusal where that cannot be read."""
    try:
        return parse_body(
            await read_body(request, limit_bytes=MAX_UPLOAD_BYTES), content_type=request.headers.get("Content-Type", "")
        )
    except BodyError as broken:
        raise KieRefusal(422, str(broken)) from None


def _lost(how: Loss) -> Response:
    return HTMLResponse(_BAD_GATEWAY, status_code=502) if how == "gateway" else Lost(how)
