"""Several partners on one store: nobody sees, pays for or administers what is another's."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import BotAccount, Person, Telegram
from botflight_harness.webhook import WebhookHarness
from botflight_service.billing.money import credits
from botflight_service.bot.broadcast import Broadcast, BroadcastState
from botflight_service.storage.sql import audit, probe, statements
from botflight_service.storage.sql.postgres import leasing, link, recovery, single
from botflight_service.storage.sql.program import Program, Step
from botflight_service.storage.sql.records import TABLES
from botflight_service.storage.sql.sqlite import SqliteStorage
from running import SECRET as PROCESS_SECRET
from running import serving_process
from shop import PARTNER, Shop, open_shop, settings_of

OTHER = "p-other02"
OTHER_SECRET = "another-secret-that-nobody-guesses"
OTHER_ADMIN = 900_000_002
ADMIN = 900_000_001


@dataclass(frozen=True, slots=True)
class Mall:
    """One process with two partners' bots on one store."""

    shop: Shop
    other: BotAccount
    other_harness: WebhookHarness


@asynccontextmanager
async def open_mall(telegram: Telegram, **options: Any) -> AsyncIterator[Mall]:
    """Run it for the time of the block."""
    telegram.bot()
    other = telegram.bot()
    settings = settings_of(
        other.token,
        {
            "BOT_INSTANCE_ID": OTHER,
            "WEBHOOK_SECRET": OTHER_SECRET,
            "ADMIN_ID": str(OTHER_ADMIN),
            "DAILY_FREE_LIMIT": "0",
            "PRICES": "text_to_image=7",
        },
    )
    async with open_shop(telegram, others=(settings,), **options) as shop:
        harness = WebhookHarness(
            shop.service.asgi,
            telegram,
            secret=OTHER_SECRET,
            path=f"/webhook/{OTHER}",
            bot=other,
            idle=shop.service.service.idle,
            lifespan=False,
        )
        async with harness:
            yield Mall(shop, other, harness)


@pytest.fixture
async def mall(telegram: Telegram) -> AsyncIterator[Mall]:
    async with open_mall(telegram) as opened:
        yield opened


@pytest.fixture
async def any_mall(telegram: Telegram, store_url: str) -> AsyncIterator[Mall]:
    """On each of the stores."""
    async with open_mall(telegram, database_url=store_url) as opened:
        yield opened


async def shops_in_both(mall: Mall, person: Person) -> None:
    """Pay in one bot, and buy a picture in each."""
    home = mall.shop.harness.bot
    await mall.shop.storage.credit_balance_once(OTHER, person.user_id, 30, "a gift")
    for bot in (home, mall.other):
        await person.sends("/start", where=bot)
        if bot is home:
            await person.taps("balance", where=bot)
            await person.taps("top_up", where=bot)
            await person.taps("buy:small", where=bot)
            await person.pays(where=bot)
            await person.sends("/menu", where=bot)
        await person.taps("models", where=bot)
        await person.taps("model:text_to_image", where=bot)
        await person.sends(f"a fox for {bot.username}", where=bot)
        await person.taps("answer:text_to_image:shape:1:1", where=bot)
        last = person.screen_in(bot)[-1]
        await person.taps(next(one for one in last.callback_data if one.startswith("confirm_generation:")), where=bot)


async def test_the_same_user_has_a_wallet_and_a_history_in_each_bot(any_mall: Mall, alice: Person) -> None:
    """What was paid in one bot is spent in it alone, at that partner's price."""
    await shops_in_both(any_mall, alice)

    store = any_mall.shop.storage
    assert (await store.balance(PARTNER, alice.user_id)).available == credits(45)
    assert (await store.balance(OTHER, alice.user_id)).available == credits(23)
    assert [len(await store.history(partner, alice.user_id, limit=9)) for partner in (PARTNER, OTHER)] == [1, 1]
    assert [len(await store.payments_of(partner, alice.user_id, limit=9)) for partner in (PARTNER, OTHER)] == [1, 0]
    assert await store.violations() == []


