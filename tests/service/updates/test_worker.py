"""What becomes of an update when its handler works, fails, says nothing, hangs, or the store fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import cast

import pytest

from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.telemetry.capture import CapturedTelemetry
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Done, QueuedUpdate, Storage, StorageError, Work
from botflight_service.updates import processing
from botflight_service.updates.envelope import Envelope
from botflight_service.updates.ownership import Ownership
from botflight_service.updates.worker import PAYMENT_ANSWER_LIMIT_MS, Worker
from makings import NOW_MS, PARTNER, envelope

Handler = Callable[[Envelope], Awaitable[None]]


class Bot:
    """A dispatcher whose handler a test writes."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.handler: Handler = self.succeeds
        self.apologies: list[int] = []
        self.tries = 0

    async def dispatch(self, envelope: Envelope) -> None:
        self.tries += 1
        await self.handler(envelope)

    async def apologise(self, envelope: Envelope) -> None:
        await self.done(envelope, "FAILED")
        self.apologies.append(envelope.update_id)

    async def succeeds(self, envelope: Envelope) -> None:
        await self.done(envelope, "OK")
        processing.current().outcome = "OK"

    async def done(self, envelope: Envelope, outcome: str) -> None:
        done = Done(update_id=envelope.update_id, outcome=outcome)
        await self.storage.commit(Work(partner=envelope.partner, at_ms=NOW_MS, done=done))


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    opened = open_storage("sqlite::memory:", clock=lambda: NOW_MS)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def telemetry() -> CapturedTelemetry:
    return Telemetry.for_tests()


@pytest.fixture
def bot(storage: Storage) -> Bot:
    return Bot(storage)


