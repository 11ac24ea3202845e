"""The Bot API by nginx: a canned answer to every method, and a line of its log for every sendMessage."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.contender import TOKEN, free_port
from tests.bench.watched import Watched

START_LIMIT_S = 5.0
#: `$msec` and a line feed. Lines of one length: how many there are is told by the size of the file.
LINE = len("1764000000.000\n")
_ME = '{"id":110201543,"is_bot":true,"first_name":"Bench","username":"bench_bot"}'
_CHAT = '{"id":1000000,"type":"private","first_name":"Ada"}'
_RESULTS = {
    "getMe": _ME,
    "getMyCommands": "[]",
    "getWebhookInfo": '{"url":"","has_custom_certificate":false,"pending_update_count":0}',
    "sendMessage": f'{{"message_id":1,"date":1764000000,"chat":{_CHAT},"from":{_ME},"text":"hello"}}',
}
#: One process, which ends with the benchmark. The log is written line by line, for it is read as it grows.
_CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    log_format moment '$msec';
    default_type application/json;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
{methods}
        location / {{ return 200 '{{"ok":true,"result":true}}'; }}
    }}
}}
"""
_METHOD = """\
        location = /bot{token}/{method} {{ {logged}return 200 '{{"ok":true,"result":{result}}}'; }}"""


class NoNginx(Exception):
    """nginx is not installed, or did not start. The text says which."""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A Bot API that is up."""

    url: str
    #: Grows by a line with every sendMessage.
    log: Path
    process: Watched

    def messages(self) -> int:
        """How many sendMessage calls have come so far."""
        return self.log.stat().st_size // LINE

    def last_s(self) -> float:
        """When the last of them came, in seconds since 1970."""
        with self.log.open("rb") as log:
            log.seek(-LINE, 2)
            return float(log.read(LINE))


@contextlib.asynccontextmanager
async def bot_api(folder: Path) -> AsyncIterator[Nginx]:
    """Answer on loopback for the time of the block; what it writes goes to `folder`. Raises NoNginx."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise NoNginx("nginx is not installed: apt-get install nginx-light")
    port, log = free_port(), folder / "messages"
    log.touch()
    configuration = folder / "nginx.conf"
    configuration.write_text(_configuration(folder, port, log))
    process = await asyncio.create_subprocess_exec(
        program, "-p", str(folder), "-c", str(configuration), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _listening(process, port, folder)
        yield Nginx(f"http://127.0.0.1:{port}", log, Watched(process.pid))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _configuration(folder: Path, port: int, log: Path) -> str:
    methods = "\n".join(
        _METHOD.format(
            token=TOKEN,
            method=method,
            logged=f"access_log {log} moment; " if method == "sendMessage" else "",
            result=result,
        )
        for method, result in _RESULTS.items()
    )
    return _CONFIGURATION.format(folder=folder, port=port, methods=methods)


async def _listening(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    async with asyncio.timeout(START_LIMIT_S):
        while process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)
    raise NoNginx(f"nginx did not start: {(folder / 'errors').read_text()}")
