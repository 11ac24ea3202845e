"""The command `python -m botflight_harness serve`."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from botflight_harness.__main__ import main


def test_help_is_a_page_to_work_from(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says what it is, how to point a bot at it, and what the exit codes mean."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])

    page = capsys.readouterr().out
    assert ended.value.code == 0
    for words in ("--port", "--token", "python-telegram-bot", "http://127.0.0.1:8081/bot", "Exit codes"):
        assert words in page


def test_a_busy_port_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The port is named, and what to do; exit code 2, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = main(["serve", "--port", str(port)])

    said = capsys.readouterr().err
    assert code == 2
    assert said == (
        f"botflight_harness: port {port} of 127.0.0.1 is in use by another program. "
        "Choose another with --port, or --port 0 for any.\n"
    )


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "x"], ["--token", "none"], ["--unknown"]])
def test_a_bad_argument_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """A bad argument is exit code 2 and a sentence."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])

    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.fixture
async def process() -> AsyncIterator[asyncio.subprocess.Process]:
    """The command as a process of its own, on a free port."""
    command = [sys.executable, "-m", "botflight_harness", "serve", "--port", "0", "--token", "1:letters"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONUTF8": "1"}
    )
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_where_it_says_and_stops_when_asked(
    process: asyncio.subprocess.Process, number: signal.Signals
) -> None:
    """The address that it prints answers; a signal ends it with code 0 and no traceback."""
    assert process.stdout is not None
    assert process.stderr is not None
    greeting = b""
    while b"curl " not in greeting:
        greeting += await process.stdout.readline()
    url = greeting.partition(b"curl ")[2].split()[0].decode()

    async with aiohttp.ClientSession() as session, session.get(url) as response:
        answer = await response.json()
    process.send_signal(number)

    assert answer["result"]["id"] == 1
    assert await process.wait() == 0
    assert await process.stderr.read() == b""
