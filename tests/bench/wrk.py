"""The load by wrk, with a script of ours: 40 connections that post updates with rising ids."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import orjson
from tests.bench.contender import SECRET
from tests.bench.nginx import LINE, Nginx
from tests.bench.peers.environment import WEBHOOK_PATH
from tests.bench.watched import Watched

SCRIPT = Path(__file__).with_name("posts.lua")
LOOK_EVERY_S = 0.01
#: After the time of posting: for what was posted to be acknowledged.
ACKNOWLEDGED_WITHIN_S = 30.0


class NoWrk(Exception):
    """wrk is not installed, or ended without counts. The text says which."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What wrk posted."""

    posted: int
    #: Answered with another status than 200.
    refused: int
    #: When the first was posted, in seconds since 1970.
    first_s: float
    #: What wrk took of the processor.
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be posted."""

    port: int
    seconds: float
    #: The number of the first update.
    first: int
    connections: int
    window: int
    chats: int
    most: int = 2**53
    #: Whose messages end an update; None where an acknowledgement is all that comes.
    api: Nginx | None = None


async def post(order: Order, folder: Path) -> Posted:
    """Post for some seconds, and until all of it is acknowledged. Raises NoWrk."""
    program = shutil.which("wrk")
    if program is None:
        raise NoWrk("wrk is not installed: apt-get install wrk")
    out = folder / "posted"
    out.unlink(missing_ok=True)
    limit_s = order.seconds + ACKNOWLEDGED_WITHIN_S
    told = {
        "secret": SECRET,
        "log": order.api.log if order.api else "",
        "line": LINE,
        "out": out,
        **{name: getattr(order, name) for name in ("seconds", "first", "connections", "window", "chats", "most")},
    }
    with (folder / "wrk").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *(program, "-t1", f"-c{order.connections}", f"-d{limit_s:.0f}s", "--timeout", "60s", "-s", str(SCRIPT)),
            *(f"http://127.0.0.1:{order.port}{WEBHOOK_PATH}", "--", *(f"{name}={told[name]}" for name in told)),
            stdout=said,
            stderr=said,
        )
    # wrk sleeps until the time is over, however early its connections are done: the counts tell, and it is ended.
    try:
        while process.returncode is None and not out.exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(LOOK_EVERY_S)
        cpu_s = Watched(process.pid).cpu_s() or 0.0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    if not out.exists():
        raise NoWrk(f"wrk ended without counts; it wrote: {(folder / 'wrk').read_text()[-500:]}")
    return Posted(**orjson.loads(out.read_bytes()), cpu_s=cpu_s)
