"""Two `botflight serve` behind one address, on one PostgreSQL: they share the work, and one is enough."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson
import pytest

from balancer import Balancer, balancing
from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import Act, BotAccount, Person, Telegram
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.storage.interface import Balance
from botflight_service.storage.sql.postgres import PostgresStorage
from botflight_service.updates.ownership import LOOK_EVERY_S
from running import ServiceProcess, free_port, serving_process

pytestmark = pytest.mark.process

#: A picture is drawn within this; in real seconds.
PATIENCE_S = 20.0
#: What a killed replica had in hand is at its end by then.
TAKEOVER_S = 30.0
NEXT_VERSION = (str(Path(__file__).with_name("next_version.py")),)


@dataclass
class Replicas:
    """Two services, their database and their Telegram, which delivers to each of them in turn."""

    both: tuple[ServiceProcess, ServiceProcess]
    balancer: Balancer
    storage: PostgresStorage
    telegram: Telegram
    partner: str
    #: Starts one more replica; its program, where that is not the service as it is.
    another: Callable[..., AbstractAsyncContextManager[ServiceProcess]]

    async def both_hear(self, *acts: Act) -> None:
        """Deliver each update to both replicas, all at once, beside what Telegram does."""
        posts = (replica.post(orjson.dumps(act.update.as_json())) for act in acts for replica in self.both)
        assert set(await asyncio.gather(*posts)) == {200}

    async def confirmation(self, person: Person) -> str:
        """Let somebody with 100 credits come to the confirm screen, by way of both replicas; its button."""
        await self.storage.credit_balance_once(self.partner, person.user_id, 100, f"payment of {person.user_id}")
        person.send_text("/start")
        for button in ("models", "model:text_to_image"):
            await person.sees(button=button, timeout=PATIENCE_S)
            person.tap(button)
        await person.sees("What should be in the picture", timeout=PATIENCE_S)
        person.send_text("a red fox in the snow")
        await person.sees(button="answer:text_to_image:shape:1:1", timeout=PATIENCE_S)
        person.tap("answer:text_to_image:shape:1:1")
        await person.sees("Is everything right?", timeout=PATIENCE_S)
        return next(data for data in person.last.callback_data if data.startswith("confirm_generation:"))

    async def delivered(self, person: Person) -> None:
        """Wait until the picture has been sent and the attempt says so."""
        await self.all_are(AttemptState.DELIVERED, [person])

    async def all_are(self, state: AttemptState, people: list[Person]) -> None:
        """Wait until each of these people has one attempt, in a state."""
        async with asyncio.timeout(TAKEOVER_S):
            for person in people:
                while await self._states(person) != [state]:  # noqa: ASYNC110 - a database calls nobody
                    await asyncio.sleep(0.05)

    async def _states(self, person: Person) -> list[AttemptState]:
        return [one.state for one in await self.storage.history(self.partner, person.user_id, limit=9)]


@pytest.fixture
async def replicas(telegram: Telegram, postgres_url: str, tmp_path: Path) -> AsyncIterator[Replicas]:
    """Two services that are ready."""
    bot: BotAccount = telegram.bot()
    storage = PostgresStorage(postgres_url, clock=lambda: 0)
    await storage.open()
    async with (
        serving(application(bot_api(telegram))) as address,
        balancing(free_port()) as balancer,
    ):
        more = {"DATABASE_URL": postgres_url, "DAILY_FREE_LIMIT": "0", "WEBHOOK_BASE_URL": balancer.url}
        another = partial(serving_process, tmp_path, token=bot.token, telegram_url=address.url, more=more)
        async with another() as one, another() as other:
            await asyncio.gather(one.told("READY"), other.told("READY"))
            balancer.replicas = [one.url, other.url]
            yield Replicas((one, other), balancer, storage, telegram, f"bot{bot.user_id}", another)
    await storage.close()


async def test_updates_delivered_to_two_replicas_buy_one_picture(replicas: Replicas, alice: Person) -> None:
    """Five taps on confirm, each delivered to both: one attempt, one charge, one file, and each tap answered once."""
    button = await replicas.confirmation(alice)
    answered_before = answers(replicas)

    await replicas.both_hear(*(alice.tap(button) for _ in range(5)))
    await replicas.delivered(alice)
    codes = await asyncio.gather(*(replica.terminate() for replica in replicas.both))

    assert await replicas.storage.balance(replicas.partner, alice.user_id) == Balance(credits(95), credits(0))
    assert [seen.kind for seen in alice.screen].count("photo") == 1
    assert answers(replicas) - answered_before == 5
    assert await replicas.storage.violations() == []
    assert await replicas.storage.unsent(replicas.partner) == []
    lines = [line for replica in replicas.both for line in replica.lines]
    outcomes = sorted(line["outcome"] for line in lines if line["event"] == "UPDATE_DONE")
    assert outcomes.count("ALREADY_CONFIRMED") == 4
    assert codes == [0, 0]


async def test_what_comes_for_a_chat_of_another_replica_is_processed_there(replicas: Replicas, alice: Person) -> None:
    """Taps that alternate between the replicas are processed in order, by the one that has the chat, at once."""
    one, other = replicas.both
    acts = [alice.send_text("/start"), *(alice.send_text(f"line {number}") for number in range(8))]

    began_s = asyncio.get_running_loop().time()
    for act, replica in zip(acts, (one, other) * 5, strict=False):
        assert await replica.post(orjson.dumps(act.update.as_json())) == 200
    async with asyncio.timeout(PATIENCE_S):
        while await replicas.storage.undone(replicas.partner):  # noqa: ASYNC110 - a database calls nobody
            await asyncio.sleep(0.01)
    took_s = asyncio.get_running_loop().time() - began_s
    await asyncio.gather(*(replica.terminate() for replica in replicas.both))

    done = [
        [line["update_id"] for line in replica.lines if line["event"] == "UPDATE_DONE"] for replica in replicas.both
    ]
    assert sorted(map(len, done)) == [0, len(acts)]
    assert [*done[0], *done[1]] == [act.update.update_id for act in acts]
    # Sooner than anybody looks for what waits: the calls were heard.
    assert took_s < LOOK_EVERY_S


async def test_a_replica_killed_under_load_loses_nothing_and_charges_nobody_twice(
    replicas: Replicas, telegram: Telegram
) -> None:
    """Half of the pictures are in its hands, and people go on writing: the other one takes all of it over."""
    buyers = [telegram.user(f"Buyer {number}") for number in range(8)]
    writers = [telegram.user(f"Writer {number}") for number in range(12)]
    buttons = await asyncio.gather(*map(replicas.confirmation, buyers))
    for buyer, button in zip(buyers, buttons, strict=True):
        buyer.tap(button)
    await replicas.all_are(AttemptState.RUNNING, buyers)

    writing = asyncio.create_task(written(writers))
    await asyncio.sleep(0.1)
    await replicas.both[0].kill()
    killed_at_s = asyncio.get_running_loop().time()
    await asyncio.gather(*(writer.sees(button="models", timeout=TAKEOVER_S) for writer in writers))
    await replicas.all_are(AttemptState.DELIVERED, buyers)
    took_s = asyncio.get_running_loop().time() - killed_at_s
    await writing
    await replicas.both[1].terminate()

    assert took_s < TAKEOVER_S
    for buyer in buyers:
        assert await replicas.storage.balance(replicas.partner, buyer.user_id) == Balance(credits(95), credits(0))
        assert [seen.kind for seen in buyer.screen].count("photo") == 1
    assert await replicas.storage.undone(replicas.partner) == []
    assert await replicas.storage.unsent(replicas.partner) == []
    assert await replicas.storage.violations() == []


async def test_a_rolling_restart_with_a_migration_in_between_loses_nothing(
    replicas: Replicas, telegram: Telegram
) -> None:
    """One by one the replicas make way for the next version, whose schema has grown, while people go on writing."""
    people = [telegram.user(f"Person {number}") for number in range(60)]
    writing = asyncio.create_task(written(people, every_s=0.15))
    codes = []
    async with contextlib.AsyncExitStack() as stack:
        for old in replicas.both:
            new = await stack.enter_async_context(replicas.another(program=NEXT_VERSION))
            await new.told("READY")
            # As an orchestrator does: the new one is asked before the old one is told to end.
            replicas.balancer.replicas.append(new.url)
            replicas.balancer.replicas.remove(old.url)
            codes.append(await old.terminate())
        await writing
        await asyncio.gather(*(person.sees(button="models", timeout=TAKEOVER_S) for person in people))

    answered = [len([seen for seen in person.screen if seen.from_bot]) for person in people]
    assert codes == [0, 0]
    assert answered == [1] * len(people)
    assert await replicas.storage.undone(replicas.partner) == []
    errors = [line for old in replicas.both for line in old.lines if line["level"] in {"error", "critical"}]
    assert [line["event"] for line in errors if line["event"] != "BILLING_PREFLIGHT_RUNTIME"] == []


async def written(people: list[Person], *, every_s: float = 0.02) -> None:
    """Let people write, one shortly after the other."""
    for person in people:
        person.send_text("/start")
        await asyncio.sleep(every_s)


def answers(replicas: Replicas) -> int:
    """How many taps were answered so far."""
    return len([call for call in replicas.telegram.calls if call.method == "answerCallbackQuery"])
