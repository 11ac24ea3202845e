"""Administrators at work in the running service: what each command does, who may use it, and what is written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from botflight_harness.telegram import Person, Refusal, Telegram
from botflight_service.billing.money import credits
from botflight_service.billing.payments import PaymentState
from botflight_service.bot import broadcast
from botflight_service.bot.broadcast import Broadcast, BroadcastState
from botflight_service.generation.attempts import AttemptState
from shop import PARTNER, Shop, open_shop

ADMIN_ID = 900_000_001
COMMANDS = [
    "/admin",
    "/credit 1 5",
    "/refund st1",
    "/stats",
    "/user 1",
    "/attempt 1",
    "/audit",
    "/maintenance on",
    "/broadcast hello",
    "/broadcast_go",
    "/broadcast_stop",
    "/broadcast_status",
    "/mute BPF_DB_SLOW<=3 5 known",
    "/unmute BPF_DB_SLOW",
]


@pytest.fixture
async def any_shop(telegram: Telegram, store_url: str) -> AsyncIterator[Shop]:
    """The whole service on each of the stores."""
    async with open_shop(telegram, database_url=store_url) as opened:
        yield opened


@pytest.fixture
def admin(telegram: Telegram) -> Person:
    """The administrator."""
    return telegram.user("Ada", user_id=ADMIN_ID)


def confirm_of(person: Person) -> str:
    return next(data for data in person.last.callback_data if data.startswith("confirm_generation:"))


async def test_every_command_leaves_a_line_of_the_audit(any_shop: Shop, admin: Person) -> None:
    """Whatever came of it, in the order in which it was asked for; the text of a broadcast is no part of it."""
    for command in COMMANDS:
        await admin.sends(command)

    lines = list(reversed(await any_shop.storage.actions(PARTNER, limit=100)))
    assert [(line.action, line.subject, line.outcome) for line in lines] == [
        ("admin_help", "", "OK"),
        ("credit", "1", "UNKNOWN_USER"),
        ("admin_refund", "st1", "UNKNOWN_PAYMENT"),
        ("statistics", "", "OK"),
        ("find_user", "1", "UNKNOWN_USER"),
        ("read_attempt", "1", "INVALID_INPUT"),
        ("read_audit", "", "OK"),
        ("maintenance", "on", "OK"),
        ("draft_broadcast", "", "OK"),
        ("start_broadcast", "", "OK"),
        ("stop_broadcast", "", lines[10].outcome),
        ("broadcast_status", "", "OK"),
        ("mute", "BPF_DB_SLOW<=3", "OK"),
        ("unmute", "BPF_DB_SLOW", "OK"),
    ]
    assert {line.admin_id for line in lines} == {ADMIN_ID}


@pytest.mark.parametrize("command", COMMANDS)
async def test_for_everybody_else_there_is_no_such_command(shop: Shop, alice: Person, command: str) -> None:
    """The answer is that to any unknown command, nothing is done and nothing is written down."""
    await alice.sends(command)
    told = alice.last.text

    await alice.sends("/no_such_command")

    assert told == alice.last.text
    assert [line["outcome"] for line in shop.updates()] == ["UNKNOWN_COMMAND"] * 2
    assert await shop.storage.actions(PARTNER, limit=9) == []


async def test_the_menu_of_commands_names_none_of_an_administrators(shop: Shop, telegram: Telegram) -> None:
    """Nobody learns of them by looking."""
    told = {entry["command"] for menu in shop.harness.bot.commands.values() for entry in menu}

    assert told
    assert not told & {command.split()[0].removeprefix("/") for command in COMMANDS}


async def test_an_action_that_comes_again_is_written_down_once(shop: Shop, admin: Person) -> None:
    """A redelivered command is one command."""
    act = admin.send_text("/stats", where=shop.harness.bot)
    await shop.harness.carry(act.updates)

    await shop.harness.repeat(act.update, times=3)

    assert len(await shop.storage.actions(PARTNER, limit=9)) == 1


# -- refunds


async def test_an_administrator_gives_a_payment_back(any_shop: Shop, alice: Person, admin: Person) -> None:
    """By its charge id, which the page of the user shows."""
    await any_shop.invoices(alice)
    payment = await alice.pays()

    await admin.sends(f"/user {alice.user_id}")
    shown = admin.last.text
    await admin.sends(f"/refund {payment.charge_id}")

    assert payment.charge_id in shown
    assert (await any_shop.payments(alice))[0].state is PaymentState.REFUNDED
    assert alice.stars == 10_000
    assert await any_shop.balance(alice) == credits(0)


async def test_a_spent_payment_is_given_back_with_a_loss_alone(shop: Shop, alice: Person, admin: Person) -> None:
    """Without the word nothing happens; with it the wallet gives what it has, and the house bears the rest."""
    await shop.invoices(alice)
    payment = await alice.pays()
    await shop.opens_confirmation(alice)
    await alice.taps(confirm_of(alice))

    await admin.sends(f"/refund {payment.charge_id}")
    refused = (admin.last.text, alice.stars)
    await admin.sends(f"/refund {payment.charge_id} loss")

    assert "No refund" in refused[0]
    assert refused[1] == 10_000 - 50
    assert alice.stars == 10_000
    assert await shop.balance(alice) == credits(0)
    assert (await shop.storage.house(PARTNER)).adjustments == -credits(5)
    assert await shop.storage.violations() == []


# -- looking


async def test_figures_are_those_of_the_store(shop: Shop, alice: Person, admin: Person) -> None:
    """Users, generations, what was sold and what was earned."""
    await shop.invoices(alice)
    await alice.pays()
    await shop.opens_confirmation(alice)
    await alice.taps(confirm_of(alice))

    await admin.sends("/stats")

    assert "Users: 1" in admin.last.text
    assert "Generations: 1" in admin.last.text
    assert "Sold for Stars: 50 credits" in admin.last.text
    assert "Earned: 5 credits" in admin.last.text


async def test_an_attempt_is_read_by_its_correlation_id(any_shop: Shop, alice: Person, admin: Person) -> None:
    """As the logs have it; by its task id as well. What the user wrote is not shown."""
    await any_shop.gives(alice, 10)
    await any_shop.opens_confirmation(alice, prompt="a secret wish")
    await alice.taps(confirm_of(alice))
    (made,) = await any_shop.history(alice)

    await admin.sends(f"/attempt {made.correlation_id}")
    by_correlation = admin.last.text
    await admin.sends(f"/attempt {made.task_id}")
    by_task = admin.last.text

    assert by_correlation == by_task
    assert str(made.task_id) in by_task
    assert "delivered" in by_task
    assert "a secret wish" not in by_task


async def test_a_finding_is_muted_and_counts_again(shop: Shop, admin: Person) -> None:
    """By code, hours and reason; an unknown code is refused with words."""
    await admin.sends("/mute bpf_db_slow<=3 5 a known slow disk")
    kept = await shop.storage.mutes(PARTNER)
    await admin.sends("/unmute BPF_DB_SLOW")
    left = await shop.storage.mutes(PARTNER)
    await admin.sends("/mute BPF_NONE 5 nothing")

    assert [(mute.code, mute.reason) for mute in kept] == [("BPF_DB_SLOW", "a known slow disk")]
    assert list(left) == []
    assert "there is no finding BPF_NONE" in admin.last.text


# -- maintenance


async def test_during_maintenance_users_are_told(shop: Shop, alice: Person, admin: Person) -> None:
    """Commands, texts and taps get a friendly word, nothing is changed, and help can be asked for all the same."""
    await alice.sends("/start")
    await admin.sends("/maintenance on")

    await alice.sends("/balance")
    told = alice.last.text
    await alice.taps("menu")
    await alice.sends("/paysupport")

    assert "Maintenance" in told
    assert [line["outcome"] for line in shop.updates()][-3:] == ["MAINTENANCE", "MAINTENANCE", "OK"]
    assert "Payments" in alice.last.text
    assert shop.telemetry.events("MAINTENANCE_CHANGED")[0]["on"] is True


async def test_during_maintenance_nobody_can_pay(shop: Shop, alice: Person, admin: Person) -> None:
    """An invoice of before is refused with a reason; once it is over it can be paid."""
    await shop.invoices(alice)
    await admin.sends("/maintenance on")
    refused = await alice.pays()
    await admin.sends("/maintenance off")

    paid = await alice.pays()

    assert (refused.stage, paid.stage) == ("refused", "paid")
    assert "maintenance" in refused.error_message
    assert await shop.balance(alice) == credits(50)


async def test_a_payment_that_was_under_way_is_credited_during_maintenance(
    shop: Shop, alice: Person, admin: Person
) -> None:
    """The money is here, so the credits are."""
    await shop.invoices(alice)
    payment = alice.open_payment()
    await shop.harness.carry([payment.update])
    alice.continue_payment(payment)
    await admin.sends("/maintenance on")
    assert payment.receipt is not None

    await shop.harness.carry([payment.receipt])

    assert await shop.balance(alice) == credits(50)


async def test_what_is_being_made_arrives_during_maintenance(shop: Shop, alice: Person, admin: Person) -> None:
    """An attempt that was begun before goes on and is delivered."""
    await shop.gives(alice, 10)
    await shop.opens_confirmation(alice)
    tap = alice.tap(confirm_of(alice))
    switch = admin.send_text("/maintenance on", where=shop.harness.bot)

    await shop.harness.reorder([tap.update, switch.update])

    assert [one.state for one in await shop.history(alice)] == [AttemptState.DELIVERED]
    assert alice.last.kind == "photo"


async def test_maintenance_outlives_the_process(
    telegram: Telegram, alice: Person, admin: Person, tmp_path: Path
) -> None:
    """It is on until somebody switches it off."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    async with open_shop(telegram, database_url=url) as shop:
        await admin.sends("/maintenance on")
    async with open_shop(telegram, database_url=url) as shop:
        async with asyncio.timeout(5):
            while not shop.service.maintenance.is_on:  # noqa: ASYNC110 - a flag calls nobody
                await asyncio.sleep(0.01)

        await alice.sends("/start")

        assert "Maintenance" in alice.last.text


