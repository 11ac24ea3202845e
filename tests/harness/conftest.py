import struct
import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import pytest

from botflight_harness import BotAccount, NotModelled, Refusal, Telegram
from botflight_harness.telegram.methods import LATE
from botflight_harness.telegram.parameters import Upload

# A test that runs a pytest in this process forgets the modules that were imported inside: what is imported late
# would be there twice.
for family in LATE:
    import_module(f"botflight_harness.telegram.methods.{family}")

Call = Callable[..., Any]


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    """The bot of the world."""
    return telegram.sole_bot()


@pytest.fixture
def call(telegram: Telegram, bot: BotAccount) -> Call:
    """Call a method as the bot: `call("sendMessage", chat_id=..., text=...)`."""

    def call(method: str, files: Mapping[str, Upload] | None = None, **parameters: Any) -> Any:
        return telegram.call(bot.token, method, parameters, files)

    return call


@pytest.fixture
def refusal(call: Call) -> Callable[..., str]:
    """Call a method that is refused, and return the code and the words."""

    def refusal(method: str, files: Mapping[str, Upload] | None = None, **parameters: Any) -> str:
        with pytest.raises(Refusal) as caught:
            call(method, files, **parameters)
        return str(caught.value)

    return refusal


@pytest.fixture
def not_modelled(telegram: Telegram, call: Call) -> Callable[..., str]:
    """Call a method where the simulation ends, and return what it says of it, which fails no test here."""

    def not_modelled(method: str, files: Mapping[str, Upload] | None = None, **parameters: Any) -> str:
        with pytest.raises(NotModelled) as caught:
            call(method, files, **parameters)
        telegram.problems.remove(f"not modelled: {caught.value}")
        return str(caught.value)

    return not_modelled


@pytest.fixture
def png() -> bytes:
    """A grey picture of four by three."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x80" * 4) * 3
    header = struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
