"""The steps that take an attempt from confirmed to its end, each one commit.

Every step starts from what is committed, so an attempt goes on after a crash where it stood. The one call that must not
be repeated, the submission, is written down before it is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

from botflight_service.generation import settle
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState
from botflight_service.generation.catalog import Catalog, PhotoInput
from botflight_service.generation.commits import Commits, Messenger
from botflight_service.generation.settle import Narrator
from botflight_service.generation.signs import Signs
from botflight_service.provider.interface import (
    GenerationRequest,
    JobState,
    JobStatus,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from botflight_service.storage.interface import AttemptMoved, Storage

#: Submissions at once, each with its input files in memory; the others wait, held but not submitted.
MAX_SUBMITTING = 16
#: The provider certainly took nothing: so often is it asked again, after these waits.
SUBMIT_RETRY_S = (1.0, 3.0, 10.0, 30.0)
#: Until an attempt is this old, its job is asked about so often: (age in ms, seconds between). KIE's documents ask for
#: 2-3 s in the first 30 s, 5-10 s up to 2 minutes and 15-30 s from then on.
POLL_S = ((30_000, 2.5), (120_000, 7.5), (10**12, 20.0))
#: What is known of a job whose question was not answered.
UNHEARD = JobStatus(JobState.QUEUED)
#: A job that the provider does not know after so long is lost; a young one may not have reached all of its machines.
JOB_UNKNOWN_MS = 60_000
#: Progress is drawn at most so often: Telegram allows a message a second in a chat.
DRAW_EVERY_MS = 4_000
#: After a lost answer, a sign may come until then; after that the user gets their money back.
UNKNOWN_LIMIT_MS = 15 * 60 * 1000
#: A job that runs longer has gone wrong: KIE's own documents say 10-15 minutes.
JOB_LIMIT_MS = 30 * 60 * 1000


class InputGone(Exception):
    """A file that the user gave cannot be had any more."""

    code = "input_gone"


class InputTooLarge(InputGone):
    """A file that the user gave is larger than any model takes."""

    code = "photo_too_large"


class Inputs(Protocol):
    """Where files come from that users gave."""

    async def load(self, file_id: str) -> bytes:
        """The bytes of a Telegram file. Raises InputGone."""
        ...


class Course:
    """Knows the steps. `step` takes the next one and gives the attempt as it is after it."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        provider: Provider,
        inputs: Inputs,
        storage: Storage,
        messenger: Messenger,
        narrator: Narrator,
        signs: Signs,
        commits: Commits,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._catalog = catalog
        self._provider = provider
        self._inputs = inputs
        self._storage = storage
        self._messenger = messenger
        self._narrator = narrator
        self._signs = signs
        self._commits = commits
        self._clock_ms = clock_ms
        self._sleep = sleep
        self._places = asyncio.Semaphore(MAX_SUBMITTING)
        #: Attempts whose submission is under way: cut off, it could never be made again.
        self.submitting: set[UUID] = set()
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Try no submission again: those that certainly were not taken wait for the next run."""
        self._ending.set()

    async def step(self, attempt: Attempt) -> Attempt:
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
            found = await self._commits.persistently(lambda: self._storage.attempt(attempt.partner, attempt.task_id))
            if found is None:
                raise
            return found

    async def _submit(self, attempt: Attempt) -> Attempt:
        try:
            request = await self._request(attempt)
        except InputGone as gone:
            return await self._fail(attempt, gone.code)
        for wait_s in (*SUBMIT_RETRY_S, None):
            self.submitting.add(attempt.task_id)
            try:
                attempt = await self._hand_in(attempt, request, is_last=wait_s is None)
            finally:
                self.submitting.discard(attempt.task_id)
            # What waits is written down as not submitted: whatever happens meanwhile, the next to look submits it.
            if attempt.state is not AttemptState.CONFIRMED or await self._ends_within(wait_s or 0.0):
                break
        return attempt

    async def _hand_in(self, attempt: Attempt, request: GenerationRequest, *, is_last: bool) -> Attempt:
        """Submit once. Confirmed again where the provider certainly took nothing and this was not the last try."""
        attempt = await self._commits.take(attempt, settle.submitting(attempt, at_ms=self._clock_ms()))
        try:
            job_id = await self._provider.submit(request)
        except ProviderUnavailable as error:
            if is_last:
                return await self._fail(attempt, error.code)
            return await self._commits.take(attempt, settle.put_back(attempt, at_ms=self._clock_ms()))
        except ProviderRefused as error:
            return await self._fail(attempt, error.code)
        except ProviderError:
            return await self._lose(attempt)
        return await self._commits.take(attempt, settle.running(attempt, job_id, at_ms=self._clock_ms()))

    async def _ends_within(self, seconds: float) -> bool:
        """Sleep, unless the service ends first; whether it does."""
        waits = (asyncio.ensure_future(self._ending.wait()), asyncio.ensure_future(self._sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self._ending.is_set()

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
            return await self._fail(attempt, "provider_failed")
        drawn_at_ms, hinted = 0, False
        while True:
            now_ms = self._clock_ms()
            age_ms = now_ms - (attempt.submitted_at_ms or attempt.created_at_ms)
            status = await self._query(attempt.job_id, age_ms=age_ms, routine=not hinted)
            if status.artifact is not None and (ended := await self._take(attempt, status.artifact)) is not None:
                return ended
            if status.state is JobState.FAILED:
                return await self._fail(attempt, status.failure or "provider_failed")
            if age_ms > JOB_LIMIT_MS:
                return await self._fail(attempt, "took_too_long")
            if attempt.screen_message_id is not None and now_ms - drawn_at_ms >= DRAW_EVERY_MS:
                drawn_at_ms = now_ms
                screen = self._narrator.generating(attempt, elapsed_ms=now_ms - attempt.created_at_ms)
                self._messenger.draw(settle.drawn(attempt, screen))
            # A hint whose question got no answer holds, and is not left for as long as an old job's turn takes.
            unheard = hinted and status is UNHEARD
            wait_s = next(wait_s for until_ms, wait_s in POLL_S if age_ms < until_ms or unheard)
            hinted = await self._signs.wait(attempt.task_id, wait_s) or unheard

    async def _query(self, job_id: str, *, age_ms: int, routine: bool) -> JobStatus:
        """Where a job stands; an error counts as "still there", the job's own limit ends it."""
        try:
            return await self._provider.query(job_id, routine=routine)
        except ProviderError as error:
            if isinstance(error, ProviderRefused) and age_ms > JOB_UNKNOWN_MS:
                return JobStatus(JobState.FAILED, failure=error.code)
            return UNHEARD

    async def _take(self, attempt: Attempt, artifact: Artifact) -> Attempt | None:
        """Charge for a file once it is in hand; None where it cannot be had yet."""
        try:
            await self._provider.fetch(artifact)
        except ProviderRefused as error:
            return await self._fail(attempt, error.code)
        except ProviderError:
            return None
        return await self._succeed(attempt, artifact)

    async def _await_sign(self, attempt: Attempt) -> Attempt:
        """Wait for a hint to a job whose submission was never answered; give up at the deadline."""
        deadline_ms = (attempt.submitted_at_ms or attempt.created_at_ms) + UNKNOWN_LIMIT_MS
        while (left_ms := deadline_ms - self._clock_ms()) > 0:
            await self._signs.wait(attempt.task_id, left_ms / 1000)
            job_id = self._signs.job(attempt.task_id)
            if job_id is not None:
                return await self._commits.take(attempt, settle.running(attempt, job_id, at_ms=self._clock_ms()))
        return await self._commits.take(attempt, settle.given_up(attempt, self._narrator, at_ms=self._clock_ms()))

    async def _succeed(self, attempt: Attempt, artifact: Artifact) -> Attempt:
        at_ms = self._clock_ms()
        return await self._commits.take(attempt, settle.succeeded(attempt, artifact, self._narrator, at_ms=at_ms))

    async def _fail(self, attempt: Attempt, code: str) -> Attempt:
        return await self._commits.take(attempt, settle.failed(attempt, code, self._narrator, at_ms=self._clock_ms()))

    async def _lose(self, attempt: Attempt) -> Attempt:
        return await self._commits.take(attempt, settle.unknown(attempt, self._narrator, at_ms=self._clock_ms()))