async def _no_wait(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
def worker(bot: Bot, storage: Storage, telemetry: CapturedTelemetry) -> Worker:
    made = Worker(dispatcher=bot, storage=storage, telemetry=telemetry, clock_ms=lambda: NOW_MS, sleep=_no_wait)
    made.start()
    return made


async def processed(worker: Worker, storage: Storage, update: Envelope, *, replayed: bool = False) -> None:
    """Take an update the whole way."""
    await storage.accept(update)
    worker.put(update, replayed=replayed)
    await worker.idle()


async def test_an_update_ends_with_one_line(worker: Worker, storage: Storage, telemetry: CapturedTelemetry) -> None:
    """One line, with the outcome that the handler gave."""
    await processed(worker, storage, envelope(1))

    assert [line["outcome"] for line in telemetry.events("UPDATE_DONE")] == ["OK"]
    assert list(await storage.undone(PARTNER)) == []


async def test_a_handler_that_fails_twice_ends_with_an_apology(
    worker: Worker, bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """The user is told, the update is done, and the line names the error's class."""

    async def fails(_: Envelope) -> None:
        raise KeyError("a defect")

    bot.handler = fails

    await processed(worker, storage, envelope(1))

    line = telemetry.events("UPDATE_DONE")[0]
    assert (line["outcome"], line["error.type"]) == ("FAILED", "KeyError")
    assert bot.apologies == [1]
    assert list(await storage.undone(PARTNER)) == []


async def test_an_update_whose_apology_fails_is_done_and_told(
    worker: Worker, bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """As of an update that nobody can read: it is counted, and does not come again at every start."""

    async def fails(_: Envelope) -> None:
        raise KeyError("a defect")

    bot.handler = bot.apologise = fails  # type: ignore[method-assign]  # there is nothing to say

    await processed(worker, storage, envelope(1))

    assert [line["outcome"] for line in telemetry.events("UPDATE_DONE")] == ["FAILED"]
    assert list(await storage.undone(PARTNER)) == []


async def test_a_handler_that_fails_once_is_tried_again(
    worker: Worker, bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """A passing trouble costs a second try and nothing else: the line says OK."""

    async def fails_once(update: Envelope) -> None:
        bot.handler = bot.succeeds
        raise ConnectionError(update.update_id)

    bot.handler = fails_once

    await processed(worker, storage, envelope(1))

    assert [line["outcome"] for line in telemetry.events("UPDATE_DONE")] == ["OK"]
    assert bot.tries == 2
    assert bot.apologies == []


async def test_a_handler_without_an_outcome_counts_as_failed(
    worker: Worker, bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """Nobody took the update, or somebody swallowed the error: never told as success."""

    async def says_nothing(_: Envelope) -> None:
        return

    bot.handler = says_nothing

    await processed(worker, storage, envelope(1))

    assert telemetry.events("UPDATE_DONE")[0]["error.type"] == "NoOutcome"
    assert bot.apologies == [1]


async def test_an_error_that_the_library_caught_counts_as_failed(
    worker: Worker, bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """python-telegram-bot hands errors to its error handlers: what those note in the cell is found."""

    async def caught(_: Envelope) -> None:
        processing.current().error = ZeroDivisionError("caught by the library")

    bot.handler = caught

    await processed(worker, storage, envelope(1))

    assert telemetry.events("UPDATE_DONE")[0]["error.type"] == "ZeroDivisionError"


async def test_while_the_store_fails_the_update_is_tried_until_it_works(
    worker: Worker, bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """No apology for a store that is away for a moment: the update waits for it, however often."""

    async def store_fails(update: Envelope) -> None:
        if bot.tries == 7:
            bot.handler = bot.succeeds
        raise StorageError(update.update_id)

    bot.handler = store_fails

    await processed(worker, storage, envelope(1))

    assert [line["outcome"] for line in telemetry.events("UPDATE_DONE")] == ["OK"]
    assert bot.tries == 8
    assert bot.apologies == []


async def test_an_apology_that_fails_leaves_nothing_undone(
    worker: Worker, bot: Bot, storage: Storage, telemetry: CapturedTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What not even an apology can be made for does not come again at each start."""

    async def fails(_: Envelope) -> None:
        raise KeyError("a defect")

    bot.handler = fails
    monkeypatch.setattr(bot, "apologise", fails)

    await processed(worker, storage, envelope(1))

    assert telemetry.events("UPDATE_DONE")[0]["outcome"] == "FAILED"
    assert list(await storage.undone(PARTNER)) == []


async def test_a_query_that_fails_before_it_is_stored_is_done_once_it_is(
    worker: Worker, bot: Bot, storage: Storage
) -> None:
    """Its end waits for its beginning: written down first, it would be undone for ever."""
    failed = asyncio.Event()

    async def fails(_: Envelope) -> None:
        failed.set()
        raise KeyError("a defect")

    async def slowly() -> bool:
        await failed.wait()
        return await storage.accept(query)

    bot.handler = fails
    query = envelope(1, kind="pre_checkout_query")

    worker.put(query, kept=asyncio.ensure_future(slowly()))
    await worker.idle()

    assert bot.apologies == [1]
    assert list(await storage.undone(PARTNER)) == []


async def test_a_handler_that_hangs_is_cut_off(bot: Bot, storage: Storage, telemetry: CapturedTelemetry) -> None:
    """A chat is never held up for good by one update."""
    worker = Worker(
        dispatcher=bot,
        storage=storage,
        telemetry=telemetry,
        clock_ms=lambda: NOW_MS,
        sleep=_no_wait,
        handler_limit_s=0.01,
    )
    worker.start()

    async def hangs(_: Envelope) -> None:
        await asyncio.Event().wait()

    bot.handler = hangs

    await processed(worker, storage, envelope(1))

    assert bot.apologies == [1]


async def test_a_payment_query_that_waited_too_long_is_not_processed(
    bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """Telegram has given it up by then: answering would promise what cannot be kept."""
    late_ms = NOW_MS + PAYMENT_ANSWER_LIMIT_MS + 1
    worker = Worker(dispatcher=bot, storage=storage, telemetry=telemetry, clock_ms=lambda: late_ms, sleep=_no_wait)
    worker.start()

    await processed(worker, storage, envelope(1, kind="pre_checkout_query", lane="payment:7"), replayed=True)

    assert [line["outcome"] for line in telemetry.events("UPDATE_DONE")] == ["EXPIRED"]
    assert bot.tries == 0
    assert list(await storage.undone(PARTNER)) == []


async def test_nothing_is_processed_before_the_start(bot: Bot, storage: Storage, telemetry: CapturedTelemetry) -> None:
    """What comes while Telegram is not reached yet waits, in order."""
    worker = Worker(dispatcher=bot, storage=storage, telemetry=telemetry, clock_ms=lambda: NOW_MS)
    worker.put(envelope(1))
    await asyncio.sleep(0)
    before = bot.tries

    worker.start()
    await worker.idle()

    assert (before, bot.tries) == (0, 1)


async def test_what_is_cut_off_at_the_stop_stays_undone(worker: Worker, bot: Bot, storage: Storage) -> None:
    """It is replayed at the next start."""

    async def hangs(_: Envelope) -> None:
        await asyncio.Event().wait()

    bot.handler = hangs
    await storage.accept(envelope(1))
    worker.put(envelope(1))

    left = await worker.stop(within_s=0.01)

    assert left == 1
    assert [queued.envelope.update_id for queued in await storage.undone(PARTNER)] == [1]


async def test_the_lines_of_an_update_carry_its_ids(
    worker: Worker, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """The correlation id of the envelope, and the masked partner."""
    await processed(worker, storage, envelope(1))

    line = telemetry.events("UPDATE_DONE")[0]
    assert line["correlation_id"] == str(envelope(1).correlation_id)
    assert line["tenant_ref"].count("*") == 3


class Everything:
    """What a worker asks of an ownership, by a process that has every lane of a store that others share."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def holds(self, _: str) -> bool:
        return True

    async def undone(self, _: str, *, limit: int) -> Sequence[QueuedUpdate]:
        return await self.storage.undone(PARTNER, limit=limit)


async def test_an_update_that_a_look_into_the_store_found_first_is_processed_once(
    bot: Bot, storage: Storage, telemetry: CapturedTelemetry
) -> None:
    """It is durable before it is put: another replica's call may have the lane read in between."""
    ownership = cast(Ownership, Everything(storage))
    worker = Worker(dispatcher=bot, storage=storage, telemetry=telemetry, clock_ms=lambda: NOW_MS, ownership=ownership)
    worker.start()
    update = envelope(1)

    with worker.arriving(update):
        await storage.accept(update)
        worker.refill(update.lane)
        await worker.idle()
        worker.put(update)
    await worker.idle()

    assert bot.tries == 1
    assert [line["update_id"] for line in telemetry.events("UPDATE_DONE")] == [1]
    assert telemetry.events("UPDATE_REPLAYED") == []
