"""What a python-telegram-bot application calls in the place of api.telegram.org: the world itself, without sockets."""

import asyncio
from typing import Any

import orjson
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from botflight_harness.mishaps import Mishaps
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.errors import GARBAGE, AnswerLost, NotModelled, Refusal
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.world import Telegram


class TelegramRequest(BaseRequest):
    """A transport of python-telegram-bot that calls the simulated Telegram.

        builder.request(TelegramRequest(telegram)).get_updates_request(TelegramRequest(telegram))

    Set both, or PTB makes an HTTP client for the other. What goes wrong inside is recorded and fails the test,
    because PTB turns it into a NetworkError, which a bot may swallow.
    """

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._mishaps = Mishaps(telegram)

    @property
    def read_timeout(self) -> float | None:
        """How long PTB would wait for an answer, in seconds."""
        return 5.0

    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    async def shutdown(self) -> None:
        """Do nothing: there is nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,  # noqa: ANN401 -- PTB's signature
        write_timeout: Any = None,  # noqa: ANN401
        connect_timeout: Any = None,  # noqa: ANN401
        pool_timeout: Any = None,  # noqa: ANN401
    ) -> tuple[int, bytes]:
        """Answer as the Bot API would: a status and a body."""
        del method, read_timeout, write_timeout, connect_timeout, pool_timeout
        is_file = "/file/bot" in url
        token, _, name = url.partition("/bot")[2].partition("/")
        if is_file:
            return self._file(name)
        raw = {} if request_data is None else request_data.parameters
        try:
            result = await self._call(token, name, raw, _uploads(request_data))
        except Refusal as refusal:
            return refusal.error_code, orjson.dumps(refusal.as_json())
        except AnswerLost as lost:
            if lost.how == "garbage":
                return 200, GARBAGE
            raise TimedOut(str(lost)) if lost.how == "timeout" else NetworkError(str(lost)) from lost
        except NotModelled:
            raise
        except Exception as error:
            self._mishaps.report(f"inside {name}", error)
            raise
        return 200, orjson.dumps({"ok": True, "result": result})

    async def _call(self, token: str, name: str, raw: dict[str, Any], files: dict[str, Upload]) -> Any:  # noqa: ANN401
        result = self._telegram.call(token, name, raw, files)
        wait_s = raw.get("timeout", 0)
        if name == "getUpdates" and not result and wait_s:
            await _something_new(self._telegram.bots[token], wait_s)
            result = self._telegram.call(token, name, raw, files)
        return result

    def _file(self, path: str) -> tuple[int, bytes]:
        stored = self._telegram.files.at(path)
        if stored is None:
            return 404, orjson.dumps(Refusal(404, "Not Found").as_json())
        return 200, stored.data

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:  # noqa: ANN401 -- JSON
        """Read an answer. Raises TelegramError when a fault has made garbage of it."""
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError as garbage:
            raise TelegramError("Invalid server response") from garbage


async def _something_new(bot: BotAccount, wait_s: float) -> None:
    came = asyncio.Event()
    unlisten = bot.updates.listen(lambda _: came.set())
    try:
        async with asyncio.timeout(wait_s):
            await came.wait()
    except TimeoutError:
        pass
    finally:
        unlisten()


def _uploads(request_data: RequestData | None) -> dict[str, Upload]:
    if request_data is None or not request_data.contains_files:
        return {}
    parts = request_data.multipart_data or {}
    return {
        name: Upload(file_name or "file", data if isinstance(data, bytes) else data.read(), mime_type)
        for name, (file_name, data, mime_type) in parts.items()
    }
