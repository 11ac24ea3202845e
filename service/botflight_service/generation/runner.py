"""Runs confirmed attempts side by side, each in a task of its own, until they are settled."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from uuid import UUID

from botflight_diagnostics.telemetry import Correlation, Telemetry, TraceContext, bind, mask
from botflight_service.generation.aftermath import Aftermath
from botflight_service.generation.attempts import UNSETTLED, Attempt, AttemptState
from botflight_service.generation.catalog import Catalog
from botflight_service.generation.commits import Commits, Messenger
from botflight_service.generation.course import Course, Inputs
from botflight_service.generation.punctuality import Punctuality
from botflight_service.generation.settle import Narrator
from botflight_service.generation.signs import Sign, Signs
from botflight_service.provider.interface import Hint, Provider, ProviderError
from botflight_service.storage.interface import AttemptMoved, Storage, StorageError
from botflight_service.updates.envelope import lane_of_chat
from botflight_service.updates.ownership import Ownership

#: Attempts on their way at once.
MAX_ACTIVE = 2_000
#: Attempts that are read at a time when they are taken up again, and how often that is looked at.
RECOVER_PAGE = 500
SWEEP_S = 60.0
#: An attempt that a defect ended is left alone for so long.
REST_S = 50.0


class Runner:
    """Runs attempts side by side, each in a task of its own."""

    def __init__(
        self,
        *,
        partner: str,
        catalog: Catalog,
        provider: Provider,
        inputs: Inputs,
        storage: Storage,
        messenger: Messenger,
        narrator: Narrator,
        punctuality: Punctuality,
        ownership: Ownership,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._partner = partner
        self._storage = storage
        self._ownership = ownership
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("generation")
        self._signs = Signs(sleep)
        self._commits = Commits(
            storage=storage, messenger=messenger, punctuality=punctuality, telemetry=telemetry, sleep=sleep
        )
        self._course = Course(
            catalog=catalog,
            provider=provider,
            inputs=inputs,
            storage=storage,
            messenger=messenger,
            narrator=narrator,
            signs=self._signs,
            commits=self._commits,
            clock_ms=clock_ms,
            sleep=sleep,
        )
        self._aftermath = Aftermath(provider=provider, narrator=narrator, commits=self._commits, clock_ms=clock_ms)
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._presents: set[asyncio.Task[None]] = set()
        self._refills: dict[str, asyncio.Task[None]] = {}
        self._of_lane: dict[str, set[UUID]] = {}
        #: Attempts that a defect ended, and until when they are left alone, on the monotonic clock.
        self._resting: dict[UUID, float] = {}
        self._stopping = False
        provider.subscribe(self.hint)

    @property
    def active(self) -> int:
        """Attempts that are not settled."""
        return len(self._tasks)

    def under_way(self, chat_id: int) -> int:
        """Attempts of a chat that are not settled."""
        return len(self._of_lane.get(lane_of_chat(chat_id), ()))

    def start(self, attempt: Attempt) -> None:
        """Take an attempt on; one that is on its way already stays there, one too many waits for the next sweep."""
        if self._stopping or attempt.task_id in self._tasks or len(self._tasks) >= MAX_ACTIVE:
            return
        if self._resting.pop(attempt.task_id, 0.0) > time.monotonic():
            return
        self._signs.expect(attempt.task_id)
        task = asyncio.create_task(self._run(attempt), name=f"attempt {attempt.task_id}")
        self._tasks[attempt.task_id] = task
        self._of_lane.setdefault(lane_of_chat(attempt.chat_id), set()).add(attempt.task_id)
        task.add_done_callback(lambda ended: self._ended(attempt, ended))

    async def recover(self) -> int:
        """Take up every attempt that an earlier run of the service left; how many there were.

        Where the store is shared they come with the lanes of their chats instead.
        """
        if self._ownership.shared:
            return 0
        attempts = await self._storage.attempts_in(self._partner, UNSETTLED, limit=RECOVER_PAGE)
        for attempt in attempts:
            self.start(attempt)
        return len(attempts)

    def hint(self, hint: Hint) -> None:
        """Something happened to a job: look at once instead of at the next poll."""
        try:
            task_id = UUID(hint.token)
        except ValueError:
            return
        if not self._signs.give(task_id, hint.job_id) and not self._stopping:
            self._background(self._present(task_id, hint.job_id), name=f"late {task_id}")

    def busy(self, lane: str) -> bool:
        """Whether an attempt of a lane's chat is on its way."""
        return lane in self._of_lane or lane in self._refills

    def refill(self, lane: str) -> None:
        """Take up the attempts of a lane's chat that nobody runs."""
        if lane not in self._refills and not self._stopping:
            task = self._refills[lane] = asyncio.create_task(self._take_up(lane), name=f"attempts of {lane}")
            task.add_done_callback(lambda _: self._refills.pop(lane, None))

    def drop(self, lane: str) -> None:
        """Let go of a lane. A submission that is under way ends: the next one to look finds it written down."""
        for task_id in self._of_lane.get(lane, set()) - self._course.submitting:
            self._tasks[task_id].cancel()

    def told(self, word: str) -> None:
        """Hear of a job from the process that the provider told."""
        match word.split():
            case ["hint", token, job_id]:
                self._background(self._present(UUID(token), job_id, here=True), name=f"hint {token}")

    async def heard(self, hint: Hint) -> Sign:
        """A call back from the provider: what it says of a lost job is durable when this returns.

        Any replica may be called: an attempt that nobody runs is taken on, one that another replica runs is left to it.
        Raises ProviderError or StorageError where nothing could be made of it, and it should come again.
        """
        try:
            task_id = UUID(hint.token)
        except ValueError:
            return Sign.NOT_OURS
        attempt = await self._storage.attempt(self._partner, task_id)
        if attempt is None:
            return Sign.NOT_OURS
        try:
            found = await self._aftermath.hear(attempt, hint.job_id)
        except AttemptMoved:
            found = await self._storage.attempt(self._partner, task_id)
        if found is None:
            return Sign.NOT_OURS
        if found.state in UNSETTLED and not self._signs.give(task_id, hint.job_id):
            if self._ownership.shared:
                self._ownership.offer(lane_of_chat(found.chat_id), f"hint {task_id} {hint.job_id}")
            else:
                self.start(found)
        return Sign.KNOWN if found is attempt else Sign.TAKEN

    async def gone(self, task_id: UUID, code: str) -> None:
        """The file of an attempt cannot be sent any more: whoever paid for it has the money back."""
        attempt = await self._commits.persistently(lambda: self._storage.attempt(self._partner, task_id))
        if attempt is not None and attempt.state is AttemptState.SUCCEEDED:
            await self._aftermath.pay_back(attempt, code)

    async def idle(self) -> None:
        """Wait until no attempt is on its way."""
        while self._tasks or self._presents:
            await asyncio.wait((*self._tasks.values(), *self._presents))

    async def stop(self, *, within_s: float) -> int:
        """Let submissions end within a deadline: cut off, they could never be made again.

        The rest goes on at the next start. Returns how many attempts were left unsettled.
        """
        self._stopping = True
        self._course.end()
        for refill in self._refills.values():
            refill.cancel()
        submitting = [self._tasks[task_id] for task_id in self._course.submitting if task_id in self._tasks]
        for task in {*self._tasks.values(), *self._presents} - set(submitting):
            task.cancel()
        if submitting:
            await asyncio.wait(submitting, timeout=within_s)
        tasks = (*self._tasks.values(), *self._presents)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def sweep(self) -> None:
        """Take up for ever what is unsettled and nobody runs, such as attempts beyond the first page."""
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await self.recover()
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)

    def _ended(self, attempt: Attempt, task: asyncio.Task[None]) -> None:
        self._tasks.pop(attempt.task_id, None)
        lane = lane_of_chat(attempt.chat_id)
        self._of_lane[lane].discard(attempt.task_id)
        if not self._of_lane[lane]:
            del self._of_lane[lane]
        self._signs.forget(attempt.task_id)
        if not task.cancelled() and task.exception() is not None:
            # A defect: the attempt stays as it is, with its hold, and preflight counts it as stale.
            self._log.error("ATTEMPT_BROKEN", task_id=str(attempt.task_id), exc_info=task.exception())
            self._rest(attempt.task_id)

    def _rest(self, task_id: UUID) -> None:
        now_s = time.monotonic()
        self._resting = {one: until_s for one, until_s in self._resting.items() if until_s > now_s}
        if len(self._resting) < MAX_ACTIVE:
            self._resting[task_id] = now_s + REST_S

    def _background(self, work: Coroutine[None, None, None], *, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._presents.add(task)
        task.add_done_callback(self._presents.discard)

    async def _take_up(self, lane: str) -> None:
        try:
            attempts = await self._ownership.unsettled(lane, limit=RECOVER_PAGE)
        except StorageError as error:
            # The lane is busy no longer: whoever looks for what waits finds it again.
            self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            return
        for attempt in attempts if self._ownership.holds(lane) else ():
            self.start(attempt)

    async def _present(self, task_id: UUID, job_id: str, *, here: bool = False) -> None:
        """See to a job that no attempt in hand waits for; `here` once it is known that no other process has it."""
        attempt = await self._commits.persistently(lambda: self._storage.attempt(self._partner, task_id))
        if attempt is None:
            return
        if attempt.state not in UNSETTLED or not self._ownership.shared:
            with contextlib.suppress(ProviderError):
                await self._aftermath.give(attempt, job_id)
        elif here:
            self.start(attempt)
            self._signs.give(task_id, job_id)
        else:
            self._ownership.offer(lane_of_chat(attempt.chat_id), f"hint {task_id} {job_id}")

    async def _run(self, attempt: Attempt) -> None:
        ids = Correlation(correlation_id=attempt.correlation_id, tenant_ref=mask(attempt.partner), handler="generation")
        with (
            bind(ids),
            self._telemetry.tracer.root(
                "generate",
                kind="internal",
                attributes={"botflight.model": attempt.model, "botflight.task_id": str(attempt.task_id)},
                cause=TraceContext.parse(attempt.trace_parent),
            ) as span,
        ):
            while attempt.state in UNSETTLED and not self._stopping:
                attempt = await self._course.step(attempt)
            span.set("botflight.state", attempt.state)
