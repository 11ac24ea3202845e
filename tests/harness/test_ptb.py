import asyncio

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from botflight_harness import Person, PTBHarness, Telegram

Context = ContextTypes.DEFAULT_TYPE


async def greet(update: Update, _: Context) -> None:
    """Greet with two buttons."""
    buttons = [[InlineKeyboardButton("Count", callback_data="count"), InlineKeyboardButton("Stop", callback_data="s")]]
    await update.effective_chat.send_message("Welcome: 0", reply_markup=InlineKeyboardMarkup(buttons))


async def count(update: Update, context: Context) -> None:
    """Count in the same message."""
    query = update.callback_query
    number = context.user_data["count"] = context.user_data.get("count", 0) + 1
    await query.answer()
    await query.edit_message_text(f"Welcome: {number}", reply_markup=query.message.reply_markup)


async def echo(update: Update, _: Context) -> None:
    """Say it again."""
    await update.message.reply_text(update.message.text)


@pytest.fixture
async def harness(telegram: Telegram) -> PTBHarness:
    async with PTBHarness(Application.builder(), telegram) as harness:
        harness.application.add_handler(CommandHandler("start", greet))
        harness.application.add_handler(CallbackQueryHandler(count))
        harness.application.add_handler(MessageHandler(filters.TEXT, echo))
        yield harness


@pytest.mark.usefixtures("harness")
async def test_a_person_talks_with_an_application(alice: Person) -> None:
    """A command, its answer, a tap and the edit that follows are seen on the person's screen."""
    await alice.sends("/start")
    await alice.sees("Welcome: 0", button="Count")

    await alice.taps("Count")

    assert [message.text for message in alice.screen] == ["/start", "Welcome: 1"]
    assert alice.last.edited


@pytest.mark.usefixtures("harness")
async def test_taps_arrive_in_order(alice: Person) -> None:
    """Twenty taps made before the first answer are handled one after the other, though all carry the first screen."""
    await alice.sends("/start")

    await alice.taps("Count", times=20)

    assert alice.last.text == "Welcome: 20"


async def test_an_application_that_is_built_already_moves_in(telegram: Telegram, alice: Person) -> None:
    """An application with a transport of its own is served without a change to it."""
    application = Application.builder().token("42:abc").build()
    application.add_handler(MessageHandler(filters.TEXT, echo))

    async with PTBHarness(application, telegram):
        await alice.sends("hello")

    assert [message.text for message in alice.screen] == ["hello", "hello"]


async def test_an_error_in_a_handler_fails_the_test(telegram: Telegram) -> None:
    """PTB swallows what a handler raises; the harness raises it at its end."""

    async def fail(_: Update, __: Context) -> None:
        raise ValueError("no such model")

    async def run() -> None:
        async with PTBHarness(Application.builder(), telegram) as harness:
            harness.application.add_handler(MessageHandler(filters.TEXT, fail))
            await harness.process_message("hello")

    with pytest.raises(AssertionError, match="ValueError: no such model"):
        await run()


async def test_an_expected_error_fails_nothing(harness: PTBHarness) -> None:
    """An error that the test expects is given to it, and nothing fails."""
    harness.application.handlers.clear()

    async def fail(_: Update, __: Context) -> None:
        raise ValueError("no such model")

    harness.application.add_handler(MessageHandler(filters.TEXT, fail))
    with harness.expects_error(ValueError, match="model") as errors:
        await harness.process_message("hello")

    assert len(errors) == 1


async def test_an_error_that_was_expected_must_come(harness: PTBHarness) -> None:
    """Expecting an error that does not come fails the test."""
    with pytest.raises(AssertionError, match="no ValueError came"), harness.expects_error(ValueError):
        await harness.process_message("hello")


async def test_handlers_that_do_not_block_are_waited_for(telegram: Telegram, alice: Person) -> None:
    """What a handler with block=False does is done when the person's action returns."""

    async def think_and_answer(update: Update, _: Context) -> None:
        for _turn in range(20):
            await asyncio.sleep(0)
        await update.message.reply_text("thought")

    async with PTBHarness(Application.builder(), telegram) as harness:
        harness.application.add_handler(MessageHandler(filters.TEXT, think_and_answer, block=False))
        await alice.sends("hello")

        assert alice.last.text == "thought"


async def test_refusals_reach_the_bot_as_its_own_errors(harness: PTBHarness, alice: Person) -> None:
    """A refusal in Telegram's words becomes the error that PTB makes of it."""
    with pytest.raises(BadRequest, match="Chat not found"):
        await harness.application.bot.send_message(alice.user_id, "hello")


@pytest.mark.filterwarnings("ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning")
async def test_a_flood_limit_is_one_line(harness: PTBHarness, alice: Person) -> None:
    """A call that is told to wait raises RetryAfter, and the next one goes through."""
    alice.send_text("hello")
    harness.telegram.faults.flood("sendMessage", retry_after_s=7)

    with pytest.raises(RetryAfter):
        await harness.application.bot.send_message(alice.user_id, "hello")
    await harness.application.bot.send_message(alice.user_id, "again")

    assert alice.last.text == "again"


async def test_a_lost_answer_leaves_the_message(harness: PTBHarness, alice: Person) -> None:
    """When the answer is lost the message is sent all the same, and the bot sees a time-out."""
    alice.send_text("hello")
    harness.telegram.faults.lose_answer("sendMessage")

    with pytest.raises(TimedOut):
        await harness.application.bot.send_message(alice.user_id, "sent anyway")

    assert alice.last.text == "sent anyway"


async def test_a_call_that_is_not_modelled_fails_the_test_even_when_swallowed(telegram: Telegram) -> None:
    """The bot may swallow the NetworkError; the test fails at its end and names the method."""
    alice = telegram.user("Alice")

    async def run() -> None:
        async with PTBHarness(Application.builder(), telegram) as harness:
            alice.send_text("/start")
            with pytest.raises(NetworkError):
                await harness.application.bot.send_photo(alice.user_id, "https://example.com/a.png")

    with pytest.raises(AssertionError, match="not modelled: sendPhoto with a URL"):
        await run()


async def test_files_travel_both_ways(harness: PTBHarness, alice: Person) -> None:
    """A bot uploads a document, the person has its bytes, and the bot downloads it again."""
    alice.send_text("hello")
    sent = await harness.application.bot.send_document(alice.user_id, b"some bytes", filename="a.txt", caption="Here")

    file = await sent.document.get_file()
    downloaded = await file.download_as_bytearray()

    assert bytes(downloaded) == b"some bytes"
    assert alice.last.media == b"some bytes"
    assert alice.last.text == "Here"


async def test_polling_works_in_process(telegram: Telegram, alice: Person) -> None:
    """An application that polls gets its updates too, and waits for them without spinning."""
    application = Application.builder().token(telegram.bot().token).build()
    application.add_handler(MessageHandler(filters.TEXT, echo))

    async with PTBHarness(application, telegram) as harness:
        harness.bot.road = None
        await application.updater.start_polling()
        await alice.sends("hello")
        await alice.sees("hello")
        await application.updater.stop()

    assert sum(call.method == "getUpdates" for call in telegram.calls) < 20


async def test_garbage_is_an_error_of_the_bots_own(harness: PTBHarness, alice: Person) -> None:
    """A proxy's page in the place of an answer; what was asked for was done."""
    alice.send_text("hello")
    harness.telegram.faults.lose_answer("sendMessage", how="garbage")

    with pytest.raises(TelegramError, match="Invalid server response"):
        await harness.application.bot.send_message(alice.user_id, "sent anyway")

    assert alice.last.text == "sent anyway"
