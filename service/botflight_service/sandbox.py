"""The whole service beside the harness's Telegram, on loopback: no token, no account and no network are needed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from starlette.applications import Starlette

from botflight_harness.clock import SystemClock
from botflight_harness.server import PortBusyError, bot_api, serving
from botflight_harness.telegram import Telegram
from botflight_harness.web import chat_app
from botflight_service.app import build, opened_telemetry, system_clock_ms
from botflight_service.config import Settings
from botflight_service.lifecycle import running
from botflight_service.process import came_up
from botflight_service.process import run as run_process
from botflight_service.provider.local import LocalProvider
from botflight_service.storage import open_storage
from botflight_service.web.server import AddressBusy, listen
from botflight_service.web.server import serving as serving_service

TOKEN = "1000000001:a-token-of-the-simulated-telegram"  # noqa: S105 - opens nothing anywhere
SECRET = "the-sandbox-webhook-secret"  # noqa: S105 - likewise
DIAG_TOKEN = "the-sandbox-diagnostics-token"  # noqa: S105 - likewise
PARTNER = "sandbox01"

#: Ports are counted up from this one where it is taken and nobody asked for it.
DEFAULT_PORT = 8080
_PORTS_TRIED = 20

_WELCOME = """\

  botflight sandbox: the whole service beside a simulated Telegram. Nothing leaves this machine.

    Talk with the bot    {page}/
    Console              {service}/__diag/#token={diag_token}
    Metrics              {service}/metrics
    Readiness            {service}/readyz
    Billing preflight    {service}/__diag/billing_preflight
                         with every detail: curl -H 'X-Diag-Token: {diag_token}' ...

    {admin} is the administrator: /credit {customer_id} 50 gives {customer} credits.
    A prompt with [fail], [hang] or [lose] in it shows what happens when the provider misbehaves.

  Ctrl-C stops it. {kept}

"""


def run(*, host: str = "127.0.0.1", port: int | None = None, pace: float = 1.0, data_dir: Path | None = None) -> int:
    """Run the sandbox until a signal; the exit code.

    `port` is that of the chat page (None takes the first free one from 8080 on), `pace` stretches or shortens how long
    generations take (0 is at once), `data_dir` keeps the store (None uses a temporary one).
    """
    return run_process(lambda stop: _sandbox(stop, host=host, port=port, pace=pace, data_dir=data_dir))


async def _sandbox(stop: asyncio.Event, *, host: str, port: int | None, pace: float, data_dir: Path | None) -> int:
    telegram = Telegram(clock=SystemClock())
    account = telegram.bot(TOKEN, username="botflight_bot")
    alice, boris = telegram.user("Alice", language="en"), telegram.user("Борис", language="ru")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(_folder(data_dir))
        listener = stack.enter_context(contextlib.closing(listen(host, 0)))
        service_url = f"http://{host}:{listener.getsockname()[1]}"
        links = {
            "Console": f"{service_url}/__diag/#token={DIAG_TOKEN}",
            "Metrics": f"{service_url}/metrics",
            "Readiness": f"{service_url}/readyz",
            "Preflight": f"{service_url}/__diag/billing_preflight",
        }
        chat = chat_app(bot_api(telegram), account, title="botflight sandbox", links=links, people=(alice, boris))
        async with _serving_chat(chat, host, port) as page:
            settings = Settings.load(
                {
                    "TELEGRAM_BOT_TOKEN": TOKEN,
                    "TELEGRAM_API_BASE_URL": page,
                    "WEBHOOK_BASE_URL": service_url,
                    "WEBHOOK_SECRET": SECRET,
                    "BOT_INSTANCE_ID": PARTNER,
                    "ADMIN_ID": str(alice.user_id),
                    "DIAG_TOKEN": DIAG_TOKEN,
                    "DATABASE_URL": f"sqlite:///{folder / 'sandbox.sqlite'}",
                },
                mode="serve",
                env_file=None,
            )
            with opened_telemetry(settings, terminal=sys.stdout.isatty()) as telemetry:
                built = build(
                    settings,
                    telemetry=telemetry,
                    storage=open_storage(settings.database_url.get_secret_value(), clock=system_clock_ms),
                    provider=LocalProvider(
                        clock_ms=system_clock_ms, spool=folder / "provider", pace=pace, directives=True
                    ),
                )
                async with serving_service(built.asgi, listener, doors=built.doors), running(built.service) as start:
                    if await came_up(start, stop):
                        kept = f"The store stays in {folder}." if data_dir else "The store goes with it."
                        told = _WELCOME.format(
                            page=page,
                            service=service_url,
                            diag_token=DIAG_TOKEN,
                            admin=alice.first_name,
                            customer=boris.first_name,
                            customer_id=boris.user_id,
                            kept=kept,
                        )
                        print(told, file=sys.stderr, flush=True)  # noqa: T201 - for the person at the terminal
                        await stop.wait()
    return 0


@contextlib.asynccontextmanager
async def _serving_chat(chat: Starlette, host: str, port: int | None) -> AsyncIterator[str]:
    """Serve the chat page; its URL. Raises AddressBusy where the wanted port is taken."""
    ports = (port,) if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED)
    async with contextlib.AsyncExitStack() as stack:
        for candidate in ports:
            with contextlib.suppress(PortBusyError):
                address = await stack.enter_async_context(serving(chat, host=host, port=candidate))
                yield address.url
                return
        raise AddressBusy(f"port {ports[0]} of {host} is taken: stop what listens there, or name another with --port")


@contextlib.contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    """Where the store is: the given folder, or one that goes with the process."""
    if data_dir is not None:
        yield data_dir.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="botflight-") as temporary:
        yield Path(temporary)
