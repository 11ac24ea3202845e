"""One body of a test for every road: what it is called with is run as the road asks."""

import sys
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from botflight_harness.program import is_program
from botflight_harness.telegram.world import Telegram

if TYPE_CHECKING:
    from telegram.ext import Application, ApplicationBuilder

    from botflight_harness.asgi import ASGIApp
    from botflight_harness.delivery.harness import Harness
    from botflight_harness.program import Program
    from botflight_harness.ptb import PTBHarness

RoadName = Literal["in_process", "webhook", "webhook_url", "polling"]
ROADS: tuple[RoadName, ...] = get_args(RoadName)


class WrongRoad(ValueError):
    """A bot of this kind cannot go this road: name those that it can in `@pytest.mark.roads(...)`."""


class Road:
    """One of the four ways by which updates come to a bot.

    in_process    a python-telegram-bot application; no sockets
    webhook       posted to an ASGI app, or to an application as to one; no sockets
    webhook_url   posted to an address on loopback: an application's own webhook server, an ASGI app, or a program
    polling       fetched by getUpdates: an application, or a program

        async with road(build()):
            await alice.sends("/start")
            await alice.sees("Welcome")
    """

    def __init__(self, name: RoadName, telegram: Telegram) -> None:
        self.name = name
        self.telegram = telegram

    def __repr__(self) -> str:
        return f"<road {self.name}>"

    @overload
    def __call__(
        self, bot: "Application[Any, Any, Any, Any, Any, Any] | ApplicationBuilder[Any, Any, Any, Any, Any, Any]"
    ) -> "PTBHarness": ...

    @overload
    def __call__(self, bot: "Program | ASGIApp", **options: Any) -> "Harness": ...  # noqa: ANN401 -- the harness's own

    def __call__(self, bot: Any, **options: Any) -> "Harness":
        """Return the harness that runs a bot on this road; `options` are those of its class.

        Raises WrongRoad when such a bot cannot go it.
        """
        if _is_application(bot):
            from botflight_harness.ptb import PTBHarness  # noqa: PLC0415 -- heavy, and there already if it is one

            return PTBHarness(bot, self.telegram, road=self.name, **options)
        if is_program(bot):
            return self._run_program(bot, options)
        return self._run_app(bot, options)

    def _run_program(self, program: "Program", options: dict[str, Any]) -> "Harness":
        if self.name not in {"webhook_url", "polling"}:
            raise self._wrong("a program is reached over HTTP", "webhook_url", "polling")
        from botflight_harness.served import ServedHarness  # noqa: PLC0415 -- heavy

        return ServedHarness(program, self.telegram, road=self.name, **options)

    def _run_app(self, app: Any, options: dict[str, Any]) -> "Harness":  # noqa: ANN401 -- an ASGI app
        match self.name:
            case "webhook":
                from botflight_harness.webhook import WebhookHarness  # noqa: PLC0415 -- late, as the others

                return WebhookHarness(app, self.telegram, **options)
            case "webhook_url":
                from botflight_harness.served import ServedHarness  # noqa: PLC0415 -- heavy

                return ServedHarness(app, self.telegram, road=self.name, **options)
            case _:
                raise self._wrong("an ASGI app is posted to", "webhook", "webhook_url")

    def _wrong(self, why: str, *names: str) -> WrongRoad:
        listed = ", ".join(f'"{name}"' for name in names)
        return WrongRoad(f"{why}, and not by the road {self.name}: @pytest.mark.roads({listed})")


def _is_application(bot: object) -> bool:
    ptb = sys.modules.get("telegram.ext")  # a bot that is one has imported it
    return ptb is not None and isinstance(bot, ptb.Application | ptb.ApplicationBuilder)
