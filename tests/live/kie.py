"""The providers' contract against the real kie.ai. Run by hand alone (`make live-kie`): it needs a key.

Four pictures of google/nano-banana are ordered, about 4 credits (0.02 USD) each. pytest does not find this file itself.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from botflight_service.config import KIE_API, KIE_FILE_HOSTS, KIE_UPLOADS
from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.generation.catalog import load
from botflight_service.provider.interface import Provider
from botflight_service.provider.kie.assembly import kie_provider
from botflight_service.provider.kie.callbacks import Callbacks
from botflight_service.provider.kie.client import Addresses
from provider_contract import ProviderContract


class TestTheRealKie(ProviderContract):
    """kie.ai itself, without callbacks."""

    patience_s = 300.0
    pause_s = 3.0
    no_file = Artifact(ResultKind.PHOTO, "https://tempfile.aiquickdraw.com/botflight/nothing.png", "nothing.png")

    @pytest.fixture
    async def provider(self) -> AsyncIterator[Provider]:
        """The provider as the service makes it."""
        provider = kie_provider(
            key=os.environ["KIE_API_KEY"],
            addresses=Addresses(api=KIE_API, uploads=KIE_UPLOADS),
            file_hosts=KIE_FILE_HOSTS,
            catalog=load(),
            callbacks=Callbacks(base_url=None, secret="unused"),
        )
        yield provider
        await provider.close()
