import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

from botflight_harness import Person, PTBHarness, Telegram, WebhookHarness

pytest.importorskip("apscheduler", reason="a job queue needs python-telegram-bot[job-queue]")

Context = ContextTypes.DEFAULT_TYPE


async def say(context: Context) -> None:
    """Say what the job carries."""
    await context.bot.send_message(context.job.chat_id, context.job.data)


@pytest.fixture
async def harness(telegram: Telegram, alice: Person) -> AsyncIterator[PTBHarness]:
    async with PTBHarness(Application.builder(), telegram) as harness:
        alice.send_text("/start")
        yield harness


def texts(person: Person) -> list[str]:
    return [message.text for message in person.screen if message.from_bot]


async def test_a_job_runs_when_the_clock_reaches_it(telegram: Telegram, alice: Person, harness: PTBHarness) -> None:
    """Not a moment before, and nobody waits for it in real time."""
    harness.application.job_queue.run_once(say, 60, data="ping", chat_id=alice.user_id)
    began_s = time.monotonic()

    await telegram.clock.advance(seconds=59)
    before = texts(alice)
    await telegram.clock.advance(seconds=1)

    assert (before, texts(alice)) == ([], ["ping"])
    assert time.monotonic() - began_s < 5


async def test_jobs_run_in_order_and_repeat(telegram: Telegram, alice: Person, harness: PTBHarness) -> None:
    """A repeating job keeps its beat, beside one that runs once, until it is removed."""
    queue = harness.application.job_queue
    beat = queue.run_repeating(say, 20, data="beat", chat_id=alice.user_id)
    queue.run_once(say, dt.timedelta(seconds=50), data="once", chat_id=alice.user_id)

    await telegram.clock.advance(minutes=1)
    beat.schedule_removal()
    await telegram.clock.advance(minutes=1)

    assert texts(alice) == ["beat", "beat", "once", "beat"]


async def test_a_daily_job_follows_the_clocks_own_days(telegram: Telegram, alice: Person, harness: PTBHarness) -> None:
    """The virtual clock starts at noon: nine in the morning comes once in the next day, and twice in two."""
    harness.application.job_queue.run_daily(say, dt.time(9, tzinfo=dt.UTC), data="morning", chat_id=alice.user_id)

    await telegram.clock.advance(hours=24)
    first_day = texts(alice)
    await telegram.clock.advance(hours=24)

    assert (first_day, texts(alice)) == (["morning"], ["morning"] * 2)


async def test_a_time_of_day_is_the_clocks(telegram: Telegram, alice: Person, harness: PTBHarness) -> None:
    """A time that is past today is meant for tomorrow."""
    queue = harness.application.job_queue
    queue.run_once(say, dt.time(13, tzinfo=dt.UTC), data="one o'clock", chat_id=alice.user_id)
    queue.run_once(say, dt.time(11, tzinfo=dt.UTC), data="tomorrow", chat_id=alice.user_id)

    await telegram.clock.advance(hours=2)
    today = texts(alice)
    await telegram.clock.advance(hours=22)

    assert (today, texts(alice)) == (["one o'clock"], ["one o'clock", "tomorrow"])


async def test_jobs_from_before_the_start_keep_their_distance(telegram: Telegram, alice: Person) -> None:
    """A bot that fills its queue while it is built is driven like any other."""
    application = Application.builder().token(telegram.bot().token).build()
    application.job_queue.run_repeating(say, 60, data="beat", chat_id=alice.user_id)

    async with PTBHarness(application, telegram):
        alice.send_text("/start")
        await telegram.clock.advance(seconds=150)

    assert texts(alice) == ["beat", "beat"]


async def test_a_job_that_fails_fails_the_test(telegram: Telegram, harness: PTBHarness) -> None:
    """PTB swallows what a job raises; the harness does not."""

    async def fail(_: Context) -> None:
        raise ValueError("no such alarm")

    harness.application.job_queue.run_once(fail, 1)

    with harness.expects_error(ValueError, match="no such alarm"):
        await telegram.clock.advance(seconds=1)


async def test_a_conversation_times_out(telegram: Telegram, alice: Person, harness: PTBHarness) -> None:
    """A ConversationHandler with a time-out ends when the clock has reached it, and not when it was prolonged."""

    async def ask(update: Update, _: Context) -> int:
        await update.message.reply_text("Your name?")
        return 1

    async def repeat(update: Update, _: Context) -> int:
        await update.message.reply_text("Really?")
        return 1

    async def give_up(update: Update, _: Context) -> None:
        await update.message.reply_text("Too late")

    harness.application.add_handler(
        ConversationHandler(
            [CommandHandler("name", ask)],
            {
                1: [MessageHandler(filters.TEXT, repeat)],
                ConversationHandler.TIMEOUT: [TypeHandler(Update, give_up)],
            },
            [],
            conversation_timeout=30,
        )
    )
    await alice.sends("/name")
    await telegram.clock.advance(seconds=29)
    await alice.sends("Alice")
    await telegram.clock.advance(seconds=29)
    in_time = texts(alice)

    await telegram.clock.advance(seconds=1)

    assert in_time == ["Your name?", "Really?"]
    assert texts(alice)[-1] == "Too late"


async def test_jobs_retries_time_outs_and_expiries_fall_due_in_one_order(telegram: Telegram, alice: Person) -> None:
    """Whoever waits for the clock, the bot or Telegram, the earliest comes first, and nobody twice."""
    happened: list[tuple[str, float]] = []
    start_ms = telegram.clock.now_ms()
    inside = Application.builder().token("123456:letters").build()

    def note(what: str) -> None:
        happened.append((what, (telegram.clock.now_ms() - start_ms) / 1000))

    async def ask(_: Update, __: Context) -> int:
        note("asked")
        inside.job_queue.run_once(ring, 5)
        return 1

    async def ring(_: Context) -> None:
        note("job")

    async def give_up(_: Update, __: Context) -> None:
        note("conversation")

    async def receive(request: Request) -> Response:
        update = Update.de_json(await request.json(), inside.bot)
        if update.message.text == "refused" and len(tries) < 4:
            tries.append(update.update_id)
            note("try")
            return Response(status_code=503)
        await inside.update_queue.put(update)
        return Response()

    tries: list[int] = []
    states = {1: [CommandHandler("never", ask)], ConversationHandler.TIMEOUT: [TypeHandler(Update, give_up)]}
    inside.add_handler(ConversationHandler([CommandHandler("ask", ask)], states, [], conversation_timeout=9))
    app = Starlette(routes=[Route("/webhook", receive, methods=["POST"])], lifespan=lambda _: inside_running(inside))
    async with WebhookHarness(app, telegram, application=inside) as harness:
        await alice.sends("/ask")
        alice.send_text("refused")
        telegram.at(start_ms + 10_000, lambda: note("Telegram's own"))

        await telegram.clock.advance(seconds=20)

        assert happened == [
            ("asked", 0),
            ("try", 0),
            ("try", 0),
            ("try", 2),
            ("job", 5),
            ("try", 6),
            ("conversation", 9),
            ("Telegram's own", 10),
        ]
        assert not list(harness.bot.updates)  # the fifth try came at 14 s, and was taken


@contextlib.asynccontextmanager
async def inside_running(application: Application) -> AsyncIterator[None]:
    async with application:
        await application.start()
        yield
        await application.stop()
