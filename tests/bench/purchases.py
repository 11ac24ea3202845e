"""Taps on confirm a second, to the settled and delivered attempt: `python -m tests.bench.purchases`.

The real service in a process of its own, with the local provider at no delay. Every tap buys: users have credits and
stand before a confirm screen. What counts is a tap whose picture has reached the Bot API; afterwards the store is asked
whether each was charged once and settled.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID, uuid5

import orjson
from tests.bench.bot_api import BotApi
from tests.bench.contender import (
    SECRET,
    TOKEN,
    Contender,
    Running,
    environment,
    free_port,
    run,
    running,
    until_answering,
)
from tests.bench.load import Load, Tally, Target
from tests.bench.turn import fsync_ms, percentile
from tests.bench.updates import BUILD, service
from tests.postgres_server import mistreated_server

from botflight_service.app import system_clock_ms
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState, Funding
from botflight_service.session import Draft, Offer, Session
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage, Work

#: What the partner is called where no setting names it.
PARTNER = f"bot{TOKEN.partition(':')[0]}"
#: The catalogue's price of a picture.
PRICE = credits(5)
GOAL_P99_MS = 50.0
#: Above those of the generator's own greetings.
_FIRST_USER = 50_000_000
_FIRST_UPDATE_ID = 500_000_000
_TASKS = UUID("9d5a3c1e-0000-5000-8000-00000000beac")
_TOGETHER = 500
_SETTLE_LIMIT_S = 20.0
_CALLBACK_ID = re.compile(rb'callback_query_id"?[=:]\s*"?(\d+)')
#: In a form with a file.
_PART_CHAT_ID = re.compile(rb'name="chat_id"[^\d]*\r\n\r\n(-?\d+)')
_TAP = (
    b'{"update_id":%d,"callback_query":{"id":"%d","from":{"id":%d,"is_bot":false,"first_name":"Ada","language_code":"en"},'
    b'"chat_instance":"1","data":"confirm_generation:%b","message":{"message_id":7,"date":1764000000,'
    b'"chat":{"id":%d,"type":"private","first_name":"Ada"},'
    b'"from":{"id":110201543,"is_bot":true,"first_name":"Bench","username":"bench_bot"},'
    b'"text":"Is everything right?"}}}'
)
_PHOTO = (
    b'{"message_id":8,"date":1764000000,"chat":{"id":%d,"type":"private","first_name":"Ada"},'
    b'"photo":[{"file_id":"a-file","file_unique_id":"a","width":16,"height":16}]}'
)


class NotSettled(Exception):
    """What was bought and what the store says of it differ. The text names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchases:
    """What one turn of one store measured."""

    store: str
    taps: int
    bought_per_s: float
    #: CPU time of the service, all threads, a purchase.
    cpu_us: float
    half_per_s: float
    #: From a tap to the answer of its callback query, under half of the load above.
    answer_p50_ms: float
    answer_p99_ms: float
    #: From a tap to its picture at the Bot API, likewise.
    picture_p50_ms: float
    picture_p99_ms: float


class ShopApi(BotApi):
    """A Bot API that also hears answers to taps, and pictures."""

    def __init__(self, greeted: Load, taps: Taps) -> None:
        super().__init__(greeted.completed)
        self._taps = taps

    def answer(self, path: bytes, body: bytes) -> bytes:
        """The response to one request."""
        method = path.rpartition(b"/")[2]
        if method == b"answerCallbackQuery" and (query := _CALLBACK_ID.search(body)):
            self._taps.answered(int(query[1]))
        elif method == b"sendPhoto" and (chat := _PART_CHAT_ID.search(body)):
            self._taps.load.completed(int(chat[1]))
            return self.response(_PHOTO % int(chat[1]))
        return super().answer(path, body)


class Taps:
    """Users who tap on confirm, each once, in turn."""

    def __init__(self, target: Target) -> None:
        self.load = Load(target, self._tap)
        #: From a tap to the answer of its callback query.
        self.answers_ms: list[float] = []
        self._tapped_s: dict[int, float] = {}

    def _tap(self, number: int) -> tuple[int, bytes]:
        user = _FIRST_USER + number
        self._tapped_s[number] = time.perf_counter()
        return user, _TAP % (_FIRST_UPDATE_ID + number, number, user, task_of(user).hex.encode(), user)

    def answered(self, number: int) -> None:
        """Note the answer to a tap."""
        self.answers_ms.append((time.perf_counter() - self._tapped_s.pop(number)) * 1000)


def task_of(user: int) -> UUID:
    """What a user's confirm screen offers."""
    return uuid5(_TASKS, str(user))


async def furnish(url: str, users: int) -> None:
    """Put users before their confirm screens, with as much as a picture costs."""
    async with opened(url) as storage:
        ids = range(_FIRST_USER, _FIRST_USER + users)
        for at in range(0, users, _TOGETHER):
            await asyncio.gather(*(_seat(storage, user) for user in ids[at : at + _TOGETHER]))


async def _seat(storage: Storage, user: int) -> None:
    now_ms = system_clock_ms()
    offer = Offer(task_id=task_of(user), price=PRICE, funding=Funding.BALANCE)
    draft = Draft(model="text_to_image", inputs={"prompt": "a red fox in the snow", "shape": "1:1"}, offer=offer)
    session = Session(user_id=user, update_id=1, written_at_ms=now_ms, draft=draft)
    await storage.commit(Work(partner=PARTNER, at_ms=now_ms, session=session))
    await storage.credit_balance_once(PARTNER, user, PRICE, f"payment of {user}")


