"""KIE's provider, as tests make it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from botflight_service.generation.catalog import load
from botflight_service.provider.kie.assembly import kie_provider
from botflight_service.provider.kie.callbacks import Callbacks
from botflight_service.provider.kie.client import Addresses
from botflight_service.provider.kie.pacing import monotonic_ms
from botflight_service.provider.kie.provider import KieProvider

SECRET = "a-secret-that-nobody-guesses"
CALLBACKS = Callbacks(base_url="https://bot.example", secret=SECRET)


def provider_for(
    url: str,
    *,
    key: str,
    callbacks: Callbacks = CALLBACKS,
    file_hosts: tuple[str, ...] = ("kie.ai",),
    clock_ms: Callable[[], int] = monotonic_ms,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> KieProvider:
    """A provider that finds KIE at one address."""
    return kie_provider(
        key=key,
        addresses=Addresses(api=url, uploads=url),
        file_hosts=file_hosts,
        catalog=load(),
        callbacks=callbacks,
        clock_ms=clock_ms,
        sleep=sleep,
    )
