"""A few lively minutes, drawn for docs/images: `python -m tests.dashboards.scene FOLDER [SECONDS]`.

For a good third all is well. Then the provider fails and Telegram floods, later the store is slow, and at last somebody
edits an account by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from dashboards.generator.rule import Pace
from telegram.request import RequestData
from tests.dashboards.prometheus_server import prometheus
from tests.dashboards.stage import MODELS, Stage, stage

from botflight_harness.ptb import TelegramRequest
from botflight_harness.telegram import ImpossibleAct, Person, Refusal
from botflight_service.provider.local import LocalProvider
from botflight_service.provider.mischief import Fate, Mischief

#: An hour becomes a minute.
PACE = Pace(1 / 60)
_MEMORY = next((at for at in (Path("/dev/shm"),) if at.is_dir()), None)  # noqa: S108 - a folder of its own is made in it
#: What is bought how often, by its place in the catalogue: pictures most, videos least.
_TASTES = (10, 4, 1, 3, 3)
#: The shares of the time from and to which something goes wrong.
_PROVIDER_FAILS = (0.38, 0.5)
_TELEGRAM_FLOODS = (0.42, 0.52)
_STORE_IS_SLOW = (0.64, 0.71)
_LEDGER_IS_BROKEN = 0.9


class FarTelegram(TelegramRequest):
    """The way to a Telegram that is some thousand kilometres away."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: Any,
        **more: Any,
    ) -> tuple[int, bytes]:
        """Make one request, and wait for its answer."""
        await asyncio.sleep(min(0.6, 0.03 * random.lognormvariate(0.3, 0.6)))
        return await super().do_request(url, method, request_data, *timeouts, **more)


def far(provider: LocalProvider) -> None:
    """Let each call to a provider take its time."""

    def slowed(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def called(*given: Any) -> Any:
            await asyncio.sleep(min(5.0, 0.15 * random.lognormvariate(0.3, 0.7)))
            return await call(*given)

        return called

    for name in ("submit", "query", "fetch"):
        setattr(provider, name, slowed(getattr(provider, name)))


class Scene:
    """Who comes, and what happens to them."""

    def __init__(self, on: Stage, *, seconds: float) -> None:
        self._on = on
        self._seconds = seconds
        self._began = time.monotonic()
        self._chances = random.Random(7)
        self._broken = False
        self._jammed = False
        self._known: list[Person] = []
        self.credit = 2400.0

    @property
    def at(self) -> float:
        """How much of it is over, 0 to 1."""
        return (time.monotonic() - self._began) / self._seconds

    async def play(self) -> float:
        """Let people come until it is over; when that was, in seconds since 1970."""
        going: set[asyncio.Task[Any]] = set()
        looking = asyncio.create_task(self._look())
        while self.at < 1:
            self._make_trouble()
            task = asyncio.create_task(_patiently(self._somebody()))
            going.add(task)
            task.add_done_callback(going.discard)
            # They come in waves.
            await asyncio.sleep(self._chances.expovariate(1.5 + 1.5 * abs((self.at * 6) % 2 - 1)))
        ended = time.time()
        looking.cancel()
        await asyncio.wait(going, timeout=5)
        return ended

    async def left(self) -> float:
        """What is left with the provider."""
        return self.credit

    def _is(self, span: tuple[float, float]) -> bool:
        return span[0] <= self.at < span[1]

    def _somebody(self) -> Coroutine[Any, Any, object]:
        chance = self._chances.random()
        if chance < 0.50:
            return self._buyer()
        if chance < 0.56:
            return self._on.somebody_pays()
        if chance < 0.57:
            return self._on.somebody_has_it_back()
        return self._on.somebody_comes()

    async def _buyer(self) -> None:
        """Most who buy were here before, and had their free one of today."""
        (model,) = self._chances.choices(MODELS, _TASTES)
        known = self._known.pop(0) if len(self._known) > 8 and self._chances.random() < 0.75 else None
        if known is not None:
            await self._on.shop.gives_more(known, 20)
        self._plan()
        self.credit -= 4
        person = await self._on.somebody_buys(model=model, person=known)
        self._known.append(person)

    def _plan(self) -> None:
        """What becomes of the next jobs: each takes its own time, and while the provider fails, most do."""
        plans = self._on.shop.provider._plans
        if self._is(_PROVIDER_FAILS) and self._chances.random() < 0.6:
            plans.add(Mischief(fate=Fate.FAIL, failure="generation_failed"), 1)
        else:
            plans.add(Mischief(slowness=self._chances.lognormvariate(0, 0.35)), 1)

    def _make_trouble(self) -> None:
        faults = self._on.telegram.faults
        if self._is(_TELEGRAM_FLOODS) and self._chances.random() < 0.5:
            match self._chances.randrange(4):
                case 0:
                    faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))
                case 1:
                    faults.lose_call("sendMessage")
                case 2:
                    self._on.shop.harness.lose_acknowledgement()
                case _:
                    faults.flood("sendMessage", retry_after_s=1)
        self._on.saboteur.delay_s = 0.12 if self._is(_STORE_IS_SLOW) else 0.0
        if self.at >= _LEDGER_IS_BROKEN and not self._broken:
            self._on.break_the_ledger()
            self._broken = True

    async def _look(self) -> None:
        """Have the preflights run, ask the provider and Telegram, and have a stranger try the door now and then."""
        while True:
            await self._on.look()
            await self._on.shop.service.vitals.ask_provider()
            await self._on.shop.service.vitals.ask_telegram()
            if self._is(_TELEGRAM_FLOODS):
                self._on.a_file_vanishes()
            if self._is(_TELEGRAM_FLOODS) and not self._jammed:
                self._jammed = True
                await self._on.the_door_jams()
            if self._chances.random() < 0.2:
                await self._on.a_stranger_knocks()
            await asyncio.sleep(self._seconds / 100)


async def _patiently(act: Coroutine[Any, Any, object]) -> None:
    """Somebody whose answer does not come gives up."""
    with contextlib.suppress(ImpossibleAct):
        await act


async def main(folder: Path, seconds: float) -> None:
    """Run the scene, and draw every dashboard of it."""
    # In memory, where there is such a place: the disk of a busy machine is no part of the story.
    with tempfile.TemporaryDirectory(dir=_MEMORY) as place:
        async with (
            stage(Path(place), free=1, way=FarTelegram) as on,
            prometheus(Path(place), on.address, pace=PACE, scrape_s=2.0) as server,
        ):
            on.shop.provider._pace = 0.2
            far(on.shop.provider)
            scene = Scene(on, seconds=seconds)
            on.shop.provider.credit = scene.left  # type: ignore[attr-defined]  # the local one has no account of its own
            ended = await scene.play()
            for board in ("overview", "money", "telegram", "generation", "preflight"):
                command = ("-m", "dashboards.generator.pictures", server.url, board)
                file = folder / f"dashboard-{board}.png"
                shown = ("--minutes", str(seconds / 60), "--until", str(ended))
                process = await asyncio.create_subprocess_exec(sys.executable, *command, str(file), *shown)
                assert await process.wait() == 0


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 240.0))
