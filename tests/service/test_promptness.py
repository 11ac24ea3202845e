"""No silence: a tap is answered within a second, however slow the store or the provider is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from botflight_harness.telegram import Person, Telegram
from botflight_service.provider.interface import GenerationRequest
from shop import Shop, open_shop

#: What a person takes for an answer at once; in real seconds.
AT_ONCE_S = 1.0
#: How slow what is slow is.
SLOW_S = 1.6
PATIENCE_S = 10.0


class Slowed:
    """A store some of whose calls take their time once it is told to."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self.slow: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if name not in {"accept", "commit", "session"}:
            return found

        async def call(*given: Any, **named: Any) -> Any:
            if name in self.slow:
                await asyncio.sleep(SLOW_S)
            return await found(*given, **named)

        return call


@pytest.fixture
async def slow_shop(telegram: Telegram) -> AsyncIterator[Shop]:
    """The whole service on a store that can be slowed."""
    async with open_shop(telegram, tampered=Slowed) as opened:  # type: ignore[arg-type]  # it passes calls on
        yield opened


async def answered_within_s(telegram: Telegram, tap: Callable[[], Awaitable[object]]) -> float:
    """How long a tap waits for its answer; in real seconds."""

    def answers() -> int:
        return len([call for call in telegram.calls if call.method == "answerCallbackQuery"])

    loop = asyncio.get_running_loop()
    before, began_s = answers(), loop.time()
    tapping = asyncio.ensure_future(tap())
    async with asyncio.timeout(PATIENCE_S):
        while answers() == before:  # noqa: ASYNC110 - the simulated Telegram calls nobody
            await asyncio.sleep(0.01)
        took_s = loop.time() - began_s
        await tapping
    assert answers() == before + 1
    return took_s


@pytest.mark.parametrize("slow", ["accept", "commit", "session"])
async def test_a_tap_is_answered_at_once_while_the_store_is_slow(
    slow_shop: Shop, telegram: Telegram, alice: Person, slow: str
) -> None:
    """Whichever call takes its time, the button stops spinning, once; what was asked for follows."""
    await alice.sends("/start")
    slow_shop.service.outbox._menu_sent.__self__.forget(alice.user_id)  # type: ignore[attr-defined]  # the cache
    slow_shop.storage.slow = frozenset({slow})  # type: ignore[attr-defined]  # it is `Slowed`

    took_s = await answered_within_s(telegram, lambda: alice.taps("models"))

    assert took_s < AT_ONCE_S
    assert "model:text_to_image" in alice.last.callback_data


async def test_a_confirm_is_answered_at_once_while_the_provider_is_slow(
    shop: Shop, telegram: Telegram, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen says that it is on its way before the provider has said anything."""
    await shop.gives(alice, 10)
    await shop.opens_confirmation(alice)
    submit, asked = shop.provider.submit, asyncio.Event()

    async def slowly(request: GenerationRequest) -> str:
        asked.set()
        await asyncio.sleep(SLOW_S)
        return await submit(request)

    monkeypatch.setattr(shop.provider, "submit", slowly)
    button = next(data for data in alice.last.callback_data if data.startswith("confirm_generation:"))
    seen: list[str] = []

    async def look() -> None:
        await asked.wait()
        await asyncio.sleep(0.2)
        seen.append(alice.last.text)

    looking = asyncio.create_task(look())
    took_s = await answered_within_s(telegram, lambda: alice.taps(button))
    await looking

    assert took_s < AT_ONCE_S
    assert "In the queue" in seen[0]
