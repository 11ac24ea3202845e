"""The real service in a process of its own, for what only a process can show: signals, crashes, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from tests.secrecy import check_kept

#: A process that has not said so by then never will; in real seconds.
PATIENCE_S = 30.0
SECRET = "a-secret-that-nobody-guesses"


def free_port() -> int:
    """A port that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(kw_only=True)
class ServiceProcess:
    """A command of the service under way."""

    process: asyncio.subprocess.Process
    url: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def told(self, event: str) -> dict[str, Any]:
        """Read on until the service logs an event, and return its line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.process.stdout.readline():
                self.lines.append(orjson.loads(line))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(f"the service ended without {event}: {self.lines[-5:]}")

    async def post(self, update: bytes) -> int:
        """Post an update as Telegram does; the status."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/webhook", data=update, headers=headers) as answer,
        ):
            return answer.status

    async def get(self, path: str) -> tuple[int, bytes]:
        """Ask for a page; its status and body."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}{path}") as answer:
            return answer.status, await answer.read()

    async def kill(self) -> None:
        """Kill -9."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.communicate()

    async def terminate(self, number: signal.Signals = signal.SIGTERM) -> int:
        """SIGTERM, and what the service still says; the exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            rest, _ = await self.process.communicate()
        self.lines.extend(orjson.loads(line) for line in rest.splitlines())
        return self.process.returncode or 0


@contextlib.asynccontextmanager
async def serving_process(
    folder: Path,
    *,
    token: str,
    telegram_url: str,
    command: str = "serve",
    more: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "botflight_service"),
) -> AsyncIterator[ServiceProcess]:
    """Run `botflight serve`, or another command, on the store in `folder`; what is left of it at the end is killed."""
    port = free_port()
    settings = {
        "TELEGRAM_BOT_TOKEN": token,
        "TELEGRAM_API_BASE_URL": telegram_url,
        "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": SECRET,
        "DATABASE_URL": f"sqlite:///{folder}/service.sqlite",
        "PORT": str(port),
        **(more or {}),
    }
    environ = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "PYTHONPATH"}}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, command),
        cwd=folder,
        env=environ | settings,
        stdout=asyncio.subprocess.PIPE,
        limit=1024 * 1024,
    )
    try:
        service = ServiceProcess(process=process, url=f"http://127.0.0.1:{port}")
        yield service
        secrets = [value for name, value in settings.items() if name.endswith(("TOKEN", "SECRET", "KEY"))]
        check_kept(secrets, {"a log line": orjson.dumps(service.lines).decode()})
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
