"""Bots of other frameworks and in another language, over HTTP on a loopback address."""

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
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from botflight_harness import Endpoint, Person, Road

pytestmark = pytest.mark.process


async def aiogram_bot(endpoint: Endpoint) -> None:
    """A bot as aiogram's users write it: it polls, or has a server of aiohttp for its webhook."""
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

    session = AiohttpSession(api=TelegramAPIServer.from_base(endpoint.api_url))
    async with Bot(endpoint.token, session=session) as bot:
        if endpoint.road == "polling":
            await dispatcher.start_polling(bot, handle_signals=False, polling_timeout=1)
            return
        app = web.Application()
        SimpleRequestHandler(dispatcher, bot, secret_token=endpoint.secret).register(app, path="/webhook")
        await bot.set_webhook(endpoint.webhook_url, secret_token=endpoint.secret)
        await web._run_app(app, host="127.0.0.1", port=endpoint.port, print=None, handle_signals=False)


@pytest.mark.roads("webhook_url", "polling")
async def test_an_aiogram_bot_is_served(road: Road, alice: Person) -> None:
    """Commands, taps, files and payments, by long polling and by its own webhook server."""
    async with road(aiogram_bot):
        await alice.sends("/start")
        await alice.sees("Welcome, Alice", button="Count")
        await alice.taps("Count")
        await alice.sees("Counted")
        await alice.sends_document(b"12345", file_name="a.txt")
        await alice.sees("Bytes: 5")
        await alice.sends("buy")
        await alice.sees("Credits", kind="invoice")

        payment = await alice.pays()

        assert (payment.stage, alice.stars) == ("paid", 9_990)
        await alice.sees("Paid 10")


@pytest.mark.roads("polling")
async def test_a_grammy_bot_is_served(road: Road, grammy: Path, alice: Person, png: bytes) -> None:
    """Commands, taps with an answer and an edit, files, and replies, from another language."""
    environment = {"NODE_PATH": str(grammy), "BOT_TOKEN": "{token}", "API_ROOT": "{api_url}"}
    async with road(["node", str(Path(__file__).with_name("grammy_bot.js"))], environment=environment):
        await alice.sends("/start")
        await alice.sees("Welcome, Alice", button="Count")
        await alice.taps("Count")
        await alice.sees("Counted: 1", button="Stop")
        await alice.taps("Count")
        await alice.sees("Counted: 2")
        await alice.sends_photo(png)
        await alice.sees(f"Bytes: {len(png)}")

        hello = await alice.sends("hello from JavaScript")
        answer = await alice.sees("hello from JavaScript")

        found = alice.chat_in().message(answer.message_id)
        assert found is not None
        assert found.reply_to is alice.chat_in().message(hello.message_id)
