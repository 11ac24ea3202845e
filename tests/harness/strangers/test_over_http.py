"""Bots of other frameworks and in another language, over HTTP on a loopback address."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
)

from botflight_harness import BotAccount, Person, SystemClock, Telegram
from botflight_harness.server import Address, application, bot_api, serving

pytestmark = pytest.mark.process


@pytest.fixture
def telegram() -> Telegram:
    return Telegram(clock=SystemClock())


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    return telegram.bot()


@pytest.fixture
async def address(telegram: Telegram, bot: BotAccount) -> AsyncIterator[Address]:
    async with serving(application(bot_api(telegram))) as address:
        yield address
    telegram.check()


@pytest.fixture
async def aiogram_bot(address: Address, bot: BotAccount) -> AsyncIterator[None]:
    """A bot as aiogram's users write it, polling in the background."""
    dispatcher = Dispatcher()
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Count", callback_data="count")]])

    @dispatcher.message(CommandStart())
    async def start(message: Message) -> None:
        await message.answer(f"Welcome, {message.from_user.first_name}", reply_markup=keyboard)

    @dispatcher.callback_query(F.data == "count")
    async def count(query: CallbackQuery) -> None:
        await query.answer("Counted")
        await query.message.edit_text("Counted", reply_markup=keyboard)

    @dispatcher.message(F.text == "buy")
    async def buy(message: Message) -> None:
        prices = [LabeledPrice(label="Ten", amount=10)]
        await message.answer_invoice("Credits", "Ten", payload="ten", currency="XTR", prices=prices)

    @dispatcher.pre_checkout_query()
    async def check_out(query: PreCheckoutQuery) -> None:
        await query.answer(ok=True)

    @dispatcher.message(F.successful_payment)
    async def thank(message: Message) -> None:
        await message.answer(f"Paid {message.successful_payment.total_amount}")

    @dispatcher.message(F.document)
    async def download(message: Message) -> None:
        content = await message.bot.download(message.document)
        await message.answer(f"Bytes: {len(content.read())}")

    session = AiohttpSession(api=TelegramAPIServer.from_base(address.url))
    client = Bot(bot.token, session=session)
    polling = asyncio.create_task(dispatcher.start_polling(client, handle_signals=False, polling_timeout=1))
    yield
    await dispatcher.stop_polling()
    with contextlib.suppress(asyncio.CancelledError):
        await polling
    await session.close()


@pytest.mark.usefixtures("aiogram_bot")
async def test_an_aiogram_bot_is_served(bot: BotAccount, alice: Person) -> None:
    """Commands, taps, files and payments, by long polling."""
    alice.send_text("/start", where=bot)
    await alice.sees("Welcome, Alice", button="Count")
    alice.tap("Count")
    await alice.sees("Counted")
    alice.send_file("document", b"12345", file_name="a.txt")
    await alice.sees("Bytes: 5")
    alice.send_text("buy")
    await alice.sees("Credits")

    payment = await alice.pays()

    assert (payment.stage, alice.stars) == ("paid", 9_990)
    await alice.sees("Paid 10")


@pytest.fixture
async def grammy_bot(grammy: Path, address: Address, bot: BotAccount) -> AsyncIterator[None]:
    """A bot in JavaScript, in a process of node."""
    environment = {**os.environ, "NODE_PATH": str(grammy), "BOT_TOKEN": bot.token, "API_ROOT": address.url}
    script = Path(__file__).with_name("grammy_bot.js")
    process = await asyncio.create_subprocess_exec(
        "node", str(script), env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 20)
    assert line == b"started\n", (await process.communicate())[1].decode()
    yield
    process.kill()
    await process.communicate()


@pytest.mark.usefixtures("grammy_bot")
async def test_a_grammy_bot_is_served(bot: BotAccount, alice: Person, png: bytes) -> None:
    """Commands, taps with an answer and an edit, files, and replies, from another language."""
    alice.send_text("/start", where=bot)
    await alice.sees("Welcome, Alice", button="Count")
    alice.tap("Count")
    await alice.sees("Counted: 1", button="Stop")
    alice.tap("Count")
    await alice.sees("Counted: 2")
    alice.send_file("photo", png, file_name="a.png")
    await alice.sees(f"Bytes: {len(png)}")

    hello = alice.send_text("hello from JavaScript").message
    answer = await alice.sees("hello from JavaScript")

    found = alice.chat_in().message(answer.message_id)
    assert found is not None
    assert found.reply_to is hello
