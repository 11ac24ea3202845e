"""Purchases through the whole service with KIE behind it: what users get, what they pay, and what they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from botflight_harness.kie import FakeKie
from botflight_harness.telegram import Person, Telegram
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from kie_shop import confirms, only_attempt, open_kie, open_kie_shop
from shop import Shop


@pytest.fixture
async def kie(telegram: Telegram) -> AsyncIterator[FakeKie]:
    """A simulated KIE."""
    async with open_kie(telegram) as opened:
        yield opened


@pytest.fixture
async def kie_shop(telegram: Telegram, kie: FakeKie) -> AsyncIterator[Shop]:
    """A service that has it make the files."""
    async with open_kie_shop(telegram, kie) as opened:
        yield opened


async def test_a_picture_is_made_delivered_and_paid_once(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """One task in KIE's own words, the file that it made, one charge."""
    await confirms(kie_shop, alice)

    attempt = await only_attempt(kie_shop, alice)
    order = dict(kie.last_task.order)
    assert order.pop("callBackUrl").startswith("http://127.0.0.1:8080/provider/kie/")
    assert order == {
        "model": "google/nano-banana",
        "input": {"prompt": "a red fox in the snow", "output_format": "png", "image_size": "1:1"},
    }
    assert (attempt.state, attempt.job_id) == (AttemptState.DELIVERED, kie.last_task.task_id)
    assert alice.last.media == kie.file(kie.last_task.file_name)
    assert (await kie_shop.balance(alice), await kie_shop.held(alice)) == (credits(15), credits(0))
