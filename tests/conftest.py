"""What every test of the whole service begins with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from botflight_harness.telegram import Person, Telegram
from shop import Shop, open_shop


@pytest.fixture
async def shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service, without free generations: what is taken is money."""
    async with open_shop(telegram) as opened:
        yield opened


@pytest.fixture
async def free_shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service, with five free generations a day."""
    async with open_shop(telegram, daily_free_limit=5) as opened:
        yield opened


@pytest.fixture
async def impatient_shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service on a virtual clock: minutes of waiting pass in no time."""
    async with open_shop(telegram, impatient=True) as opened:
        yield opened


@pytest.fixture
def boris(telegram: Telegram) -> Person:
    """Somebody who reads Russian."""
    return telegram.user("Борис", language="ru")
