"""A bot as a program of its own: what it has to know, how it is started, and how it ends."""

import asyncio
import inspect
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Protocol, TypeGuard

from botflight_harness.asgi import ASGIApp

#: How long a program may take to end once it was asked to; then it is killed.
END_WITHIN_S = 5.0
#: So many of its last lines are shown when it fails.
LINES_KEPT = 30
#: A longer line would end the reading.
LINE_BYTES_MOST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a bot has to know of the Telegram that serves it."""

    #: how it is to get its updates: polling or webhook_url
    road: str
    token: str
    #: the address of the Bot API: requests go to {api_url}/bot{token}/{method}, files are at {api_url}/file/bot{token}
    api_url: str
    #: a free port of this machine, for a bot that listens
    port: int
    #: where a bot that listens asks to be posted to
    webhook_url: str
    #: what it gives to setWebhook as secret_token
    secret: str


Command = Sequence[str]
Main = Callable[[Endpoint], Awaitable[object]]
Program = Command | Main


def is_program(bot: object) -> TypeGuard[Program]:
    """Tell a command, or a coroutine function of one parameter, from an ASGI app, which takes three."""
    return isinstance(bot, Sequence) or is_main(bot)


def is_main(bot: object) -> TypeGuard[Main]:
    """Tell whether it is a coroutine function that takes the Endpoint."""
    return inspect.iscoroutinefunction(bot) and len(inspect.signature(bot).parameters) == 1


class Running(Protocol):
    """A program at work."""

    async def ended(self) -> str:
        """Wait until it has ended, and say how."""
        ...

    async def stop(self) -> BaseException | None:
        """End it, and return what it died of before, if it did."""
        ...

    def last_words(self) -> str:
        """Return what it said last."""
        ...


class Process:
    """A command."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Command, environment: Mapping[str, str]) -> "Process":
        """Start it with these variables beside those of the test."""
        return cls(
            await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=LINE_BYTES_MOST,
            )
        )

    async def ended(self) -> str:
        """Wait until it has ended, and say how."""
        code = await self._process.wait()
        await self._reading
        return f"ended with code {code}"

    async def stop(self) -> BaseException | None:
        """End it, and return what it died of before, if it did."""
        code = self._process.returncode
        if code is None:
            self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), END_WITHIN_S)
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading
        return RuntimeError(f"code {code}\n{self.last_words()}") if code else None

    def last_words(self) -> str:
        """Return what it said last."""
        return "\n".join(self._lines)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text)
            print(text, file=sys.stderr)  # noqa: T201 -- a test's output, which pytest shows when it fails


class Task:
    """A coroutine."""

    def __init__(self, work: Awaitable[object]) -> None:
        self._task = asyncio.ensure_future(work)

    async def ended(self) -> str:
        """Wait until it has ended, and say how."""
        await asyncio.wait([self._task])
        error = self._task.exception()
        return "returned" if error is None else f"raised {type(error).__name__}: {error}"

    async def stop(self) -> BaseException | None:
        """End it, and return what it died of before, if it did."""
        if self._task.done():
            return self._task.exception()
        self._task.cancel()
        await asyncio.wait([self._task])
        return None if self._task.cancelled() else self._task.exception()

    def last_words(self) -> str:
        """Return what it said last."""
        return ""


class App:
    """An ASGI app on a socket."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    @classmethod
    async def start(cls, app: ASGIApp, port: int) -> "App":
        """Serve it on a port of this machine."""
        from botflight_harness.server.listening import serving  # noqa: PLC0415 -- heavy, and other roads need none

        stack = AsyncExitStack()
        await stack.enter_async_context(serving(app, port=port))
        return cls(stack)

    async def ended(self) -> str:
        """Wait until it has ended, and say how."""
        await asyncio.Event().wait()
        return "ended"

    async def stop(self) -> BaseException | None:
        """End it, and return what it died of before, if it did."""
        await self._stack.aclose()
        return None

    def last_words(self) -> str:
        """Return what it said last."""
        return ""
