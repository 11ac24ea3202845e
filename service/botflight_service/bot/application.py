"""python-telegram-bot's Application, made for updates that arrive by `process_update` alone."""

from __future__ import annotations

from typing import Any

from telegram.ext import Application, ApplicationBuilder
from telegram.request import BaseRequest

PTB = Application[Any, Any, Any, Any, Any, Any]


def build_application(*, token: str, request: BaseRequest, get_updates_request: BaseRequest, api_base_url: str) -> PTB:
    """Make an Application that neither fetches nor queues updates: its queue would drop context variables.

    Both requests are set: left to itself, each builder makes an httpx client with an SSL context of its own.
    """
    return (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{api_base_url}/bot")
        .base_file_url(f"{api_base_url}/file/bot")
        .request(request)
        .get_updates_request(get_updates_request)
        .updater(None)
        .job_queue(None)
        .build()
    )
