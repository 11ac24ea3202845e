"""Two `botflight serve` on one PostgreSQL: whatever both are told, the database lets one of them do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import Act, BotAccount, Person, Telegram
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.storage.interface import Balance
from botflight_service.storage.sql.postgres import PostgresStorage
from running import ServiceProcess, serving_process

pytestmark = pytest.mark.process

#: A picture is drawn within this; in real seconds.
PATIENCE_S = 20.0


@dataclass
class Replicas:
    """Two services, their database and their Telegram, which delivers to the one that set its webhook last."""

    both: tuple[ServiceProcess, ServiceProcess]
    storage: PostgresStorage
    telegram: Telegram
    partner: str

    async def both_hear(self, *acts: Act) -> None:
        """Deliver each update to both replicas, all at once, beside what Telegram does."""
        posts = (replica.post(orjson.dumps(act.update.as_json())) for act in acts for replica in self.both)
        assert set(await asyncio.gather(*posts)) == {200}

    async def confirmation(self, person: Person) -> str:
        """Let somebody with 100 credits come to the confirm screen, by way of one replica; its button."""
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
        async with asyncio.timeout(PATIENCE_S):
            while await self._states(person) != [AttemptState.DELIVERED]:  # noqa: ASYNC110 - a database calls nobody
                await asyncio.sleep(0.05)

    async def _states(self, person: Person) -> list[AttemptState]:
        return [one.state for one in await self.storage.history(self.partner, person.user_id, limit=9)]


@pytest.fixture
async def replicas(telegram: Telegram, postgres_url: str, tmp_path: Path) -> AsyncIterator[Replicas]:
    """Two services that are ready."""
    bot: BotAccount = telegram.bot()
    storage = PostgresStorage(postgres_url, clock=lambda: 0)
    await storage.open()
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    async with serving(application(bot_api(telegram))) as address:
        first, second = (
            serving_process(
                folder,
                token=bot.token,
                telegram_url=address.url,
                more={"DATABASE_URL": postgres_url, "DAILY_FREE_LIMIT": "0"},
            )
            for folder in folders
        )
        async with first as one, second as other:
            await asyncio.gather(one.told("READY"), other.told("READY"))
            yield Replicas((one, other), storage, telegram, f"bot{bot.user_id}")
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


async def test_a_replica_that_dies_leaves_the_other_serving(replicas: Replicas, alice: Person) -> None:
    """One is killed: whoever writes to the other is answered."""
    await replicas.both[0].kill()

    assert await replicas.both[1].post(orjson.dumps(alice.send_text("/start").update.as_json())) == 200

    await alice.sees(button="models", timeout=PATIENCE_S)


def answers(replicas: Replicas) -> int:
    """How many taps were answered so far."""
    return len([call for call in replicas.telegram.calls if call.method == "answerCallbackQuery"])