async def test_each_webhook_takes_its_own_secret_alone(mall: Mall, alice: Person) -> None:
    """A partner that knows its own secret cannot speak for another's bot."""
    update = orjson.dumps(alice.send_text("/start", where=mall.other).update.as_json())
    request = mall.shop.harness.request
    header = "X-Telegram-Bot-Api-Secret-Token"
    home_secret = mall.shop.harness._secret

    statuses = [
        (await request("POST", path, headers={header: secret}, body=update)).status
        for path, secret in (
            ("/webhook", OTHER_SECRET),
            (f"/webhook/{OTHER}", home_secret),
            ("/webhook/p-nobody", home_secret),
            (f"/webhook/{OTHER}", OTHER_SECRET),
        )
    ]

    assert statuses == [401, 401, 404, 200]


async def test_each_bot_has_its_webhook_set_to_its_own_path(mall: Mall) -> None:
    """With the secret that is its own."""
    home, other = mall.shop.harness.bot.webhook, mall.other.webhook

    assert home is not None
    assert other is not None
    assert home.url.endswith("/webhook")
    assert other.url.endswith(f"/webhook/{OTHER}")
    assert home.secret_token != other.secret_token == OTHER_SECRET


async def test_administrators_have_their_own_bot_alone(mall: Mall, telegram: Telegram, alice: Person) -> None:
    """In the other one they are like anybody, and their audit names nothing of it."""
    admin = telegram.user("Ada", user_id=ADMIN)
    await alice.sends("/start", where=mall.shop.harness.bot)
    await alice.sends("/start", where=mall.other)

    await admin.sends(f"/credit {alice.user_id} 50", where=mall.other)
    await admin.sends(f"/credit {alice.user_id} 5", where=mall.shop.harness.bot)

    store = mall.shop.storage
    assert (await store.balance(OTHER, alice.user_id)).available == credits(0)
    assert (await store.balance(PARTNER, alice.user_id)).available == credits(5)
    assert [len(await store.actions(partner, limit=9)) for partner in (PARTNER, OTHER)] == [1, 0]


async def test_maintenance_and_broadcasts_are_a_partners_own(telegram: Telegram, alice: Person, bob: Person) -> None:
    """One partner's users hear of neither from the other."""
    async with open_mall(telegram, impatient=True) as mall:
        home, admin = mall.shop.harness.bot, telegram.user("Olga", user_id=OTHER_ADMIN)
        await alice.sends("/start", where=home)
        await bob.sends("/start", where=mall.other)

        await admin.sends("/broadcast news", where=mall.other)
        await admin.sends("/broadcast_go", where=mall.other)
        async with asyncio.timeout(5):
            while True:
                found = Broadcast.of(await mall.shop.storage.memo(OTHER, "broadcast"))
                if found.state is BroadcastState.ENDED:
                    break
                await asyncio.sleep(0.01)
        await mall.shop.service.service.idle()
        await admin.sends("/maintenance on", where=mall.other)
        await alice.sends("/help", where=home)
        await bob.sends("/help", where=mall.other)

        assert [seen.text for seen in bob.screen_in(mall.other)].count("news") == 1
        assert [seen.text for seen in alice.screen_in(home)].count("news") == 0
        assert "How it works" in alice.screen_in(home)[-1].text
        assert "Технические работы" in bob.screen_in(mall.other)[-1].text


async def test_findings_of_the_process_are_not_another_partners_to_mute(mall: Mall, telegram: Telegram) -> None:
    """They are told whose they are; nothing is kept in anybody's book."""
    admin = telegram.user("Olga", user_id=OTHER_ADMIN)

    await admin.sends("/mute BPF_DB_SLOW<=3 5 known", where=mall.other)

    assert PARTNER in admin.screen_in(mall.other)[-1].text
    assert [list(await mall.shop.storage.mutes(partner)) for partner in (PARTNER, OTHER)] == [[], []]


# -- no query crosses partners

#: Where statements are written.
SOURCES = (statements, audit, probe, leasing, link, recovery, single)
#: Asked of all partners by diagnostics, or of none of them; and a piece that others complete.
OF_ALL = {
    *("PARTNERS", "_PARTNERS_WITH_ACCOUNTS", "_PARTNERS_WITH_FREE_USES"),
    *("WRITE_NONCE", "HAS_NONCE", "DELETE_NONCE", "FORGET_NONCES"),
    "_MOVE_COLUMNS",
}
PARTNER_TABLES = re.compile(rf"\b(?:FROM|INTO|UPDATE|JOIN)\s+({'|'.join([*TABLES, 'counters', 'mutes'])})\b")