async def check(url: str, taps: int) -> None:
    """Ask the store whether every tap was charged once and delivered. Raises NotSettled."""
    async with opened(url) as storage:
        delivered = len(await storage.attempts_in(PARTNER, [AttemptState.DELIVERED], limit=taps + 1))
        balances = [await storage.balance(PARTNER, _FIRST_USER + number) for number in range(taps)]
        charged = sum(not balance.available and not balance.held for balance in balances)
        violations = await storage.violations()
    if (delivered, charged) != (taps, taps) or violations:
        raise NotSettled(f"{taps} taps: {delivered} delivered, {charged} charged; {'; '.join(violations) or 'sound'}")


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Storage]:
    """A store, while the service does not run."""
    storage = open_storage(url, clock=system_clock_ms)
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


def shop_on(url: str) -> Contender:
    """The service with the local provider at no delay, on a store that exists."""
    variables = {**service(url).variables, "DAILY_FREE_LIMIT": "0"}
    return Contender(
        name="purchases", arguments=("-m", "tests.bench.instant", "serve"), variables={**variables, "DATABASE_URL": url}
    )


@contextlib.asynccontextmanager
async def opened_shop(
    contender: Contender, *, folder: Path, window: int, connections: int = 40
) -> AsyncIterator[tuple[Taps, Running]]:
    """A shop that answers."""
    port = free_port()
    shop = Taps(Target(port=port, secret=SECRET, window=window, connections=connections))
    greeting = Load(Target(port=port, secret=SECRET))
    async with (
        ShopApi(greeting, shop).listening() as api,
        running(contender, environment(port, api), folder=folder) as bot,
    ):
        await until_answering(bot, greeting.answered_one)
        yield shop, bot


async def measure(name: str, url: str, *, taps: int, window: int, folder: Path) -> Purchases:
    """Let half of the users tap as fast as they can and the others at half of that rate. Raises NotSettled."""
    await furnish(url, taps)
    async with opened_shop(shop_on(url), folder=folder, window=window) as (shop, bot), shop.load.connected():
        # The first ones open connections and draw the picture.
        warm = await shop.load.run(seconds=60, most=taps // 10)
        cpu_s = bot.watched.cpu_s() or 0.0
        full = await shop.load.run(seconds=60, most=taps // 2)
        cpu_s = (bot.watched.cpu_s() or 0.0) - cpu_s
        shop.answers_ms.clear()
        per_s = full.completed / full.elapsed_s / 2
        half = await shop.load.run(seconds=120, most=taps - warm.posted - full.posted, per_s=per_s)
    made = sum(tally.posted for tally in (warm, full, half))
    for tally in (warm, full, half):
        _require_all(tally)
    await check(url, made)
    return Purchases(
        store=name,
        taps=made,
        bought_per_s=full.completed / full.elapsed_s,
        cpu_us=cpu_s / full.completed * 1e6,
        half_per_s=per_s,
        answer_p50_ms=percentile(shop.answers_ms, 50),
        answer_p99_ms=percentile(shop.answers_ms, 99),
        picture_p50_ms=percentile(half.completed_ms, 50),
        picture_p99_ms=percentile(half.completed_ms, 99),
    )


def _require_all(tally: Tally) -> None:
    if tally.completed != tally.posted or tally.refused or tally.extra:
        raise NotSettled(
            f"{tally.posted} taps: {tally.completed} pictures, {tally.refused} refused, {tally.extra} too many"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a tap was not settled, or was answered too late."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.purchases", description=__doc__)
    parser.add_argument("--store", action="append", help="sqlite, postgresql or json; may be given several times")
    parser.add_argument("--taps", type=int, default=4_000, help="purchases a store and round")
    parser.add_argument("--window", type=int, default=64, help="purchases under way at once")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, default=BUILD / "purchases.json", help="where the numbers go")
    asked = parser.parse_args(arguments)
    stores = asked.store or ["sqlite", "postgresql"]
    BUILD.mkdir(parents=True, exist_ok=True)
    found: list[Purchases] = []
    with contextlib.ExitStack() as stack:
        for _ in range(asked.rounds):
            for store in stores:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD, prefix="shop-")))
                url = f"{store}:{folder / 'store'}"
                if store == "postgresql":
                    url = stack.enter_context(mistreated_server(folder / "pg")).url_of("botflight_template")
                found.append(run(measure(store, url, taps=asked.taps, window=asked.window, folder=folder)))
                sys.stdout.write(f"{row(found[-1])}\n")
                sys.stdout.flush()
    machine = {"fsync_ms": round(fsync_ms(BUILD), 3)}
    asked.json.write_bytes(
        orjson.dumps({**machine, "turns": [asdict(one) for one in found]}, option=orjson.OPT_INDENT_2)
    )
    return int(any(one.answer_p99_ms >= GOAL_P99_MS for one in found))


def row(one: Purchases) -> str:
    """One turn in words."""
    return (
        f"{one.store}: {one.bought_per_s:.0f} purchases/s of {one.taps} taps, all settled, "
        f"{one.cpu_us:,.0f} us of CPU each; at {one.half_per_s:.0f}/s "
        f"tap to answer p50 {one.answer_p50_ms:.1f} ms, p99 {one.answer_p99_ms:.1f} ms; "
        f"tap to picture p50 {one.picture_p50_ms:.1f} ms, p99 {one.picture_p99_ms:.1f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
