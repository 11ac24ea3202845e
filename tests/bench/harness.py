"""What the harness costs: ratios to PTB's own floor in the same run.

`python -m tests.bench.harness` prints them and writes build/bench/harness.json. The floor is what PTB itself
takes for an update: `Update.de_json` and `process_update`, with a transport that always answers the same at once.

Both sides run in this process, over HTTP too, so what is compared is its CPU time: that repeats better than the time on
the wall on a machine that others use. Of the processes that are started, both times are told.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, MessageHandler, filters
from telegram.request import BaseRequest, RequestData

from botflight_harness import Person, PTBHarness, SystemClock, Telegram, TelegramRequest
from botflight_harness.server import application as served
from botflight_harness.server import bot_api, serving
from botflight_harness.telegram import UpdateQueue

TARGET = Path(__file__).resolve().parents[2] / "build" / "bench" / "harness.json"
TOKEN = "1000000001:AAletters"
BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("Count", callback_data="count")]])
USER = {"id": 7, "is_bot": False, "first_name": "Alice", "language_code": "en"}
CHAT = {"id": 7, "type": "private", "first_name": "Alice"}
MESSAGE = {"message_id": 1, "date": 1_767_268_800, "chat": CHAT, "from": USER, "text": "hello"}
ME = {"id": 1_000_000_001, "is_bot": True, "first_name": "bot", "username": "bot"}
ANSWER = {**MESSAGE, "from": ME, "reply_markup": BUTTONS.to_dict()}

#: What is asked for.
MOST = {"echo": 1.3, "tap": 1.3, "http": 1.5, "users": 1.2, "hundred_tests_s": 1.0, "plugin_ms": 30.0}


class Canned(BaseRequest):
    """A transport that answers what it always answers: what the harness has answered to the same call."""

    @property
    def read_timeout(self) -> float | None:
        return 5.0

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, **_: Any
    ) -> tuple[int, bytes]:
        del method
        if request_data is not None:
            _ = request_data.json_payload  # a transport has to write the parameters down
        name = url.rpartition("/")[2]
        result: object = ME if name == "getMe" else True if name == "answerCallbackQuery" else ANSWER
        return 200, orjson.dumps({"ok": True, "result": result})

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        return orjson.loads(payload)


def add_handlers(application: Application) -> None:
    """Echo texts; answer taps and edit the message."""
    count = 0

    async def echo(update: Update, _: object) -> None:
        await update.message.reply_text(update.message.text, reply_markup=BUTTONS)

    async def tap(update: Update, _: object) -> None:
        nonlocal count
        count += 1
        await update.callback_query.answer()
        await update.callback_query.edit_message_text(f"Counted: {count}", reply_markup=BUTTONS)

    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.add_handler(CallbackQueryHandler(tap))


async def floor_application(stack: AsyncExitStack) -> Application:
    """PTB alone."""
    builder = Application.builder().token(TOKEN).request(Canned()).get_updates_request(Canned()).job_queue(None)
    application = builder.build()
    add_handlers(application)
    await stack.enter_async_context(application)
    return application


async def timed_us(act: Callable[[], Awaitable[object]], times: int) -> float:
    """Return the CPU time that one takes, in microseconds."""
    began = time.process_time_ns()
    for _ in range(times):
        await act()
    return (time.process_time_ns() - began) / times / 1000


@dataclass
class Row:
    """The floor and ours, round by round."""

    name: str
    floor_us: list[float]
    ours_us: list[float]

    @property
    def ratio(self) -> float:
        return median(ours / floor for ours, floor in zip(self.ours_us, self.floor_us, strict=True))

    def __str__(self) -> str:
        most = MOST[self.name]
        verdict = "ok" if self.ratio <= most else "OVER"
        floor, ours = median(self.floor_us), median(self.ours_us)
        return (
            f"{self.name:8} floor {floor:8.1f} us   harness {ours:8.1f} us   {self.ratio:.2f}x  (<= {most}x: {verdict})"
        )


async def compare(
    name: str, floor: Callable[[], Awaitable[object]], ours: Callable[[], Awaitable[object]], *, rounds: int, times: int
) -> Row:
    """Take turns, so that both meet the same minutes of the machine."""
    await timed_us(floor, times)
    await timed_us(ours, times)
    row = Row(name, [], [])
    for number in range(rounds):
        pair = [(row.floor_us, floor), (row.ours_us, ours)]
        for times_us, act in pair if number % 2 else reversed(pair):
            times_us.append(await timed_us(act, times))
    return row


async def in_process(rounds: int, times: int) -> list[Row]:
    """Echo, and a tap with its answer and its edit."""
    async with AsyncExitStack() as stack:
        floor = await floor_application(stack)
        telegram = Telegram()
        harness = await stack.enter_async_context(PTBHarness(Application.builder().job_queue(None), telegram))
        add_handlers(harness.application)
        alice = harness.user
        number = 0

        def next_id() -> int:
            nonlocal number
            number += 1
            return number

        async def echo() -> None:
            update = Update.de_json({"update_id": next_id(), "message": MESSAGE}, floor.bot)
            await floor.process_update(update)

        async def tap() -> None:
            query = {"id": "1", "from": USER, "chat_instance": "27640389247", "data": "count"}
            query["message"] = ANSWER
            update = Update.de_json({"update_id": next_id(), "callback_query": query}, floor.bot)
            await floor.process_update(update)

        return [
            await compare("echo", echo, lambda: alice.sends("hello"), rounds=rounds, times=times),
            await compare("tap", tap, lambda: alice.taps("Count"), rounds=rounds, times=times),
        ]


async def many_users(rounds: int, times: int) -> Row:
    """An update in a world of ten people beside one in a world of ten thousand."""
    async with AsyncExitStack() as stack:
        acts = []
        for count in (10, 10_000):
            telegram = Telegram()
            harness = await stack.enter_async_context(PTBHarness(Application.builder().job_queue(None), telegram))
            add_handlers(harness.application)
            people = [telegram.user(f"P{number}") for number in range(count)]
            for person in people:
                telegram.post(person.chat_in(harness.bot), person, {"text": "/start"})
            acts.append(_rotating(people))
        return await compare("users", acts[0], acts[1], rounds=rounds, times=times)


def _rotating(people: list[Person]) -> Callable[[], Awaitable[object]]:
    at = 0

    async def act() -> None:
        nonlocal at
        at += 1
        await people[at % len(people)].sends("hello")

    return act


async def over_http(rounds: int, times: int) -> Row:
    """A webhook of PTB that is posted to by a bare client, and by the harness with its state behind."""
    async with AsyncExitStack() as stack:
        floor = await floor_application(stack)
        bare = await stack.enter_async_context(serving(_webhook(floor)))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        telegram = Telegram(clock=SystemClock())
        bot = telegram.bot(TOKEN)
        alice = telegram.user("Alice")
        transport = TelegramRequest(telegram)
        builder = Application.builder().token(TOKEN).request(transport).get_updates_request(transport).job_queue(None)
        application = builder.build()
        add_handlers(application)
        await stack.enter_async_context(application)
        ours = await stack.enter_async_context(serving(_webhook(application)))
        api = bot_api(telegram)
        address = await stack.enter_async_context(serving(served(api)))
        async with session.post(f"{address.url}/bot{TOKEN}/setWebhook", json={"url": f"{ours.url}/webhook"}) as answer:
            assert answer.status == 200, await answer.text()
        number = 0

        async def post() -> None:
            nonlocal number
            number += 1
            body = orjson.dumps({"update_id": number, "message": MESSAGE})
            async with session.post(f"{bare.url}/webhook", data=body) as answer:
                await answer.read()

        async def send() -> None:
            update = alice.send_text("hello", where=bot).update
            await _taken(bot.updates, update)

        return await compare("http", post, send, rounds=rounds, times=max(times // 4, 20))


async def _taken(queue: UpdateQueue, update: object) -> None:
    while update in queue:  # noqa: ASYNC110 -- the queue tells of what comes, not of what goes
        await asyncio.sleep(0)


def _webhook(application: Application) -> Starlette:
    async def hook(request: Request) -> Response:
        await application.process_update(Update.de_json(orjson.loads(await request.body()), application.bot))
        return Response()

    return Starlette(routes=[Route("/webhook", hook, methods=["POST"])])


TRIVIAL = """
    import pytest
    from telegram.ext import Application, MessageHandler, filters
    from botflight_harness import PTBHarness

    async def echo(update, context):
        await update.message.reply_text(update.message.text)

    @pytest.mark.parametrize("number", range(100))
    async def test_echo(telegram, alice, number):
        async with PTBHarness(Application.builder().job_queue(None), telegram) as harness:
            harness.application.add_handler(MessageHandler(filters.TEXT, echo))
            await alice.sends("hello")
            await alice.sees("hello")
