"""Two `botflight serve` behind one address, on one PostgreSQL: they share the work, and one is enough."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson
import pytest

from balancer import Balancer, balancing
from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import Act, BotAccount, Person, Telegram
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.storage.interface import Balance
from botflight_service.storage.sql.postgres import PostgresStorage
from kie_shop import kie_settings
from running import ServiceProcess, free_port, serving_process

pytestmark = pytest.mark.process

#: In real seconds.
PATIENCE_S = 20.0
#: What a killed replica had in hand is at its end by then.
TAKEOVER_S = 30.0
NEXT_VERSION = (str(Path(__file__).with_name("next_version.py")),)
NEVER_LOOKS = (str(Path(__file__).with_name("never_looks.py")),)


@dataclass
class Replicas:
    """Two services, their database, and a Telegram and a KIE, which call on each of them in turn."""

    both: tuple[ServiceProcess, ServiceProcess]
    balancer: Balancer
    storage: PostgresStorage
    telegram: Telegram
    kie: FakeKie
    partner: str
    #: Starts one more replica; its program, where that is not the service as it is.
    another: Callable[..., AbstractAsyncContextManager[ServiceProcess]]

    async def both_hear(self, *acts: Act) -> None:
        """Deliver each update to both replicas, all at once, beside what Telegram does."""
        posts = (replica.post(orjson.dumps(act.update.as_json())) for act in acts for replica in self.both)
        # A busy store makes a 503 of one: Telegram's own delivery is left.
        assert set(await asyncio.gather(*posts)) <= {200, 503}

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

    async def tell(self, event: str, *, times: int, **fields: object) -> None:
        """Read on until the two have logged an event with these fields so often, whoever of them."""

        def told(line: Mapping[str, object]) -> bool:
            return line["event"] == event and fields.items() <= line.items()

        while sum(told(line) for replica in self.both for line in replica.lines) < times:
            reading = [asyncio.create_task(replica.told(event)) for replica in self.both]
            ended, others = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.gather(*ended)

    async def check_bought(self, people: Sequence[Person]) -> None:
        """Assert that each of these people has one picture and paid for it once, and that nothing is left undone."""
        for person in people:
            assert await self.storage.balance(self.partner, person.user_id) == Balance(credits(95), credits(0))
            assert [seen.kind for seen in person.screen].count("photo") == 1
            (attempt,) = await self.storage.history(self.partner, person.user_id, limit=9)
            assert attempt.state is AttemptState.DELIVERED
        assert self.kie.creates == len(people)
        assert await self.storage.undone(self.partner) == []
        assert await self.storage.unsent(self.partner) == []
        assert await self.storage.violations() == []


@pytest.fixture
async def replicas(
    request: pytest.FixtureRequest, telegram: Telegram, postgres_url: str, tmp_path: Path
) -> AsyncIterator[Replicas]:
    """Two services that are ready; their program may be handed in."""
    options = {"program": request.param} if hasattr(request, "param") else {}
    bot: BotAccount = telegram.bot()
    kie = FakeKie(waits_ms=50, queues_ms=50, takes_ms=400)
    storage = PostgresStorage(postgres_url, clock=lambda: 0)
    await storage.open()
    async with (
        serving(application(bot_api(telegram))) as address,
        serving(kie_app(kie)) as kie_address,
        balancing(free_port()) as balancer,
    ):
        kie.files_url = f"{kie_address.url}/files"
        more = {
            **kie_settings(kie),
            "DATABASE_URL": postgres_url,
            "DAILY_FREE_LIMIT": "0",
            "WEBHOOK_BASE_URL": balancer.url,
        }
        another = partial(serving_process, tmp_path, token=bot.token, telegram_url=address.url, more=more)
        async with another(**options) as one, another(**options) as other:
            await asyncio.gather(one.told("READY"), other.told("READY"))
            balancer.replicas = [one.url, other.url]
            yield Replicas((one, other), balancer, storage, telegram, kie, f"bot{bot.user_id}", another)
        await kie.close()
    await storage.close()


async def test_updates_delivered_to_two_replicas_buy_one_picture(replicas: Replicas, alice: Person) -> None:
    """Five taps on confirm, each delivered to both: one attempt, one charge, one file, and each tap answered once."""
    button = await replicas.confirmation(alice)
    answered_before = answers(replicas)

    await replicas.both_hear(*(alice.tap(button) for _ in range(5)))
    await alice.sees("Charged:", timeout=PATIENCE_S)
    codes = await asyncio.gather(*(replica.terminate() for replica in replicas.both))

    await replicas.check_bought([alice])
    assert answers(replicas) - answered_before == 5
    lines = [line for replica in replicas.both for line in replica.lines]
    outcomes = sorted(line["outcome"] for line in lines if line["event"] == "UPDATE_DONE")
    assert outcomes.count("ALREADY_CONFIRMED") == 4
    assert codes == [0, 0]


@pytest.mark.parametrize("replicas", [NEVER_LOOKS], indirect=True, ids=["never looks"])
async def test_what_comes_for_a_chat_of_another_replica_is_processed_there(replicas: Replicas, alice: Person) -> None:
    """Lines that alternate between the replicas are processed in order, by the one that has the chat: it is called."""
    one, other = replicas.both
    acts = [alice.send_text("/start"), *(alice.send_text(f"line {number}") for number in range(8))]

    for act, replica in zip(acts, (one, other) * 5, strict=False):
        assert await replica.post(orjson.dumps(act.update.as_json())) == 200
    await replicas.tell("UPDATE_DONE", times=len(acts))
    await asyncio.gather(*(replica.terminate() for replica in replicas.both))

    done = [
        [line["update_id"] for line in replica.lines if line["event"] == "UPDATE_DONE"] for replica in replicas.both
    ]
    assert sorted(map(len, done)) == [0, len(acts)]
    assert [*done[0], *done[1]] == [act.update.update_id for act in acts]


async def test_a_replica_killed_under_load_loses_nothing_and_charges_nobody_twice(
    replicas: Replicas, telegram: Telegram
) -> None:
    """Half of the pictures are in its hands, and people are writing: the other one takes all of it over."""
    replicas.kie.takes_ms = 1_500
    buyers = [telegram.user(f"Buyer {number}", language="en") for number in range(8)]
    writers = [telegram.user(f"Writer {number}", language="en") for number in range(12)]
    buttons = await asyncio.gather(*map(replicas.confirmation, buyers))
    for buyer, button in zip(buyers, buttons, strict=True):
        buyer.tap(button)
    await replicas.tell("ATTEMPT_MOVED", state="running", times=len(buyers))

    for writer in writers:
        writer.send_text("/start")
    await writers[0].sees(button="models", timeout=PATIENCE_S)
    await replicas.both[0].kill()
    killed_at_s = asyncio.get_running_loop().time()
    await asyncio.gather(*(writer.sees(button="models", timeout=TAKEOVER_S) for writer in writers))
    await asyncio.gather(*(buyer.sees("Charged:", timeout=TAKEOVER_S) for buyer in buyers))
    took_s = asyncio.get_running_loop().time() - killed_at_s
    await replicas.both[1].terminate()

    assert took_s < TAKEOVER_S
    assert any(line["event"] == "ATTEMPT_MOVED" for line in replicas.both[0].lines)
    await replicas.check_bought(buyers)


async def test_a_rolling_restart_with_a_migration_in_between_loses_nothing(
    replicas: Replicas, telegram: Telegram, alice: Person
) -> None:
    """One by one they make way for the next version, whose schema has grown; people write on, a picture is made."""
    replicas.kie.takes_ms = 4_000
    alice.tap(await replicas.confirmation(alice))
    await replicas.tell("ATTEMPT_MOVED", state="running", times=1)
    over = asyncio.Event()
    writing = asyncio.create_task(one_after_the_other(telegram, until=over))
    codes, successors = [], []
    async with contextlib.AsyncExitStack() as stack:
        for old in replicas.both:
            new = await stack.enter_async_context(replicas.another(program=NEXT_VERSION))
            await new.told("READY")
            # As an orchestrator does: the new one is asked before the old one is told to end.
            replicas.balancer.replicas.append(new.url)
            replicas.balancer.replicas.remove(old.url)
            codes.append(await old.terminate())
            successors.append(new)
        over.set()
        people = await writing
        await alice.sees("Charged:", timeout=TAKEOVER_S)
        codes += await asyncio.gather(*(new.terminate() for new in successors))

    answered = [len([seen for seen in person.screen if seen.from_bot]) for person in people]
    assert codes == [0, 0, 0, 0]
    assert len(people) > len(replicas.both)
    assert answered == [1] * len(people)
    await replicas.check_bought([alice])
    errors = [line for old in replicas.both for line in old.lines if line["level"] in {"error", "critical"}]
    assert [line["event"] for line in errors if line["event"] != "BILLING_PREFLIGHT_RUNTIME"] == []


async def one_after_the_other(telegram: Telegram, *, until: asyncio.Event) -> list[Person]:
    """Let people write, each as soon as the one before has an answer; those who wrote."""
    people: list[Person] = []
    while not until.is_set():
        people.append(telegram.user(f"Person {len(people)}", language="en"))
        people[-1].send_text("/start")
        await people[-1].sees(button="models", timeout=TAKEOVER_S)
    return people


def answers(replicas: Replicas) -> int:
    """How many taps were answered so far."""
    return len([call for call in replicas.telegram.calls if call.method == "answerCallbackQuery"])
