"""One contract for every provider: the one that draws here, and KIE's against the simulated KIE, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.server import serving
from botflight_service.app import system_clock_ms
from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.provider.interface import Provider
from botflight_service.provider.local import LocalProvider
from makings_of_kie import provider_for
from provider_contract import ProviderContract
from shop import GALLERY


class TestLocal(ProviderContract):
    """The provider that draws here."""

    @pytest.fixture
    async def provider(self) -> AsyncIterator[Provider]:
        """One at full speed, with small pictures."""
        provider = LocalProvider(clock_ms=system_clock_ms, pace=0, make=GALLERY)
        yield provider
        await provider.close()


class TestKie(ProviderContract):
    """KIE's client against the simulated KIE."""

    @pytest.fixture
    async def provider(self) -> AsyncIterator[Provider]:
        """One whose KIE takes milliseconds."""
        kie = FakeKie(waits_ms=5, queues_ms=5, takes_ms=5)
        async with serving(kie_app(kie)) as address:
            self.no_file = Artifact(ResultKind.PHOTO, f"{address.url}/files/nothing.png", "nothing.png")
            provider = provider_for(address.url, key=kie.key)
            yield provider
            await provider.close()
            await kie.close()
