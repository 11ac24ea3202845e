"""All at once: `botflight serve`, PostgreSQL, a Telegram and a KIE by HTTP; at the end all books are compared."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from tests.buying import photo

from botflight_harness.clock import SystemClock
from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import BotAccount, Person, Refusal, Telegram
from botflight_service.billing.money import Credits, credits
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.bot.handlers.pay_support import reference
from botflight_service.bot.texts import load as load_texts
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.generation.catalog import ChoiceInput, Model, load
from botflight_service.storage.interface import Balance
from botflight_service.storage.sql.postgres import PostgresStorage
from kie_shop import kie_settings
from running import ServiceProcess, free_port, serving_process

pytestmark = pytest.mark.process

#: In real seconds.
PATIENCE_S = 30.0
MODELS = load().models
WORDS = load_texts().speak("en")
STARS_AT_FIRST = 10_000
KIE_AT_FIRST = 10_000.0


@dataclass
class City:
    """A bot and whoever uses it, and all those who keep a book of what happens."""

    telegram: Telegram
    bot: BotAccount
    kie: FakeKie
    storage: PostgresStorage
    folder: Path
    telegram_url: str
    settings: Mapping[str, str]

    @property
    def partner(self) -> str:
        """Whose book the store's is."""
        return f"bot{self.bot.user_id}"

    def serves(self) -> AbstractAsyncContextManager[ServiceProcess]:
        """A run of the service, always at the same address."""
        return serving_process(self.folder, token=self.bot.token, telegram_url=self.telegram_url, more=self.settings)

    async def payments(self, person: Person) -> Sequence[Payment]:
        """A person's payments by our book."""
        return await self.storage.payments_of(self.partner, person.user_id, limit=99)

    async def attempts(self, person: Person) -> Sequence[Attempt]:
        """A person's attempts by our book."""
        return await self.storage.history(self.partner, person.user_id, limit=99)

    async def tops_up(self, person: Person, *, once: asyncio.Event) -> None:
        """Buy the smallest pack, from the menu to the credits; the money goes `once` that is set."""
        person.send_text("/start")
        for button in ("balance", "top_up", "buy:small"):
            await person.sees(button=button, timeout=PATIENCE_S)
            person.tap(button)
        await person.sees(WORDS.plain("invoice.about"), timeout=PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):
            while not await self._pays(person, once=once):
                # The service was killed, and is not back within the ten seconds that Telegram waits.
                continue
        await person.sees("Credited: 50 credits", timeout=PATIENCE_S)

    async def _pays(self, person: Person, *, once: asyncio.Event) -> bool:
        """Press Pay under the invoice; whether the money went, or Telegram had waited too long for the bot's answer."""
        payment = person.open_payment()
        answered = asyncio.Event()
        self.telegram.cashier.when_settled(payment.query, answered.set)
        async with asyncio.timeout(PATIENCE_S):
            await answered.wait()
            await once.wait()
        stage = person.continue_payment(payment).stage
        assert stage in {"paid", "voided"}
        return stage == "paid"

    async def confirms(self, person: Person, model: Model) -> None:
        """Order what a model makes, from the menu to the tap on confirm."""
        person.send_text("/start")
        for button in ("models", f"model:{model.key}"):
            await person.sees(button=button, timeout=PATIENCE_S)
            person.tap(button)
        for asked in model.inputs:
            if isinstance(asked, ChoiceInput):
                button = f"answer:{model.key}:{asked.name}:{asked.choices[0]}"
                await person.sees(button=button, timeout=PATIENCE_S)
                person.tap(button)
                continue
            await person.sees(WORDS.plain(f"model.{model.key}.{asked.name}"), timeout=PATIENCE_S)
            match asked.type:
                case "photo":
                    person.send_file("photo", photo(), file_name="photo.jpg")
                case "number":
                    person.send_text("5")
                case _:
                    person.send_text("a lighthouse in the fog")
        await person.sees("Is everything right?", timeout=PATIENCE_S)
        person.tap(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))

    async def asks_for_a_refund(self, person: Person) -> None:
        """Give the last payment back, as /paysupport offers it."""
        person.send_text("/paysupport")
        for kind in ("ask_refund:", "confirm_refund:"):
            (payment,) = await self.payments(person)
            button = f"{kind}{reference(payment)}"
            await person.sees(button=button, timeout=PATIENCE_S)
            person.tap(button)


@pytest.fixture
async def city(postgres_url: str, tmp_path: Path) -> AsyncIterator[City]:
    """Everybody is there but the service; time is the computer's own, for Telegram comes again by it."""
    telegram = Telegram(clock=SystemClock())
    bot = telegram.bot()
    kie = FakeKie(waits_ms=50, queues_ms=50, takes_ms=1_500, credit=KIE_AT_FIRST)
    storage = PostgresStorage(postgres_url, clock=lambda: 0)
    await storage.open()
    port = free_port()
    async with serving(kie_app(kie)) as kie_address, serving(application(bot_api(telegram))) as address:
        kie.files_url = f"{kie_address.url}/files"
        settings = {
            **kie_settings(kie),
            "DATABASE_URL": postgres_url,
            "DAILY_FREE_LIMIT": "0",
            "ADMIN_ID": str(telegram.user("Admin", language="en").user_id),
            "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
        }
        yield City(telegram, bot, kie, storage, tmp_path, address.url, settings)
        await kie.close()
    await storage.close()
    kie.check()
    telegram.check()


