"""Runs confirmed attempts side by side, each in a task of its own, until they are settled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from uuid import UUID

from botflight_diagnostics.telemetry import Correlation, Telemetry, TraceContext, bind, mask
from botflight_service.generation.attempts import UNSETTLED, Attempt
from botflight_service.generation.catalog import Catalog
from botflight_service.generation.course import Course, Inputs, Messenger
from botflight_service.generation.punctuality import Punctuality
from botflight_service.generation.settle import Narrator
from botflight_service.generation.signs import Sign, Signs
from botflight_service.provider.interface import Hint, Provider, ProviderError
from botflight_service.storage.interface import AttemptMoved, Storage, StorageError

#: Attempts on their way at once.
MAX_ACTIVE = 2_000
#: Attempts that are read at a time when they are taken up again, and how often that is looked at.
RECOVER_PAGE = 500
SWEEP_S = 60.0


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
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._partner = partner
        self._storage = storage
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("generation")
        self._signs = Signs(sleep)
        self._course = Course(
            catalog=catalog,
            provider=provider,
            inputs=inputs,
            storage=storage,
            messenger=messenger,
            narrator=narrator,
            signs=self._signs,
            punctuality=punctuality,
            telemetry=telemetry,
            clock_ms=clock_ms,
            sleep=sleep,
        )
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._presents: set[asyncio.Task[None]] = set()
        self._stopping = False
        provider.subscribe(self.hint)

    @property
    def active(self) -> int:
        """Attempts that are not settled."""
        return len(self._tasks)

    def start(self, attempt: Attempt) -> None:
        """Take an attempt on; one that is on its way already stays there, one too many waits for the next sweep."""
        if self._stopping or attempt.task_id in self._tasks or len(self._tasks) >= MAX_ACTIVE:
            return
        self._signs.expect(attempt.task_id)
        task = asyncio.create_task(self._run(attempt), name=f"attempt {attempt.task_id}")
        self._tasks[attempt.task_id] = task
        task.add_done_callback(lambda ended: self._ended(attempt.task_id, ended))

    async def recover(self) -> int:
        """Take up every attempt that an earlier run of the service left; how many there were."""
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
            task = asyncio.create_task(self._present(task_id, hint.job_id), name=f"late {task_id}")
            self._presents.add(task)
            task.add_done_callback(self._presents.discard)

    async def heard(self, hint: Hint) -> Sign:
        """A call back from the provider: what it says of a lost job is durable when this returns.

        Any replica may be called: an attempt that nobody runs here is taken on. Raises ProviderError or StorageError
        where nothing could be made of it, and it should come again.
        """
        try:
            task_id = UUID(hint.token)
        except ValueError:
            return Sign.NOT_OURS
        attempt = await self._storage.attempt(self._partner, task_id)
        if attempt is None:
            return Sign.NOT_OURS
        try:
            found = await self._course.hear(attempt, hint.job_id)
        except AttemptMoved:
            found = await self._storage.attempt(self._partner, task_id)
        if found is None:
            return Sign.NOT_OURS
        if found.state in UNSETTLED and not self._signs.give(task_id, hint.job_id):
            self.start(found)
        return Sign.KNOWN if found is attempt else Sign.TAKEN

    async def idle(self) -> None:
        """Wait until no attempt is on its way."""
        while self._tasks or self._presents:
            await asyncio.wait((*self._tasks.values(), *self._presents))

    async def stop(self, *, within_s: float) -> int:
        """Let submissions end within a deadline: cut off, they could never be made again.

        The rest goes on at the next start. Returns how many attempts were left unsettled.
        """
        self._stopping = True
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

    def _ended(self, task_id: UUID, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task_id, None)
        self._signs.forget(task_id)
        if not task.cancelled() and task.exception() is not None:
            # A defect: the attempt stays as it is, with its hold, and preflight counts it as stale.
            self._log.error("ATTEMPT_BROKEN", task_id=str(task_id), exc_info=task.exception())

    async def _present(self, task_id: UUID, job_id: str) -> None:
        attempt = await self._course.persistently(lambda: self._storage.attempt(self._partner, task_id))
        if attempt is not None:
            with contextlib.suppress(ProviderError):
                await self._course.give(attempt, job_id)

    async def _run(self, attempt: Attempt) -> None:
        ids = Correlation(correlation_id=attempt.correlation_id, tenant_ref=mask(attempt.partner), handler="generation")
        with (
            bind(ids),
            self._telemetry.tracer.root(
                "generate",
                kind="internal",
                attributes={"botflight.model": attempt.model, "botflight.task_id": str(attempt.task_id)},
                link=TraceContext.parse(attempt.trace_parent),
            ) as span,
        ):
            while attempt.state in UNSETTLED and not self._stopping:
                attempt = await self._course.step(attempt)
            span.set("botflight.state", attempt.state)