"""
_PLAIN = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@dataclass(frozen=True)
class Took:
    """What a process took, in seconds."""

    wall_s: float
    cpu_s: float


def _pytest(folder: Path, *options: str) -> Took:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run(command, env=_PLAIN, cwd=folder, capture_output=True, text=True, check=False)
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.returncode in {0, 5}, run.stdout
    return Took(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def hundred_tests(rounds: int) -> Took:
    """A hundred trivial tests, with the start of Python and every import; the best of some."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
        (folder / "test_trivial.py").write_text(textwrap.dedent(TRIVIAL))
        options = ("-p", "botflight_harness.pytest_plugin", "-p", "pytest_asyncio.plugin")
        return _best([_pytest(folder, *options) for _ in range(rounds)])


def plugin(rounds: int) -> Took:
    """What the plugin adds to a start of pytest, in turns with one that is without it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("")
        turns = [(_pytest(folder), _pytest(folder, "-p", "botflight_harness.pytest_plugin")) for _ in range(rounds)]
        without, with_it = _best([first for first, _ in turns]), _best([second for _, second in turns])
        return Took(with_it.wall_s - without.wall_s, with_it.cpu_s - without.cpu_s)


def _best(taken: list[Took]) -> Took:
    return Took(min(one.wall_s for one in taken), min(one.cpu_s for one in taken))


async def measure(rounds: int, times: int) -> list[Row]:
    """Return everything that is a ratio."""
    return [*await in_process(rounds, times), await many_users(rounds, times), await over_http(rounds, times)]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--times", type=int, default=400, help="updates a round")
    arguments = parser.parse_args()
    rows = asyncio.run(measure(arguments.rounds, arguments.times))
    tests, start = hundred_tests(5), plugin(9)
    walls = {"hundred_tests_s": tests.wall_s, "plugin_ms": start.wall_s * 1000}
    cpus = {"hundred_tests_s": tests.cpu_s, "plugin_ms": start.cpu_s * 1000}
    for row in rows:
        print(row)  # noqa: T201 -- a command
    for name, value in walls.items():
        verdict = "ok" if value <= MOST[name] else "OVER"
        print(f"{name:16} wall {value:8.2f}   CPU {cpus[name]:8.2f}   (wall <= {MOST[name]}: {verdict})")  # noqa: T201
    ratios = {row.name: {"ratio": row.ratio, "floor_us": row.floor_us, "ours_us": row.ours_us} for row in rows}
    told = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "most": MOST,
        "ratios": ratios,
        "wall": walls,
        "cpu": cpus,
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
