"""Takes confirmed attempts through the provider to their end, one step and one commit at a time.

Every step starts from what is committed, so an attempt goes on after a crash where it stood. The one call that must not
be repeated, the submission, is written down before it is made.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar
from uuid import UUID

from botflight_diagnostics.telemetry import Correlation, Telemetry, TraceContext, bind, mask
from botflight_service.generation import settle
from botflight_service.generation.attempts import UNSETTLED, Artifact, Attempt, AttemptState, Funding
from botflight_service.generation.catalog import Catalog, PhotoInput
from botflight_service.generation.settle import Narrator
from botflight_service.message import OutgoingMessage
from botflight_service.provider.interface import (
    AnswerLost,
    GenerationRequest,
    Hint,
    JobState,
    JobStatus,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from botflight_service.storage.interface import AttemptMoved, QueuedMessage, Storage, StorageError, Work

Result = TypeVar("Result")

#: Submissions at once, each with its input files in memory; the others wait, held but not submitted.
MAX_SUBMITTING = 16
#: Attempts that are read at a time when they are taken up again, and how often that is looked at.
RECOVER_PAGE = 500
SWEEP_S = 60.0
#: A submission without an answer by then counts as lost.
SUBMIT_LIMIT_S = 30.0
QUERY_LIMIT_S = 15.0
#: The provider certainly took nothing: so often is it asked again, after these waits.
SUBMIT_RETRY_S = (1.0, 3.0, 10.0, 30.0)
#: Until an attempt is this old, its job is asked about so often: (age in ms, seconds between).
POLL_S = ((10_000, 2.0), (60_000, 5.0), (300_000, 15.0), (10**12, 30.0))
#: Progress is drawn at most so often: Telegram allows a message a second in a chat.
DRAW_EVERY_MS = 4_000
#: After a lost answer, a sign may come until then; after that the user gets their money back.
UNKNOWN_LIMIT_MS = 15 * 60 * 1000
#: A job that runs longer has gone wrong: KIE's own documents say 10-15 minutes.
JOB_LIMIT_MS = 30 * 60 * 1000
#: Waits while the store fails; the last repeats.
STORE_BACKOFF_S = (0.1, 0.5, 2.0, 5.0, 15.0)


class InputGone(Exception):
    """A file that the user gave cannot be had any more."""


class Inputs(Protocol):
    """Where files come from that users gave."""

    async def load(self, file_id: str) -> bytes:
        """The bytes of a Telegram file. Raises InputGone."""
        ...


class Messenger(Protocol):
    """Sends what was committed, and progress in passing."""

    def put(self, messages: Sequence[QueuedMessage]) -> None:
        """Take committed messages on."""
        ...

    def draw(self, message: OutgoingMessage) -> None:
        """Draw over a screen in passing."""
        ...


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
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._partner = partner
        self._catalog = catalog
        self._provider = provider
        self._inputs = inputs
        self._storage = storage
        self._messenger = messenger
        self._narrator = narrator
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("generation")
        self._clock_ms = clock_ms
        self._sleep = sleep
        self._places = asyncio.Semaphore(MAX_SUBMITTING)
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._signs: dict[UUID, asyncio.Event] = {}
        #: The job id that a hint named, for attempts whose own answer is lost.
        self._hinted: dict[UUID, str] = {}
        self._presents: set[asyncio.Task[None]] = set()
        self._submitting: set[UUID] = set()
        self._stopping = False
        provider.subscribe(self.hint)

    @property
    def active(self) -> int:
        """Attempts that are not settled."""
        return len(self._tasks)

    def start(self, attempt: Attempt) -> None:
        """Take an attempt on; one that is on its way already stays there."""
        if self._stopping or attempt.task_id in self._tasks:
            return
        self._signs[attempt.task_id] = asyncio.Event()
        task = asyncio.create_task(self._run(attempt), name=f"attempt {attempt.task_id}")
        self._tasks[attempt.task_id] = task
        task.add_done_callback(lambda _: self._ended(attempt.task_id))

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
        sign = self._signs.get(task_id)
        if sign is not None:
            self._hinted[task_id] = hint.job_id
            sign.set()
        elif not self._stopping:
            task = asyncio.create_task(self._present(task_id, hint.job_id), name=f"late {task_id}")
            self._presents.add(task)
            task.add_done_callback(self._presents.discard)

    async def idle(self) -> None:
        """Wait until no attempt is on its way."""
        while self._tasks or self._presents:
            await asyncio.wait((*self._tasks.values(), *self._presents))

    async def stop(self, *, within_s: float) -> int:
        """Let submissions end within a deadline: cut off, they could never be made again.

        The rest goes on at the next start. Returns how many attempts were left unsettled.
        """
        self._stopping = True
        submitting = [self._tasks[task_id] for task_id in self._submitting if task_id in self._tasks]
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

    def _ended(self, task_id: UUID) -> None:
        self._tasks.pop(task_id, None)
        self._signs.pop(task_id, None)
        self._hinted.pop(task_id, None)

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
                attempt = await self._step(attempt)
            span.set("botflight.state", attempt.state)

    async def _step(self, attempt: Attempt) -> Attempt:
        """Take the next step. An attempt that somebody else moved meanwhile is read again."""
        try:
            match attempt.state:
                case AttemptState.CONFIRMED:
                    async with self._places:
                        return await self._submit(attempt)
                case AttemptState.RUNNING:
                    return await self._follow(attempt)
                case AttemptState.UNKNOWN:
                    return await self._await_sign(attempt)
                case _:
                    # Written down as submitting, and then the service ended: nobody knows whether it was taken.
                    return await self._lose(attempt)
        except AttemptMoved:
            found = await self._persistently(lambda: self._storage.attempt(attempt.partner, attempt.task_id))
            if found is None:
                raise
            return found

    async def _submit(self, attempt: Attempt) -> Attempt:
        try:
            request = await self._request(attempt)
        except InputGone:
            return await self._fail(attempt, "input_gone")
        self._submitting.add(attempt.task_id)
        try:
            return await self._hand_in(attempt, request)
        finally:
            self._submitting.discard(attempt.task_id)

    async def _hand_in(self, attempt: Attempt, request: GenerationRequest) -> Attempt:
        attempt = await self._commit(attempt, settle.submitting(attempt, at_ms=self._clock_ms()))
        for wait_s in (*SUBMIT_RETRY_S, None):
            try:
                job_id = await self._ask("submit", self._provider.submit(request), limit_s=SUBMIT_LIMIT_S)
            except ProviderUnavailable as error:
                if wait_s is None:
                    return await self._fail(attempt, error.code)
                await self._sleep(wait_s)
            except ProviderRefused as error:
                return await self._fail(attempt, error.code)
            except ProviderError:
                return await self._lose(attempt)
            else:
                return await self._commit(attempt, settle.running(attempt, job_id, at_ms=self._clock_ms()))
        raise AssertionError("the last try has no wait")

    async def _request(self, attempt: Attempt) -> GenerationRequest:
        model = self._catalog.find(attempt.model)
        if model is None:
            raise InputGone(f"{attempt.model} is not sold any more")
        photos = {asked.name for asked in model.inputs if isinstance(asked, PhotoInput)}
        files = {name: await self._inputs.load(attempt.inputs[name]) for name in photos if name in attempt.inputs}
        return GenerationRequest(
            token=str(attempt.task_id),
            model=attempt.model,
            kind=model.kind,
            inputs={name: answer for name, answer in attempt.inputs.items() if name not in photos},
            files=files,
        )

    async def _follow(self, attempt: Attempt) -> Attempt:
        """Ask about a job until it ended, drawing its progress."""
        if attempt.job_id is None:
            return await self._lose(attempt)
        drawn_at_ms = 0
        while True:
            now_ms = self._clock_ms()
            status = await self._query(attempt.job_id)
            if status.artifact is not None:
                return await self._succeed(attempt, status.artifact)
            if status.state is JobState.FAILED:
                return await self._fail(attempt, status.failure or "provider_failed")
            age_ms = now_ms - (attempt.submitted_at_ms or attempt.created_at_ms)
            if age_ms > JOB_LIMIT_MS:
                return await self._fail(attempt, "took_too_long")
            if attempt.screen_message_id is not None and now_ms - drawn_at_ms >= DRAW_EVERY_MS:
                drawn_at_ms = now_ms
                screen = self._narrator.generating(attempt, elapsed_ms=now_ms - attempt.created_at_ms)
                self._messenger.draw(settle.drawn(attempt, screen))
            await self._wait_for_sign(attempt.task_id, next(wait_s for until_ms, wait_s in POLL_S if age_ms < until_ms))

    async def _query(self, job_id: str) -> JobStatus:
        """Where a job stands; an error counts as "still there", the job's own limit ends it."""
        try:
            return await self._ask("query", self._provider.query(job_id), limit_s=QUERY_LIMIT_S)
        except ProviderError:
            return JobStatus(JobState.QUEUED)

    async def _await_sign(self, attempt: Attempt) -> Attempt:
        """Wait for a hint to a job whose submission was never answered; give up at the deadline."""
        deadline_ms = (attempt.submitted_at_ms or attempt.created_at_ms) + UNKNOWN_LIMIT_MS
        while (left_ms := deadline_ms - self._clock_ms()) > 0:
            await self._wait_for_sign(attempt.task_id, left_ms / 1000)
            job_id = self._hinted.get(attempt.task_id)
            if job_id is not None:
                return await self._commit(attempt, settle.running(attempt, job_id, at_ms=self._clock_ms()))
        return await self._commit(attempt, settle.given_up(attempt, self._narrator, at_ms=self._clock_ms()))

    async def _wait_for_sign(self, task_id: UUID, seconds: float) -> None:
        """Sleep until a hint comes, at most so long."""
        sign = self._signs[task_id]
        waits = [asyncio.ensure_future(sign.wait()), asyncio.ensure_future(self._sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        sign.clear()

    async def _succeed(self, attempt: Attempt, artifact: Artifact) -> Attempt:
        now_ms = self._clock_ms()
        settled = await self._commit(attempt, settle.succeeded(attempt, artifact, self._narrator, at_ms=now_ms))
        self._telemetry.metrics.time_to_result.observe(attempt.model, seconds=(now_ms - attempt.created_at_ms) / 1000)
        return settled

    async def _fail(self, attempt: Attempt, code: str) -> Attempt:
        return await self._commit(attempt, settle.failed(attempt, code, self._narrator, at_ms=self._clock_ms()))

    async def _lose(self, attempt: Attempt) -> Attempt:
        return await self._commit(attempt, settle.unknown(attempt, self._narrator, at_ms=self._clock_ms()))

    async def _present(self, task_id: UUID, job_id: str) -> None:
        """A hint to an attempt that is settled: if its money went back, a success is a present."""
        attempt = await self._persistently(lambda: self._storage.attempt(self._partner, task_id))
        if attempt is None or attempt.state is not AttemptState.REFUNDED or attempt.failure != "no_answer":
            return
        status = await self._query(job_id)
        if status.artifact is None:
            return
        work = settle.late(attempt, status.artifact, self._narrator, at_ms=self._clock_ms())
        receipt = await self._persistently(lambda: self._storage.commit(work))
        self._messenger.put(receipt.messages)

    async def _commit(self, attempt: Attempt, work: Work) -> Attempt:
        """Commit a step, send its messages and give the attempt as it is now."""
        receipt = await self._persistently(lambda: self._storage.commit(work))
        self._messenger.put(receipt.messages)
        move = work.move
        if move is None:
            return attempt
        self._tell(attempt, work, move.to)
        return replace(
            attempt,
            state=move.to,
            changed_at_ms=work.at_ms,
            submitted_at_ms=move.submitted_at_ms or attempt.submitted_at_ms,
            job_id=move.job_id or attempt.job_id,
            artifact=move.artifact or attempt.artifact,
            failure=move.failure or attempt.failure,
        )

    def _tell(self, attempt: Attempt, work: Work, to: AttemptState) -> None:
        metrics = self._telemetry.metrics
        metrics.attempts.add(attempt.model, to)
        for transfer in work.transfers:
            metrics.money.add(_MONEY[transfer.kind], by=transfer.amount_hundredths)
        self._log.info(
            "ATTEMPT_MOVED",
            task_id=str(attempt.task_id),
            model=attempt.model,
            state=str(to),
            free=attempt.funding is Funding.FREE,
            failure=work.move.failure if work.move else None,
        )

    async def _ask(self, operation: str, call: Awaitable[Result], *, limit_s: float) -> Result:
        """Call the provider within a limit, told in a span, a line and a metric. A time-out is a lost answer."""
        started = time.perf_counter()
        outcome = "OK"
        with self._telemetry.tracer.span(f"{self._provider.name}/{operation}", kind="client") as span:
            try:
                async with asyncio.timeout(limit_s):
                    return await call
            except TimeoutError as error:
                outcome = "TIMED_OUT"
                span.fail(outcome)
                raise AnswerLost("timed_out") from error
            except ProviderError as error:
                outcome = type(error).__name__
                span.fail(error.code)
                raise
            finally:
                duration_ms = (time.perf_counter() - started) * 1000
                self._telemetry.metrics.provider_called(operation, outcome, duration_ms=duration_ms)
                self._log.info(
                    "PROVIDER_CALLED",
                    provider=self._provider.name,
                    operation=operation,
                    outcome=outcome,
                    duration_ms=round(duration_ms, 3),
                )

    async def _persistently(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Call the store until it answers: an attempt under way has nowhere else to go."""
        failures = 0
        while True:
            try:
                return await call()
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
                await self._sleep(STORE_BACKOFF_S[min(failures, len(STORE_BACKOFF_S) - 1)])
                failures += 1


#: Kinds of transfers, as the metric names what happened to the money.
_MONEY: Mapping[str, str] = {"charge": "charged", "release": "released"}
