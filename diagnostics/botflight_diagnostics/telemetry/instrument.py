"""Telemetry for any bot of python-telegram-bot, in one call."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from botflight_diagnostics.telemetry.bundle import Telemetry
from botflight_diagnostics.telemetry.logs import stream_writer
from botflight_diagnostics.telemetry.redaction import Redactor

if TYPE_CHECKING:
    from telegram.ext import Application


def instrument(
    application: Application[Any, Any, Any, Any, Any, Any],
    *,
    telemetry: Telemetry | None = None,
    service: str = "bot",
    version: str = "0",
) -> Telemetry:
    """Have an application of python-telegram-bot tell what it does, in lines, spans and metrics; gives the telemetry.

    Call it when all handlers are added and before the application runs. Without `telemetry` lines go to standard
    output, spans by the OTEL_* variables, and the bot's token is taken out of both. Metrics are in its registry:
    `prometheus_client.start_http_server(9100, registry=telemetry.metrics.registry)` shows them.
    Raises RuntimeError when the application is instrumented already, ImportError without python-telegram-bot.
    """
    from botflight_diagnostics.ptb import observe  # noqa: PLC0415 - whoever has no such bot need not have its library

    if telemetry is None:
        telemetry = Telemetry.create(
            stream_writer(sys.stdout.buffer),
            service=service,
            version=version,
            redactor=Redactor([application.bot.token]),
            environ=os.environ,
        )
    observe(application, telemetry)
    return telemetry