def written_statements() -> Iterator[tuple[str, str]]:
    """Every statement that touches a partner's rows, by its name."""
    for source in SOURCES:
        for name, value in inspect.getmembers(source):
            text = getattr(value, "text", value)
            if isinstance(text, str) and name not in OF_ALL and PARTNER_TABLES.search(text):
                yield f"{source.__name__.rpartition('.')[2]}.{name}", text


WRITTEN = list(written_statements())


@pytest.mark.parametrize(("name", "statement"), WRITTEN, ids=[name for name, _ in WRITTEN])
def test_every_statement_names_its_partner(name: str, statement: str) -> None:
    """What reads or changes a partner's rows says whose; what inserts them gives the partner."""
    assert re.search(r"partner = |\.partner\b|\(\s*partner,", statement), name


async def test_every_statement_that_is_run_is_of_one_partner(
    telegram: Telegram, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the same user does the same in both bots, no statement carries two partners or, on their rows, none."""
    run: list[Step] = []
    watch_steps(monkeypatch, run)

    async with open_mall(telegram) as mall:
        run.clear()
        await shops_in_both(mall, alice)

    touching = [step for step in run if PARTNER_TABLES.search(step.statement)]
    named = [{value for value in step.values if value in {PARTNER, OTHER}} for step in touching]
    assert [step.statement for step, found in zip(touching, named, strict=True) if len(found) != 1] == []
    assert {partner for found in named for partner in found} == {PARTNER, OTHER}


def watch_steps(monkeypatch: pytest.MonkeyPatch, run: list[Step]) -> None:
    """Note each statement of a work or a read; what diagnostics ask on connections of their own is left out."""
    for name in ("_write", "_read"):
        through = getattr(SqliteStorage, name)

        async def watched(self: SqliteStorage, make: Callable[[], Program[Any]], *, through: Any = through) -> object:
            return await through(self, lambda: _noting(make(), run))

        monkeypatch.setattr(SqliteStorage, name, watched)


def _noting(program: Program[Any], run: list[Step]) -> Program[Any]:
    answer: object = None
    while True:
        try:
            step = program.send(answer)
        except StopIteration as end:
            return end.value
        run.append(step)
        answer = yield step


async def test_what_a_partner_has_is_the_same_whoever_is_beside_it(
    telegram: Telegram, alice: Person, store_url: str
) -> None:
    """The same user, payment, charge and task in another partner's name change nothing."""
    async with open_mall(telegram, database_url=store_url) as mall:
        await shops_in_both(mall, alice)
        store = mall.shop.storage
        before = [record async for record in store.export() if record["partner"] == PARTNER]
        (bought,) = await store.history(PARTNER, alice.user_id, limit=1)
        (paid,) = await store.payments_of(PARTNER, alice.user_id, limit=1)

        await store.credit_balance_once(OTHER, alice.user_id, 7, f"stars:{paid.charge_id}")
        await store.charge_balance_once(OTHER, alice.user_id, 7, bought.task_id)
        await store.prune(OTHER, before_ms=2**53)
        while not await store.audit(OTHER):
            pass

        assert await store.attempt(OTHER, bought.task_id) is None
        assert await store.payment(OTHER, paid.charge_id) is None
        assert [record async for record in store.export() if record["partner"] == PARTNER] == before
        assert await store.violations() == []


@pytest.mark.process
async def test_a_process_serves_the_bots_of_a_file(telegram: Telegram, alice: Person, tmp_path: Path) -> None:
    """`botflight serve` with a file: both bots answer, at their own doors, and no line holds a token or a secret."""
    home, other = telegram.bot(), telegram.bot()
    (tmp_path / "bots.toml").write_text(
        f'[{OTHER}]\nTELEGRAM_BOT_TOKEN = "{other.token}"\nWEBHOOK_SECRET = "{OTHER_SECRET}"\n'
    )
    async with (
        serving(application(bot_api(telegram))) as address,
        serving_process(
            tmp_path, token=home.token, telegram_url=address.url, more={"BOTS_FILE": str(tmp_path / "bots.toml")}
        ) as service,
    ):
        await service.told("READY")
        for bot in (home, other):
            alice.send_text("/start", where=bot)
            await alice.sees(button="models", where=bot, timeout=20)
        code = await service.terminate()

    said = orjson.dumps(service.lines).decode()
    assert code == 0
    assert not [secret for secret in (home.token, other.token, OTHER_SECRET, PROCESS_SECRET) if secret in said]