async def test_payments_pictures_and_refunds_agree_in_all_books_whenever_the_service_is_killed(city: City) -> None:
    """Killed while people pay, while KIE works and while a refund is asked for; an answer of KIE's is lost as well."""
    admin = next(iter(city.telegram.people.values()))
    buyers = [city.telegram.user(f"Buyer of {model.key}", language="en") for model in MODELS]
    unlucky = city.telegram.user("Unlucky", language="en")
    regretful = city.telegram.user("Regretful", language="en")
    # Some pay while nobody hears it, the others around that moment.
    late, now, killed = (unlucky, buyers[1]), asyncio.Event(), asyncio.Event()
    now.set()
    everybody, back = [*buyers, unlucky, regretful], [regretful, buyers[0]]

    async with city.serves() as first:
        await first.told("READY")
        paying = [
            asyncio.create_task(city.tops_up(person, once=killed if person in late else now)) for person in everybody
        ]
        for _ in range(2):
            await first.told("PAYMENT_CREDITED")
        await first.kill()
        killed.set()
    async with city.serves() as second:
        await second.told("READY")
        await asyncio.gather(*paying)
        await asyncio.gather(*(city.confirms(buyer, model) for buyer, model in zip(buyers, MODELS, strict=True)))
        running = 0
        while running < len(buyers):
            running += (await second.told("ATTEMPT_MOVED"))["state"] == "running"
        await second.kill()
    async with city.serves() as third:
        await third.told("READY")
        city.kie.loses_answer(taken=True)
        await city.confirms(unlucky, MODELS[0])
        await asyncio.gather(*(buyer.sees("Charged:", timeout=PATIENCE_S) for buyer in (*buyers, unlucky)))
        city.telegram.faults.refuse("refundStarPayment", Refusal(500, "Internal Server Error"), times=100)
        await city.asks_for_a_refund(regretful)
        await third.told("REFUND_DELAYED")
        await third.kill()
    city.telegram.faults.clear()
    async with city.serves() as fourth:
        await fourth.told("PAYMENT_REFUNDED")
        (spent,) = await city.payments(buyers[0])
        admin.send_text(f"/refund {spent.charge_id} loss")
        # Telegram's own messages about both, the first in a chat that was the killed run's until it counts as dead.
        while sum(line["event"] == "UPDATE_DONE" and line["handler"] == "refund" for line in fourth.lines) < len(back):
            await fourth.told("UPDATE_DONE")
        await asyncio.gather(*(person.sees("went back to you", timeout=PATIENCE_S) for person in back))
        code = await fourth.terminate()

    assert code == 0
    assert fourth.lines[-1]["event"] == "STOPPED"
    assert await city.storage.undone(city.partner) == []
    assert await city.storage.unsent(city.partner) == []
    await telegram_agrees(city, everybody, given_back=back)
    await kie_agrees(city, [*buyers, unlucky])
    await the_ledger_agrees(city, everybody, with_loss=buyers[0])
    # How fast the database answers is the machine's business.
    assert await preflight(city) <= {"BPF_DB_SLOW"}


async def telegram_agrees(city: City, people: Sequence[Person], *, given_back: Sequence[Person]) -> None:
    """Every charge of Telegram's is one payment of ours, in the same state; nobody's Stars went anywhere else."""
    for person in people:
        (payment,) = await city.payments(person)
        charge = city.telegram.cashier.till.charges[payment.charge_id]
        is_back = person in given_back
        assert (charge.user_id, charge.total, charge.is_refunded) == (person.user_id, 50, is_back)
        assert payment.state is (PaymentState.REFUNDED if is_back else PaymentState.PAID)
        assert person.stars == STARS_AT_FIRST - (0 if is_back else 50)
        assert [seen.text for seen in person.screen if "Credited:" in seen.text] != []
    assert len(city.telegram.cashier.till.charges) == len(people)
    assert city.telegram.cashier.till.stars(city.bot) == 50 * (len(people) - len(given_back))


async def kie_agrees(city: City, buyers: Sequence[Person]) -> None:
    """Every task of KIE's is one attempt of ours, whose file its buyer has once, and KIE was paid for each once."""
    jobs = []
    for buyer in buyers:
        (attempt,) = await city.attempts(buyer)
        assert attempt.state is AttemptState.DELIVERED
        assert len([seen for seen in buyer.screen if seen.from_bot and seen.media]) == 1
        jobs.append(attempt.job_id)
    assert sorted(jobs, key=str) == sorted(city.kie.tasks)
    assert city.kie.creates == len(buyers)
    assert city.kie.credit == KIE_AT_FIRST - sum(task.credits for task in city.kie.tasks.values())


async def the_ledger_agrees(city: City, people: Sequence[Person], *, with_loss: Person) -> None:
    """Wallets are what was paid less what was bought and given back; the house has the rest, and bore one loss."""
    earned, kept, lost = Credits(0), Credits(0), Credits(0)
    for person in people:
        (payment,) = await city.payments(person)
        spent = sum((attempt.price for attempt in await city.attempts(person)), Credits(0))
        earned += spent
        if payment.state is PaymentState.PAID:
            kept += payment.credited
        if person is with_loss:
            lost += spent
        left = payment.credited - spent if payment.state is PaymentState.PAID else Credits(0)
        assert await city.storage.balance(city.partner, person.user_id) == Balance(left, credits(0))
    house = await city.storage.house(city.partner)
    assert (house.revenue, -house.top_up_clearing, -house.adjustments) == (earned, kept, lost)
    assert await city.storage.violations() == []


async def preflight(city: City) -> set[str]:
    """What `botflight preflight` finds."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "PYTHONPATH"}}
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "botflight_diagnostics.run_billing_preflight", "--json"),
        cwd=city.folder,
        env={**kept, "DATABASE_URL": city.settings["DATABASE_URL"], "BOT_INSTANCE_ID": city.partner},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asked.communicate()
    sections = orjson.loads(said)["sections"].values()
    return {finding["code"] for section in sections for finding in section.get("findings", ())}
