"""Whoever is too fast is told when to go on; nothing is taken, and payments are never held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from botflight_harness.clock import VirtualClock
from botflight_harness.telegram import Person, Telegram
from botflight_harness.telegram.actor import Act
from botflight_service.billing.money import credits
from botflight_service.bot.rate_limit import RateLimit, TooFast
from botflight_service.provider.interface import GenerationRequest
from shop import Shop, open_shop

#: Of the shop below: half of its bucket fills in two seconds.
AT_ONCE, PER_MINUTE, WAIT_S = 4, 60, 2
NOW_MS = 1_790_000_000_000


@pytest.fixture
async def strict_shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """A shop on a virtual clock that takes four steps in a row."""
    more = {"USER_UPDATES_AT_ONCE": str(AT_ONCE), "USER_UPDATES_PER_MINUTE": str(PER_MINUTE)}
    async with open_shop(telegram, impatient=True, more=more) as opened:
        yield opened


async def goes(telegram: Telegram, *, seconds: float) -> None:
    """Let time pass."""
    assert isinstance(telegram.clock, VirtualClock)
    await telegram.clock.advance(seconds=seconds)


def toasts(telegram: Telegram) -> list[str]:
    """What was shown over the chat, "" for an answer without a word."""
    return [str(call.parameters.get("text") or "") for call in telegram.calls if call.method == "answerCallbackQuery"]


async def test_who_is_too_fast_is_told_once_and_then_may_go_on(
    strict_shop: Shop, telegram: Telegram, alice: Person
) -> None:
    """One message says how long to wait and that nothing was charged; once the time has come it holds its word."""
    for _ in range(AT_ONCE):
        await alice.sends("hello")
    before = len(alice.screen)

    for _ in range(5):
        await alice.sends("hello")
    told = [seen.text for seen in alice.screen[before:] if seen.from_bot]
    await goes(telegram, seconds=WAIT_S)
    await alice.sends("hello")

    assert len(told) == 1
    assert f"in {WAIT_S} seconds" in told[0]
    assert "nothing was charged" in told[0]
    assert [line["outcome"] for line in strict_shop.updates()[-6:]] == [*["RATE_LIMITED"] * 5, "UNEXPECTED_INPUT"]
    assert strict_shop.telemetry.sample("botflight_updates_total", type="message", outcome="RATE_LIMITED") == 5


async def test_a_tap_that_comes_too_fast_is_answered_each_time(
    strict_shop: Shop, telegram: Telegram, boris: Person
) -> None:
    """The button stops spinning, with the reason and the time, in the user's language."""
    await boris.sends("/start")
    await boris.taps("models", times=AT_ONCE - 1)
    before = len(toasts(telegram))

    await boris.taps("menu", times=3)

    assert [f"через {WAIT_S} секунды" in toast for toast in toasts(telegram)[before:]] == [True] * 3
    assert all("не списано" in toast for toast in toasts(telegram)[before:])
    assert "model:upscale" in boris.last.callback_data


async def test_a_payment_is_never_held_up(strict_shop: Shop, telegram: Telegram, alice: Person) -> None:
    """However fast everything else came, the check-out is agreed to and the credits are there."""
    await strict_shop.invoices(alice)
    for _ in range(3):
        await alice.sends("hello")

    payment = await alice.pays()

    assert payment.stage == "paid"
    assert await strict_shop.balance(alice) == credits(50)
    assert alice.last.text.startswith("✅ Thank you!")


async def test_nobody_waits_for_somebody_else(strict_shop: Shop, alice: Person, bob: Person) -> None:
    """Each user has a bucket of their own."""
    for _ in range(AT_ONCE + 1):
        await alice.sends("hello")

    await bob.sends("/start")

    assert "models" in bob.last.callback_data


async def test_a_confirm_that_comes_too_fast_takes_nothing(
    strict_shop: Shop, telegram: Telegram, alice: Person
) -> None:
    """The order stands after the wait as it stood before, and is charged once."""
    await strict_shop.gives(alice, 10)
    await alice.sends("/start")
    for button in ("models", "model:text_to_image"):
        await alice.taps(button)
    await alice.sends("a red fox")
    await goes(telegram, seconds=60)
    await alice.taps("answer:text_to_image:shape:1:1")
    button = next(data for data in alice.last.callback_data if data.startswith("confirm_generation:"))
    for _ in range(AT_ONCE):
        await alice.sends("wait")

    await alice.taps(button, times=2)
    taken = (await strict_shop.balance(alice), strict_shop.provider.submits)
    await goes(telegram, seconds=60)
    await alice.taps(button)

    assert taken == (credits(10), 0)
    assert (await strict_shop.balance(alice), strict_shop.provider.submits) == (credits(5), 1)


async def test_an_administrator_is_let_through(strict_shop: Shop, telegram: Telegram) -> None:
    """Somebody has to be able to look, above all when much is going on."""
    admin = telegram.user("Ada", user_id=900_000_001)

    for _ in range(AT_ONCE + 3):
        await admin.sends("/stats")

    assert {line["outcome"] for line in strict_shop.updates()} == {"OK"}


