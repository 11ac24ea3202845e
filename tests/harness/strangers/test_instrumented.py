"""PTB's own example bots under our telemetry: one call, and not a letter of them is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
import telegram as ptb
from telegram.ext import Application, MessageHandler, filters

from botflight_diagnostics.telemetry import Telemetry, correlation_id_of, instrument
from botflight_diagnostics.telemetry.catalogue import EVENTS
from botflight_harness import Person, PTBHarness, Telegram, application_of

Example = Callable[[str], ModuleType]

pytestmark = [pytest.mark.process, pytest.mark.filterwarnings("ignore::telegram.warnings.PTBUserWarning")]

CALLER: ContextVar[str] = ContextVar("caller", default="nobody")


async def through_the_queue(harness: PTBHarness, *updates: ptb.Update) -> None:
    """As a webhook or the updater hands them over: into PTB's own queue, until all are processed."""
    for update in updates:
        await harness.application.update_queue.put(update)
    async with asyncio.timeout(5):
        await harness.application.update_queue.join()


async def test_an_example_bot_tells_of_every_update(example: Example, telegram: Telegram, alice: Person) -> None:
    """PTB's echo bot, unchanged: lines, spans and metrics that name the same update."""
    async with PTBHarness(application_of(example("echobot").main), telegram) as harness:
        telemetry = Telemetry.for_tests()
        instrument(harness.application, telemetry=telemetry)

        update = harness.create_message_update("tea", user=alice)
        await through_the_queue(harness, update)

        assert alice.last.text == "tea"
        (done,) = telemetry.events("UPDATE_DONE")
        (called,) = telemetry.events("TELEGRAM_CALLED")
        expected_id = str(correlation_id_of(harness.bot.user_id, update.update_id))
        assert (done["outcome"], done["handler"], done["correlation_id"]) == ("OK", "echo", expected_id)
        assert (called["method"], called["trace_id"]) == ("sendMessage", done["trace_id"])
        assert [span.name for span in telemetry.spans()] == ["process message", "handler echo", "telegram/sendMessage"]
        assert telemetry.sample("botflight_updates_total", type="message", outcome="OK") == 1
        assert telemetry.sample("botflight_telegram_requests_total", method="sendMessage", outcome="OK") == 1
        assert {line["event"] for line in telemetry.events()} <= {event.name for event in EVENTS}


async def test_an_error_that_ptb_swallows_is_told(example: Example, telegram: Telegram, alice: Person) -> None:
    """PTB's error handler bot goes on as before, and the update counts as failed."""
    module = example("errorhandlerbot")
    developer = telegram.user("Dev", user_id=module.DEVELOPER_CHAT_ID)
    async with PTBHarness(application_of(module.main), telegram) as harness:
        telemetry = Telemetry.for_tests()
        instrument(harness.application, telemetry=telemetry)
        developer.send_text("/start", where=harness.bot)

        with harness.expects_error(AttributeError):
            await through_the_queue(harness, harness.create_command_update("bad_command", user=alice))

        (done,) = telemetry.events("UPDATE_DONE")
        (failed,) = telemetry.events("HANDLER_FAILED")
        assert (done["outcome"], done["level"], done["error.type"]) == ("FAILED", "error", "AttributeError")
        assert (failed["handler"], failed["correlation_id"]) == ("bad_command", done["correlation_id"])
        assert "An exception was raised" in [seen.text for seen in developer.screen_in() if seen.from_bot][-1]


async def test_a_conversation_of_an_example_bot_is_told_step_by_step(
    example: Example, telegram: Telegram, alice: Person
) -> None:
    """Handlers within a conversation are named like all others."""
    async with PTBHarness(application_of(example("conversationbot").main), telegram) as harness:
        telemetry = Telemetry.for_tests()
        instrument(harness.application, telemetry=telemetry)

        await through_the_queue(harness, harness.create_command_update("start", user=alice))
        await through_the_queue(harness, harness.create_message_update("Girl", user=alice))

        assert [line["handler"] for line in telemetry.events("UPDATE_DONE")] == ["start", "gender"]


async def test_what_the_caller_bound_reaches_the_handler(telegram: Telegram, alice: Person) -> None:
    """PTB's queue forgets context variables; under telemetry each update has those of whoever put it there."""
    seen: list[str] = []

    async def handle(_update: ptb.Update, _context: Any) -> None:
        seen.append(CALLER.get())

    application = Application.builder().token(telegram.bot().token).build()
    application.add_handler(MessageHandler(filters.ALL, handle))
    async with PTBHarness(application, telegram) as harness:
        instrument(application, telemetry=Telemetry.for_tests())
        for caller in ("one", "two"):
            CALLER.set(caller)
            application.update_queue.put_nowait(harness.create_message_update(caller, user=alice))
        CALLER.set("the test")
        await application.update_queue.join()

    assert seen == ["one", "two"]


async def test_the_trace_of_the_caller_goes_on(telegram: Telegram, alice: Person) -> None:
    """A webhook's span is the parent of the processing, on the other side of the queue."""

    async def handle(_update: ptb.Update, _context: Any) -> None:
        """Do nothing."""

    application = Application.builder().token(telegram.bot().token).build()
    application.add_handler(MessageHandler(filters.ALL, handle))
    async with PTBHarness(application, telegram) as harness:
        telemetry = instrument(application, telemetry=Telemetry.for_tests())
        with telemetry.tracer.root("POST /webhook") as above:
            await through_the_queue(harness, harness.create_message_update("tea", user=alice))

        (process,) = telemetry.spans("process message")
        assert (process.parent.span_id, process.context.trace_id) == (above.span_id, above.trace.trace_id)


async def test_an_application_is_instrumented_once(telegram: Telegram) -> None:
    """A second time would tell everything twice."""
    application = Application.builder().token(telegram.bot().token).build()
    instrument(application, telemetry=Telemetry.for_tests())

    with pytest.raises(RuntimeError, match="already"):
        instrument(application, telemetry=Telemetry.for_tests())
