"""aiogram 3 behind its aiohttp webhook on uvloop, doing an echo."""

import asyncio
import signal

import uvloop
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from tests.bench.peers.environment import WEBHOOK_PATH, Environment


async def echo(message: Message) -> None:
    """Send the text back."""
    await message.answer(message.text or "")


async def serve(environment: Environment) -> None:
    """Serve until a signal."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(environment.api_base_url))
    bot = Bot(environment.token, session=session)
    dispatcher = Dispatcher()
    dispatcher.message.register(echo, F.text)
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, secret_token=environment.webhook_secret).register(app, WEBHOOK_PATH)
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, environment.host, environment.port).start()
    await bot.set_webhook(environment.webhook_base_url + WEBHOOK_PATH, secret_token=environment.webhook_secret)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve(Environment.read()))