async def test_in_a_group_nobody_is_told(strict_shop: Shop, telegram: Telegram, alice: Person) -> None:
    """A group is not where to scold somebody: the bot is quiet, and says so in its log alone."""
    bot = telegram.sole_bot()
    group = telegram.group("Friends", alice, bot)

    for _ in range(AT_ONCE + 2):
        await alice.sends("/help", where=group)

    answers = [seen for seen in alice.screen_in(group) if seen.from_bot]
    assert len(answers) == AT_ONCE
    assert strict_shop.updates()[-1]["outcome"] == "RATE_LIMITED"


async def brings(shop: Shop, act: Act) -> None:
    """Bring what somebody did to the bot, and wait for nothing: something else is under way."""
    await shop.harness.courier.carry(act.updates)


def confirm_button(person: Person) -> str:
    """The data of the newest confirm button."""
    return next(data for seen in reversed(person.screen) for data in seen.callback_data if data.startswith("confirm_"))


async def test_as_many_generations_are_under_way_as_may_be_and_the_next_order_is_kept(
    telegram: Telegram, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen says that nothing was taken; once the first one is done, the same button works."""
    async with open_shop(telegram, more={"USER_GENERATIONS_AT_ONCE": "1"}) as shop:
        await shop.gives(alice, 20)
        await shop.opens_confirmation(alice, "fox 1")
        submit, released = shop.provider.submit, asyncio.Event()

        async def slowly(request: GenerationRequest) -> str:
            await released.wait()
            return await submit(request)

        monkeypatch.setattr(shop.provider, "submit", slowly)
        await brings(shop, alice.tap(confirm_button(alice)))
        await alice.sees("In the queue")
        for step, shown in (
            (lambda: alice.send_text("/start"), "models"),
            (lambda: alice.tap("models"), "model:text_to_image"),
            (lambda: alice.tap("model:text_to_image"), "back:text_to_image:prompt"),
            (lambda: alice.send_text("fox 2"), "answer:text_to_image:shape:1:1"),
        ):
            await brings(shop, step())
            await alice.sees(button=shown)
        await brings(shop, alice.tap("answer:text_to_image:shape:1:1"))
        await alice.sees("Is everything right?")

        await brings(shop, alice.tap(confirm_button(alice)))
        refused = await alice.sees("one goes at a time")
        balance = await shop.balance(alice)
        released.set()
        await shop.harness.idle()
        await alice.taps(confirm_button(alice))

        assert "Nothing was taken and your order is kept" in refused.text
        assert balance == credits(15)
        assert [line["outcome"] for line in shop.updates()][-2:] == ["RATE_LIMITED", "OK"]
        assert (await shop.balance(alice), shop.provider.submits) == (credits(10), 2)


def take(limit: RateLimit, update_id: int, *, at_s: float = 0, user_id: int = 1) -> TooFast | None:
    return limit.take(user_id, update_id, now_ms=NOW_MS + round(at_s * 1000), by_message=True)


def test_the_same_update_is_counted_once() -> None:
    """A decision that is made anew, after a store that failed, finds the first one's verdict."""
    limit = RateLimit(per_minute=60, burst=1)

    verdicts = [take(limit, 5), take(limit, 5), take(limit, 6), take(limit, 6)]

    assert verdicts == [None, None, TooFast(1, told=False), TooFast(1, told=False)]


def test_in_the_long_run_the_rate_is_what_was_set() -> None:
    """Somebody who sends twice a second for an hour gets through sixty times a minute, and the first burst."""
    limit = RateLimit(per_minute=60, burst=10)

    passed = sum(take(limit, number, at_s=number / 2) is None for number in range(7200))

    assert 3600 <= passed <= 3610


def test_a_pause_fills_the_bucket_and_no_more() -> None:
    """After a day away it holds what it held at first."""
    limit = RateLimit(per_minute=60, burst=3)
    for number in range(3):
        take(limit, number)

    after = [take(limit, 10 + number, at_s=86_400) for number in range(4)]

    assert [verdict is None for verdict in after] == [True, True, True, False]


def test_so_many_users_are_remembered_and_no_more() -> None:
    """Memory is bounded: whoever was here longest ago begins with a full bucket."""
    limit = RateLimit(per_minute=60, burst=1, max_users=2)
    for user_id in (1, 2, 3):
        take(limit, 1, user_id=user_id)

    verdicts = [take(limit, 2, user_id=user_id) is None for user_id in (2, 3, 1)]

    assert verdicts == [False, False, True]


def test_nothing_is_counted_where_there_is_no_limit() -> None:
    """0 a minute means any number."""
    limit = RateLimit(per_minute=0, burst=1)

    assert [take(limit, number) for number in range(100)] == [None] * 100


def test_a_clock_that_goes_back_opens_nothing_and_closes_nothing_for_long() -> None:
    """The clock of a machine may be set: what was promised in seconds is not prolonged by the next update."""
    limit = RateLimit(per_minute=60, burst=1)
    take(limit, 1)

    assert take(limit, 2, at_s=-10) == TooFast(1, told=False)
