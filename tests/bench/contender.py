"""One bot in a process of its own: started, waited for until it answers, watched, ended."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import uvloop
from tests.bench.peers.environment import Environment
from tests.bench.watched import Watched
from tests.postgres_server import Server

Result = TypeVar("Result")

ROOT = Path(__file__).parents[2]
#: Under valgrind, on a machine that others use, a hundred times what it takes by itself.
START_LIMIT_S = 300.0
STOP_LIMIT_S = 15.0
PROBE_EVERY_S = 0.1
TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
SECRET = "a-secret-of-the-benchmark"
#: Stands in a variable for the address of the Bot API, which is not known before the turn.
API_BASE_URL = "{api_base_url}"
#: Stands in a variable for the address of a database that nobody has used.
NEW_DATABASE = "{new_database}"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR")


class DidNotStart(Exception):
    """A contender ended, or did not answer in time. The text holds the end of what it wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """What is started."""

    name: str
    #: The arguments of the interpreter.
    arguments: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    #: False where no sendMessage comes of an update.
    answers: bool = True
    #: A module that it cannot do without.
    needs: str | None = None
    #: What runs the interpreter, where it does not run by itself: valgrind with its options.
    under: tuple[str, ...] = ()

    def variables_for(self, told: Environment) -> dict[str, str]:
        """Its own variables."""
        return {name: value.replace(API_BASE_URL, told.api_base_url) for name, value in self.variables.items()}


@contextlib.asynccontextmanager
async def housed(contender: Contender, server: Server | None) -> AsyncIterator[Contender]:
    """The contender with a new database where it asks for one, for the time of the block."""
    asked = [name for name, value in contender.variables.items() if value == NEW_DATABASE]
    if not asked:
        yield contender
        return
    assert server is not None
    async with server.database() as url:
        yield replace(contender, variables={**contender.variables, **dict.fromkeys(asked, url)})


@dataclass(frozen=True, slots=True)
class Running:
    """A contender's process."""

    name: str
    process: asyncio.subprocess.Process
    #: Where it runs.
    folder: Path

    @property
    def watched(self) -> Watched:
        """Its process, from outside."""
        return Watched(self.process.pid)


def run(body: Coroutine[None, None, Result]) -> Result:
    """Run to the end on uvloop. Being terminated ends contenders too, as Ctrl-C does: none outlives the measurement."""

    async def terminable() -> Result:
        task = asyncio.create_task(body)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(terminable())
        except (asyncio.CancelledError, KeyboardInterrupt):
            sys.exit("interrupted")


def free_port() -> int:
    """A port of loopback where nothing listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def environment(port: int, api_base_url: str) -> Environment:
    """What every contender is told."""
    return Environment(
        host="127.0.0.1",
        port=port,
        token=TOKEN,
        webhook_secret=SECRET,
        webhook_base_url=f"http://127.0.0.1:{port}",
        api_base_url=api_base_url,
    )


@contextlib.asynccontextmanager
async def running(contender: Contender, told: Environment, *, folder: Path) -> AsyncIterator[Running]:
    """Run a contender in `folder`, where its output is kept as `output`, for the time of the block."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(*contender.under, sys.executable, *contender.arguments),
            cwd=folder,
            env=kept | told.variables() | contender.variables_for(told),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield Running(contender.name, process, folder)
        finally:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def until_answering(running: Running, answers: Callable[[], Awaitable[bool]]) -> float:
    """Ask now and then whether an update is answered; the seconds until one was. Raises DidNotStart."""
    started_s = time.perf_counter()
    while time.perf_counter() - started_s < START_LIMIT_S and running.process.returncode is None:
        with contextlib.suppress(OSError):
            if await answers():
                return time.perf_counter() - started_s
        await asyncio.sleep(PROBE_EVERY_S)
    end = (running.folder / "output").read_bytes()[-2000:].decode(errors="replace")
    raise DidNotStart(f"{running.name} did not start (exit code {running.process.returncode}); it wrote:\n{end}")