# -- broadcasts


def heard(person: Person) -> int:
    """How often a person has seen the news."""
    return len([seen for seen in person.screen if seen.from_bot and seen.text == "Big <news> & more"])


async def crowd(shop: Shop, count: int) -> list[Person]:
    """So many users."""
    people = [shop.telegram.user(f"Person {number}") for number in range(count)]
    for person in people:
        await person.sends("/start")
    return people


async def broadcasts(shop: Shop, admin: Person) -> None:
    """Draft the news and let them go."""
    await admin.sends("/broadcast Big <news> & more")
    await admin.sends("/broadcast_go")


async def ended(shop: Shop) -> Broadcast:
    """Wait for the end of the broadcast."""
    async with asyncio.timeout(10):
        while True:
            found = Broadcast.of(await shop.storage.memo(PARTNER, "broadcast"))
            if found.state is BroadcastState.ENDED:
                break
            await asyncio.sleep(0.01)
    await shop.service.service.idle()
    return found


async def test_everybody_hears_a_broadcast_once(
    telegram: Telegram, admin: Person, monkeypatch: pytest.MonkeyPatch, store_url: str
) -> None:
    """Page by page at its pace, with somebody gone; the administrator learns of the end."""
    monkeypatch.setattr(broadcast, "PAGE", 7)
    async with open_shop(telegram, database_url=store_url, impatient=True) as shop:
        people = await crowd(shop, 20)
        await people[3].blocks()
        began_ms = telegram.clock.now_ms()

        await broadcasts(shop, admin)
        found = await ended(shop)

        listeners = [person for person in people if person is not people[3]]
        assert [heard(person) for person in listeners] == [1] * 19
        assert heard(people[3]) == 0
        assert found.queued == 20
        assert telegram.clock.now_ms() - began_ms >= 3_000
        assert any("has come to its end" in seen.text for seen in admin.screen)


