"""A provider that needs no network: it draws real files on this machine, in the time that a real one takes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.provider import mischief
from botflight_service.provider.interface import (
    GenerationRequest,
    Hint,
    JobState,
    JobStatus,
    Operations,
    ProviderRefused,
    ProviderUnavailable,
)
from botflight_service.provider.job import Job, job_of
from botflight_service.provider.mischief import Fate, Mischief, Plans
from botflight_service.provider.shelf import FolderShelf, MemoryShelf, Shelf
from botflight_service.provider.studio import Maker, Studio, Unmakeable

#: How long a job waits and how long it runs at pace 1, by what it makes.
_QUEUE_MS: Final = 1_500
_RUN_MS: Final[Mapping[ResultKind, int]] = {
    ResultKind.PHOTO: 4_500,
    ResultKind.ANIMATION: 9_000,
    ResultKind.AUDIO: 3_500,
}
MOST_JOBS: Final = 500
MOST_BYTES: Final = 256 * 1024 * 1024
#: Hints are given once more after a restart for jobs that ended so recently.
_HINT_AGAIN_MS: Final = 15 * 60_000
#: How long `query` waits for a file that is late, before it answers that the job still runs.
_LATE_S: Final = 5.0


class LocalProvider:
    """Makes real files offline: pictures, animations and sounds that follow from the request alone.

    clock_ms: the time in milliseconds since 1970, which alone decides where a job stands.
    spool: the folder where jobs and files survive a restart; in memory where it is None.
    pace: how many times as long jobs take; 0 for at once.
    directives: whether `[fail]`, `[hang]`, `[lose]` and `[slow]` in a prompt do what they say.
    make: what makes the files; called in a worker thread, `threads` at a time.
    sleep: waits so many seconds; a test hands in its own.

    Raises OSError where the spool cannot be made or read.
    """

    name = "local"
    operations = Operations()

    def __init__(
        self,
        *,
        clock_ms: Callable[[], int],
        spool: Path | None = None,
        pace: float = 1.0,
        directives: bool = False,
        make: Maker | None = None,
        threads: int = 2,
        most_jobs: int = MOST_JOBS,
        most_bytes: int = MOST_BYTES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock_ms = clock_ms
        self._pace = pace
        self._directives = directives
        self._make = make or Studio()
        self._most_jobs = most_jobs
        self._most_bytes = most_bytes
        self._sleep = sleep
        self._shelf: Shelf = MemoryShelf() if spool is None else FolderShelf(spool)
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="botflight-studio")
        self._plans = Plans()
        self._listeners: list[Callable[[Hint], None]] = []
        #: Oldest first.
        self._jobs: dict[str, Job] = {}
        self._sizes: dict[str, int] = {}
        self._drawings: dict[str, asyncio.Task[str]] = {}
        self._ends: dict[str, asyncio.Task[None]] = {}
        self._closed = False
        #: How often `submit` was called.
        self.submits = 0
        self._resumable = self._remember()

    # -- told by tests

    def fails(self, code: str = "generation_failed", *, times: int = 1) -> None:
        """The next job is taken and fails with `code`."""
        self._plans.add(mischief.failing(code), times)

    def hangs(self, *, times: int = 1) -> None:
        """The next job is taken and never ends."""
        self._plans.add(mischief.hanging(), times)

    def loses_answer(self, *, taken: bool = True, times: int = 1) -> None:
        """The next submission gets no answer; the job was taken, or not."""
        self._plans.add(mischief.losing_the_answer(taken=taken), times)

    def refuses(self, code: str = "refused", *, times: int = 1) -> None:
        """The next submission is refused for good."""
        self._plans.add(mischief.refusing(code), times)

    def unavailable(self, times: int = 1) -> None:
        """The next `times` submissions find nobody at home."""
        self._plans.add(mischief.being_unavailable(), times)

    @property
    def taken(self) -> int:
        """How many jobs it has on its shelf."""
        return len(self._jobs)

    # -- the Protocol

    async def submit(self, request: GenerationRequest) -> str:
        """Take a job. Raises ProviderRefused, ProviderUnavailable or AnswerLost."""
        self._check_open()
        self.resume()
        self.submits += 1
        plan = self._plans.take() or (mischief.directed(request.inputs) if self._directives else mischief.WELL_BEHAVED)
        job_id = await self._take(request, plan) if plan.taken else ""
        if plan.error is not None:
            raise plan.error
        return job_id

    async def query(self, job_id: str, *, routine: bool = False) -> JobStatus:
        """Where a job stands; one that is not known has failed. Raises ProviderUnavailable once closed."""
        del routine  # Nobody waits for a turn here.
        self._check_open()
        self.resume()
        job = self._jobs.get(job_id) or await self._adopted(job_id)
        if job is None:
            return JobStatus(JobState.FAILED, failure="job_unknown")
        now_ms = self._clock_ms()
        if now_ms < job.runs_at_ms:
            return JobStatus(JobState.QUEUED)
        if job.fate is Fate.HANG or now_ms < job.ends_at_ms:
            return JobStatus(JobState.RUNNING)
        if job.fate is Fate.FAIL:
            return JobStatus(JobState.FAILED, failure=job.failure)
        return await self._result(job)

    async def fetch(self, artifact: Artifact) -> bytes:
        """The file of a job that succeeded. Raises ProviderRefused when it is gone."""
        self._check_open()
        job_id = artifact.reference.partition(".")[0]
        job = self._jobs.get(job_id) or await self._adopted(job_id)
        content = await self._shelf.read(job.output) if job and job.output == artifact.reference else None
        if content is None:
            raise ProviderRefused("file_gone")
        return content

    def subscribe(self, listener: Callable[[Hint], None]) -> None:
        """Call `listener` on the event loop whenever a job has ended."""
        self._listeners.append(listener)

    async def close(self) -> None:
        """Stop drawing. What is on a spool goes on after the next start."""
        self._closed = True
        tasks = [*self._ends.values(), *self._drawings.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -- taking

    async def _take(self, request: GenerationRequest, plan: Mischief) -> str:
        job = self._new_job(request, plan)
        size = sum(map(len, request.files.values()))
        crowded_out = self._make_room(size)
        self._jobs[job.job_id], self._sizes[job.job_id] = job, size
        try:
            for old in crowded_out:
                await self._shelf.forget(old.job_id)
            for name, content in request.files.items():
                await self._shelf.keep(job.input(name), content)
            await self._shelf.keep_record(job.job_id, job.recorded())
        except OSError:
            self._let_go(job)
            raise ProviderUnavailable("spool_unwritable") from None
        self._watch(job)
        return job.job_id

    def _new_job(self, request: GenerationRequest, plan: Mischief) -> Job:
        scale = self._pace * plan.slowness
        runs_at_ms = self._clock_ms() + round(_QUEUE_MS * scale)
        return Job(
            job_id=secrets.token_hex(12),
            token=request.token,
            model=request.model,
            kind=request.kind,
            inputs=dict(request.inputs),
            files=tuple(request.files),
            fate=plan.fate,
            failure=plan.failure,
            suffix=self._make.suffix(request),
            runs_at_ms=runs_at_ms,
            ends_at_ms=runs_at_ms + round(_RUN_MS[request.kind] * scale),
        )

    def _make_room(self, size: int) -> list[Job]:
        """Let go of the oldest jobs that have ended; their files are the caller's to remove.

        Raises ProviderUnavailable where too many are at work.
        """
        gone: list[Job] = []
        oldest = self._jobs_that_ended()
        while len(self._jobs) >= self._most_jobs or sum(self._sizes.values()) + size > self._most_bytes:
            job = next(oldest, None)
            if job is None:
                raise ProviderUnavailable("busy")
            gone.append(job)
            self._let_go(job)
        return gone

    def _jobs_that_ended(self) -> Iterator[Job]:
        """The oldest first. Nothing is looked at before it is asked for, and then rarely more than one."""
        now_ms = self._clock_ms()
        yield from (job for job in tuple(self._jobs.values()) if job.has_ended(now_ms))

    def _let_go(self, job: Job) -> None:
        for task in (self._drawings.pop(job.job_id, None), self._ends.pop(job.job_id, None)):
            if task is not None:
                task.cancel()
        self._jobs.pop(job.job_id, None)
        self._sizes.pop(job.job_id, None)

    # -- making

    def _watch(self, job: Job) -> None:
        """See to it that the file is made, and that the listeners hear of the end."""
        if job.fate is Fate.WELL:
            self._drawing(job)
        if job.fate is not Fate.HANG:
            end = self._ends[job.job_id] = asyncio.create_task(self._end(job))
            end.add_done_callback(lambda _: self._ends.pop(job.job_id, None))

    def _drawing(self, job: Job) -> asyncio.Task[str]:
        if job.job_id not in self._drawings:
            self._drawings[job.job_id] = asyncio.create_task(self._draw(job))
        return self._drawings[job.job_id]

    async def _draw(self, job: Job) -> str:
        """Put the finished file on the shelf; the failure's code, "" for none."""
        try:
            if await self._shelf.read(job.output) is None:
                await self._draw_anew(job)
        except Unmakeable as unmakeable:
            return unmakeable.code
        except OSError:
            return "spool_unwritable"
        except Exception as defect:  # noqa: BLE001 (a defect ends this job, not those who wait for it)
            context = {"message": "the local provider could not draw", "exception": defect}
            asyncio.get_running_loop().call_exception_handler(context)
            return "provider_defect"
        return ""

    async def _draw_anew(self, job: Job) -> None:
        files = {name: await self._shelf.read(job.input(name)) or b"" for name in job.files}
        request = GenerationRequest(token=job.token, model=job.model, kind=job.kind, inputs=job.inputs, files=files)
        content = await asyncio.get_running_loop().run_in_executor(self._threads, self._make.make, request)
        await self._shelf.keep(job.output, content)
        await self._shelf.drop(*map(job.input, job.files))
        self._sizes[job.job_id] = len(content)

    async def _result(self, job: Job) -> JobStatus:
        drawing = self._drawing(job)
        done, _ = await asyncio.wait({drawing}, timeout=_LATE_S)
        if not done:
            return JobStatus(JobState.RUNNING)
        if drawing.cancelled():
            raise ProviderUnavailable("closed")
        failure = drawing.result()
        return JobStatus(JobState.FAILED, failure=failure) if failure else JobStatus(JobState.SUCCEEDED, job.artifact)

    async def _end(self, job: Job) -> None:
        """Wait until a job has ended, then tell the listeners."""
        while (left_ms := job.ends_at_ms - self._clock_ms()) > 0:
            await self._sleep(left_ms / 1000)
        drawing = self._drawings.get(job.job_id)
        if drawing is not None:
            await asyncio.wait({drawing})
        for listener in self._listeners:
            listener(Hint(token=job.token, job_id=job.job_id))

    # -- after a restart

    def _remember(self) -> list[Job]:
        """The jobs of a former life, oldest first."""
        kept = [(job, size) for record, size in self._shelf.records() if (job := job_of(record)) is not None]
        kept.sort(key=lambda item: item[0].runs_at_ms)
        self._jobs.update({job.job_id: job for job, _ in kept})
        self._sizes.update({job.job_id: size for job, size in kept})
        return [job for job, _ in kept]

    def resume(self) -> None:
        """Go on with what a former life left, and hint once more at what ended lately; the first call does it too."""
        since_ms = self._clock_ms() - _HINT_AGAIN_MS
        while self._resumable:
            job = self._resumable.pop(0)
            if job.job_id in self._jobs and job.ends_at_ms >= since_ms:
                self._watch(job)

    async def _adopted(self, job_id: str) -> Job | None:
        """A job that another process put on the same shelf, since it died; None where there is none."""
        record = await self._shelf.record(job_id)
        job = job_of(record) if record is not None else None
        if job is not None and job_id not in self._jobs:
            self._jobs[job_id], self._sizes[job_id] = job, 0
            self._watch(job)
        return self._jobs.get(job_id)

    def _check_open(self) -> None:
        if self._closed:
            raise ProviderUnavailable("closed")
