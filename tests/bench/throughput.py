"""One turn under wrk with nginx for a Bot API: a fresh process and store, a warm-up, a measured run, the numbers."""

import asyncio
import contextlib
import http.client
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.contender import SECRET, Contender, Running, environment, free_port, housed, running, until_answering
from tests.bench.nginx import Nginx, bot_api
from tests.bench.peers.environment import WEBHOOK_PATH
from tests.bench.turn import Plan
from tests.bench.wrk import Order, post

#: How long the messages of acknowledged updates may take after the last post.
DRAIN_LIMIT_S = 30.0
_LOOK_EVERY_S = 0.01
#: For a message that nobody asked for to show.
_EXTRA_S = 0.1
_PROBE = (
    b'{"update_id":%d,"message":{"message_id":1,"date":1764000000,"chat":{"id":9,"type":"private","first_name":"A"},'
    b'"from":{"id":9,"is_bot":false,"first_name":"A"},"text":"hello"}}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a turn measured. An update is completed when its sendMessage has reached nginx."""

    completed_per_s: float
    posted: int
    refused: int
    completed: int
    #: Acknowledged, and no message came of it.
    lost: int
    #: Messages above the acknowledged updates.
    extra: int
    #: From the first post to the last message.
    elapsed_s: float
    start_s: float
    #: CPU time of the contender, all threads, an update.
    cpu_us: float | None
    memory_mib: float | None
    #: The share of one core that wrk and nginx took.
    load_share: float

    def as_json(self) -> dict[str, float | None]:
        """The numbers by name, rounded."""
        return {name: value if value is None else round(value, 3) for name, value in asdict(self).items()}


@dataclass(slots=True)
class Ready:
    """A contender that answers, and what stands around it."""

    bot: Running
    api: Nginx
    port: int
    folder: Path
    plan: Plan
    answers: bool
    start_s: float
    #: The number of the next update.
    next: int = 0

    async def run(self, seconds: float) -> Numbers:
        """Post for some seconds, and wait for the last message."""
        bot, api = self.bot.watched, self.api
        before, bot_s, api_s = api.messages(), bot.cpu_s(), api.process.cpu_s() or 0.0
        order = Order(
            port=self.port,
            seconds=seconds,
            first=self.next,
            connections=self.plan.connections,
            window=self.plan.window,
            chats=self.plan.chats,
            api=api if self.answers else None,
        )
        posted = await post(order, self.folder)
        self.next += posted.posted
        last_s = time.time()
        completed = accepted = posted.posted - posted.refused
        if self.answers:
            completed, last_s = await self._completed(before, accepted)
        elapsed_s = last_s - posted.first_s
        now_s = bot.cpu_s()
        took_s = None if now_s is None or bot_s is None else now_s - bot_s
        return Numbers(
            completed_per_s=min(completed, accepted) / elapsed_s,
            posted=posted.posted,
            refused=posted.refused,
            completed=completed,
            lost=max(0, accepted - completed),
            extra=max(0, completed - accepted),
            elapsed_s=elapsed_s,
            start_s=self.start_s,
            cpu_us=None if took_s is None else took_s / max(completed, 1) * 1e6,
            memory_mib=bot.memory_mib(),
            load_share=(posted.cpu_s + (api.process.cpu_s() or 0.0) - api_s) / elapsed_s,
        )

    async def _completed(self, before: int, accepted: int) -> tuple[int, float]:
        """Wait for as many messages as were asked for; how many came, and when the last of them did."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_LIMIT_S):
                while self.api.messages() - before < accepted:  # noqa: ASYNC110 - another process writes them
                    await asyncio.sleep(_LOOK_EVERY_S)
        last_s = self.api.last_s()
        await asyncio.sleep(_EXTRA_S)
        return self.api.messages() - before, last_s

    def probe(self) -> bool:
        """Post one update; whether it is acknowledged."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        head = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
        connection.request("POST", WEBHOOK_PATH, _PROBE % (1 + self.next), head)
        self.next += 1
        answer = connection.getresponse().status
        connection.close()
        return answer == http.client.OK


@contextlib.asynccontextmanager
async def standing(contender: Contender, plan: Plan) -> AsyncIterator[Ready]:
    """A contender that answers, with nginx beside it."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with tempfile.TemporaryDirectory(dir=plan.folder, prefix="turn-") as name:
        folder = Path(name)
        async with (
            bot_api(folder) as api,
            housed(contender, plan.server) as housed_one,
            running(housed_one, environment(port, api.url), folder=folder) as bot,
        ):
            ready = Ready(bot, api, port, folder, plan, contender.answers, start_s=0.0)

            async def answers() -> bool:
                if not await asyncio.to_thread(ready.probe):
                    return False
                return not contender.answers or (await ready._completed(0, 1))[0] > 0

            ready.start_s = await until_answering(bot, answers)
            yield ready


async def take_turn(contender: Contender, plan: Plan) -> Numbers:
    """Run a contender and measure it."""
    async with standing(contender, plan) as ready:
        await ready.run(plan.warm_up_s)
        return await ready.run(plan.seconds)