async def test_a_broadcast_waits_while_telegram_holds_messages_back(
    telegram: Telegram, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many messages waiting as may wait, no more are queued until some are gone."""
    monkeypatch.setattr(broadcast, "PAGE", 2)
    monkeypatch.setattr(broadcast, "MAX_WAITING", 1)
    async with open_shop(telegram, impatient=True) as shop:
        people = await crowd(shop, 6)
        telegram.faults.flood("sendMessage", retry_after_s=30)

        await broadcasts(shop, admin)
        await ended(shop)

        assert [heard(person) for person in people] == [1] * 6


async def test_a_broadcast_goes_on_after_a_restart(
    telegram: Telegram, admin: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle: who heard it does not hear it again, the others do."""
    monkeypatch.setattr(broadcast, "PAGE", 3)
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    async with open_shop(telegram, database_url=url, impatient=True) as shop:
        people = await crowd(shop, 10)
        step, steps = shop.service.broadcaster.step, []

        async def twice() -> bool:
            steps.append(None)
            return await step() if len(steps) <= 2 else False

        monkeypatch.setattr(shop.service.broadcaster, "step", twice)
        await broadcasts(shop, admin)
        async with asyncio.timeout(5):
            while len(steps) < 3:  # noqa: ASYNC110 - the steps are counted, and call nobody
                await asyncio.sleep(0.01)
        await shop.service.service.idle()
        reached = sum(map(heard, people))
    async with open_shop(telegram, database_url=url, impatient=True) as shop:
        await ended(shop)

        assert 0 < reached < 10
        assert [heard(person) for person in people] == [1] * 10


async def test_two_processes_that_step_at_once_queue_nobody_twice(
    telegram: Telegram, admin: Person, monkeypatch: pytest.MonkeyPatch, store_url: str
) -> None:
    """The memo lets one of them take each step."""
    monkeypatch.setattr(broadcast, "PAGE", 2)
    async with open_shop(telegram, database_url=store_url, impatient=True) as shop:
        people = await crowd(shop, 9)
        await broadcasts(shop, admin)

        while any(await asyncio.gather(*(shop.service.broadcaster.step() for _ in range(4)))):
            await shop.service.outbox.idle()
        await ended(shop)

        assert [heard(person) for person in people] == [1] * 9


async def test_a_stopped_broadcast_reaches_nobody_more(
    telegram: Telegram, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it goes on."""
    monkeypatch.setattr(broadcast, "PAGE", 2)
    async with open_shop(telegram, impatient=True) as shop:
        people = await crowd(shop, 6)
        monkeypatch.setattr(broadcast, "MAX_WAITING", 0)
        await broadcasts(shop, admin)
        await admin.sends("/broadcast_stop")
        monkeypatch.setattr(broadcast, "MAX_WAITING", 60)
        stopped = await shop.service.broadcaster.step()
        silent = sum(map(heard, people))

        await admin.sends("/broadcast_go")
        await ended(shop)

        assert (stopped, silent) == (False, 0)
        assert [heard(person) for person in people] == [1] * 6


async def test_a_draft_reaches_nobody(shop: Shop, alice: Person, admin: Person) -> None:
    """It is shown to the administrator as users would see it, and waits for a word."""
    await alice.sends("/start")

    await admin.sends("/broadcast Big <news> & more")

    assert heard(alice) == 0
    assert heard(admin) == 1
    assert await shop.service.broadcaster.step() is False


async def test_who_blocked_the_bot_is_left_out_of_the_next_broadcast(
    telegram: Telegram, alice: Person, admin: Person
) -> None:
    """The outbox found out; nobody writes to them again until they come back."""
    async with open_shop(telegram, impatient=True) as shop:
        await alice.sends("/start")
        telegram.faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))
        await alice.sends("/help")

        await broadcasts(shop, admin)
        found = await ended(shop)

        assert found.queued == 0
