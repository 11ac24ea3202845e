import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from botflight_harness import BotAccount, Person, PTBHarness, Telegram, WebhookHarness

Context = ContextTypes.DEFAULT_TYPE


def echo_bot(name: str, telegram: Telegram) -> Application:
    async def echo(update: Update, _: Context) -> None:
        await update.message.reply_text(f"{name}: {update.message.text}")

    application = Application.builder().token(telegram.sole_bot().token).build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    return application


async def test_a_new_bot_goes_on_where_the_old_one_stopped(telegram: Telegram, alice: Person, bot: BotAccount) -> None:
    """What was said while it was down is brought to the new one; what was handled is not."""
    async with PTBHarness(echo_bot("old", telegram), telegram) as harness:
        await alice.sends("one")
        alice.send_text("two")

        await harness.restart(echo_bot("new", telegram))
        await alice.sends("three")

    assert [message.text for message in alice.screen if message.from_bot] == ["old: one", "new: two", "new: three"]


async def test_a_bot_stopped_in_the_middle_gets_the_update_again(
    telegram: Telegram, alice: Person, bob: Person, bot: BotAccount
) -> None:
    """What it had begun was not taken."""
    application = echo_bot("old", telegram)
    begun = asyncio.Event()

    async def hang(_: Update, __: Context) -> None:
        begun.set()
        await asyncio.Event().wait()

    application.handlers.clear()
    application.add_handler(MessageHandler(filters.TEXT, hang))
    async with PTBHarness(application, telegram) as harness:
        bob.send_text("first", where=bot)
        sending = asyncio.create_task(alice.sends("one"))
        await begun.wait()
        sending.cancel()

        await harness.restart(echo_bot("new", telegram))

    assert alice.last.text == "new: one"
    assert bob.last.text == "new: first"


async def test_the_same_bot_can_be_started_again(telegram: Telegram, alice: Person, bot: BotAccount) -> None:
    """With its memory, as after a pause."""
    async with PTBHarness(echo_bot("bot", telegram), telegram) as harness:
        await harness.restart()
        await alice.sends("one")

    assert alice.last.text == "bot: one"


async def test_a_service_is_replaced(telegram: Telegram, alice: Person, bot: BotAccount) -> None:
    """Another app behind the same webhook gets what the old one did not take."""
    seen: list[tuple[str, str]] = []

    def service(name: str, *, status: int) -> Starlette:
        async def hook(request: Request) -> Response:
            seen.append((name, (await request.json())["message"]["text"]))
            return Response(status_code=status)

        return Starlette(routes=[Route("/webhook", hook, methods=["POST"])])

    async with WebhookHarness(service("old", status=200), telegram, secret="s3cret") as harness:
        await alice.sends("one")
        alice.send_text("two")
        await harness.restart(service("new", status=200))

    assert seen == [("old", "one"), ("new", "two")]
