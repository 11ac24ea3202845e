"""The command `python -m botflight_harness`: Telegram, or KIE, on this machine, for a bot in any language."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from textwrap import dedent

from botflight_harness import __version__
from botflight_harness.clock import SystemClock
from botflight_harness.control import Worlds
from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.kie.world import KEY
from botflight_harness.server import Address, ListenError, application, bot_api, serving
from botflight_harness.telegram.world import Telegram
from botflight_harness.web import chat_page

_DEFAULT_PORT = 8081
_BUSY = 2
#: Always the same, so that a bot is set up once. It opens nothing anywhere.
_DEFAULT_TOKEN = "1000000001:a-token-of-the-simulated-telegram"  # noqa: S105 - made up

_POINTERS = """\
Point a bot at it:

  python-telegram-bot   ApplicationBuilder().token(TOKEN)
                          .base_url("{url}/bot").base_file_url("{url}/file/bot")
  aiogram               AiohttpSession(api=TelegramAPIServer.from_base("{url}"))
  pyTelegramBotAPI      apihelper.API_URL = "{url}/bot{{0}}/{{1}}"
  grammY                new Bot(TOKEN, {{ client: {{ apiRoot: "{url}" }} }})
  Telegraf              new Telegraf(TOKEN, {{ telegram: {{ apiRoot: "{url}" }} }})
  anything else         the address of the Bot API is {url}/bot<token>/<method>
"""

_ABOUT = """\
Telegram, simulated on this machine. A bot in any language talks to it as it would to
api.telegram.org, by long polling or by webhook, and you talk with the bot on a page.
Nothing leaves this machine, and nothing is kept when it stops.
"""

_KIE_PORT = 8082
_KIE_ABOUT = """\
kie.ai, simulated on this machine: tasks that wait, run and end, files, credits, limits, and
callbacks to addresses of this machine. Nothing leaves it, and nothing is kept when it stops.
"""
_KIE_EPILOG = """\
The models of the bot are known: others are refused with 422. A task takes 6 s. Faults are made to
happen from Python (botflight_harness.kie.FakeKie). More: docs/kie.md

Exit codes: 0 stopped, 2 could not start (the port is busy, a bad argument).
"""
_KIE_GREETING = """\
A simulated KIE listens. Ctrl-C stops it.

  Key        {key}
  Try it     curl -A Mozilla/5.0 -H 'Authorization: Bearer {key}' {url}/api/v1/chat/credit
  botflight  KIE_API_KEY={key} KIE_API_BASE_URL={url} KIE_UPLOAD_BASE_URL={url}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code: 0 after Ctrl-C, 2 when it could not start."""
    prog = "python -m botflight_harness" if arguments is None else "botflight harness"
    chosen = _parser(prog).parse_args(arguments)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            if chosen.command == "kie":
                asyncio.run(_serve_kie(host=chosen.host, port=chosen.port, key=chosen.key))
            else:
                asyncio.run(_serve(host=chosen.host, port=chosen.port, token=chosen.token))
    except ListenError as refused:
        print(f"botflight_harness: {refused}. Choose another with --port, or --port 0 for any.", file=sys.stderr)
        return _BUSY
    return 0


def _stopped() -> asyncio.Event:
    """Set once somebody asks for the end."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stopped.set)
    return stopped


async def _serve_kie(*, host: str, port: int, key: str) -> None:
    stopped = _stopped()
    kie = FakeKie(key=key)
    async with serving(kie_app(kie), host=host, port=port) as address:
        print(_KIE_GREETING.format(url=address.url, key=key), flush=True)
        await stopped.wait()
    await kie.close()


async def _serve(*, host: str, port: int, token: str) -> None:
    stopped = _stopped()
    telegram = Telegram(clock=SystemClock())
    api, worlds = bot_api(telegram), Worlds(__version__)
    bot = telegram.bot(token)
    pages = chat_page(api, bot, title="Simulated Telegram")
    app = application(api, *pages, *worlds.routes(api), at_end=worlds.close)
    async with serving(app, host=host, port=port) as address:
        print(_greeting(address, token=token), flush=True)
        await stopped.wait()


def _greeting(address: Address, *, token: str) -> str:
    pointers = _POINTERS.format(url=address.url)
    return dedent("""\
        A simulated Telegram listens. Ctrl-C stops it.

          Talk with your bot    {url}/
          Token of your bot     {token}
          Try it                curl {url}/bot{token}/getMe
          Drive it from a test  {url}/_harness/openapi.json

        {pointers}""").format(url=address.url, token=token, pointers=pointers)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=_ABOUT, formatter_class=_Plain)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    kie_parser = commands.add_parser(
        "kie", help="answer as kie.ai does", description=_KIE_ABOUT, formatter_class=_Plain, epilog=_KIE_EPILOG
    )
    kie_parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    kie_parser.add_argument(
        "--port", type=_port, default=_KIE_PORT, help=f"the port to listen on; 0 takes a free one ({_KIE_PORT})"
    )
    kie_parser.add_argument("--key", default=KEY, help=f"the key that is right ({KEY})")
    serve_parser = commands.add_parser(
        "serve",
        help="answer the Bot API over HTTP and show the chat page",
        description=_ABOUT,
        formatter_class=_Plain,
        epilog=_epilog(),
    )
    serve_parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    serve_parser.add_argument(
        "--port", type=_port, default=_DEFAULT_PORT, help=f"the port to listen on; 0 takes a free one ({_DEFAULT_PORT})"
    )
    serve_parser.add_argument(
        "--token", type=_token, default=_DEFAULT_TOKEN, help=f"the token of your bot ({_DEFAULT_TOKEN})"
    )
    return parser


def _epilog() -> str:
    return _POINTERS.format(url=f"http://127.0.0.1:{_DEFAULT_PORT}") + dedent("""
        The page shows two people, Alice and Борис, with a chat each; add more there. Methods that
        are not modelled answer 501 and stand out in the page's activity: they make up no success.
        Webhooks go to addresses of this machine alone. More: docs/sandbox.md

        Exit codes: 0 stopped, 2 could not start (the port is busy, a bad argument).
        """)


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65535:  # noqa: PLR2004 - what a port is
        raise argparse.ArgumentTypeError(f"{text} is no port: it must be between 0 and 65535")
    return port


def _token(text: str) -> str:
    number, _, letters = text.partition(":")
    if not (number.isdecimal() and letters):
        raise argparse.ArgumentTypeError("a bot's token looks like 123456:letters")
    return text


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keeps the text as it was written."""


if __name__ == "__main__":
    sys.exit(main())
