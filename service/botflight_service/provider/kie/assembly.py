"""KIE's provider, put together from settings: pacing as its documents ask for, files from where they may come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from botflight_service.generation.catalog import Catalog
from botflight_service.provider.kie.callbacks import Callbacks
from botflight_service.provider.kie.client import Addresses, KieClient
from botflight_service.provider.kie.hosts import FileHosts
from botflight_service.provider.kie.pacing import Pacing, monotonic_ms
from botflight_service.provider.kie.provider import KieProvider
from botflight_service.proxies import Proxies

#: "20 new generation requests per 10 seconds" of an account, a little less for what the way adds or takes.
CREATES, CREATES_WITHIN_MS = 20, 10_500
#: "10 queries a second" of a key, likewise.
QUESTIONS, QUESTIONS_WITHIN_MS = 10, 1_100
#: Whoever would wait longer for a turn is told that KIE is busy, and comes again. A stop of the service gives
#: submissions 8 s: nobody is cut off while they wait for a turn.
CREATE_PATIENCE_MS: Final = 7_000
QUESTION_PATIENCE_MS: Final = 8_000


def kie_provider(
    *,
    key: str,
    addresses: Addresses,
    file_hosts: Iterable[str],
    catalog: Catalog,
    callbacks: Callbacks,
    clock_ms: Callable[[], int] = monotonic_ms,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> KieProvider:
    """Put the provider together. An API that the settings put on plain http (a simulated one) keeps its files there."""
    simulated = [url for url in (addresses.api, addresses.uploads) if urlsplit(url).scheme == "http"]
    client = KieClient(
        key=key,
        addresses=addresses,
        hosts=FileHosts(file_hosts, origins=simulated),
        creating=Pacing(
            most=CREATES,
            within_ms=CREATES_WITHIN_MS,
            patience_ms=CREATE_PATIENCE_MS,
            clock_ms=clock_ms,
            sleep=sleep,
        ),
        asking=Pacing(
            most=QUESTIONS,
            within_ms=QUESTIONS_WITHIN_MS,
            patience_ms=QUESTION_PATIENCE_MS,
            clock_ms=clock_ms,
            sleep=sleep,
        ),
        proxies=Proxies(),
    )
    return KieProvider(client=client, catalog=catalog, callbacks=callbacks)
