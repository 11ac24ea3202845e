"""Whoever asks for a lane hears something, whatever becomes of the store."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.storage.interface import StorageUnavailable
from botflight_service.storage.sharing import Claim, Leases
from botflight_service.updates.ownership import Ownership
from makings import PARTNER


class Silent:
    """Leases of a server that is frozen."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def claim(self, *_: Any) -> Claim:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("it never answers")

    async def leave(self, *_: Any) -> None:
        """Give nothing back."""


@pytest.fixture
def leases() -> Silent:
    return Silent()


@pytest.fixture
def ownership(leases: Silent) -> Ownership:
    silent = cast("Leases", leases)
    return Ownership(partner=PARTNER, leases=silent, gained=lambda _: None, telemetry=Telemetry.for_tests())


async def test_who_waits_for_a_lane_when_all_are_given_back_is_told_to_come_again(
    ownership: Ownership, leases: Silent
) -> None:
    """An update at the door gets its 503, not a cancellation that nobody asked for."""
    waiting = asyncio.create_task(ownership.gain("chat:5"))
    await leases.asked.wait()

    await ownership.close()

    with pytest.raises(StorageUnavailable, match="come again"):
        await waiting


async def test_who_gives_up_waiting_for_a_lane_is_cancelled(ownership: Ownership, leases: Silent) -> None:
    """A request that its sender broke off ends as one."""
    waiting = asyncio.create_task(ownership.gain("chat:5"))
    await leases.asked.wait()

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    await ownership.close()
