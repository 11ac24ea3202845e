"""The local provider: its jobs, its clock, its spool and its mischief."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.provider.interface import (
    AnswerLost,
    GenerationRequest,
    Hint,
    JobState,
    JobStatus,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
)
from botflight_service.provider.local import LocalProvider
from botflight_service.provider.studio import Unmakeable

START_MS = 1_790_000_000_000
DAY_MS = 24 * 3_600_000


class Time:
    """A clock that moves when it is told to, and wakes those who sleep until then."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, by_ms: int) -> None:
        """Let so much time go by."""
        self.now_ms += by_ms
        for until_ms, sleeper in self._sleepers:
            if until_ms <= self.now_ms and not sleeper.done():
                sleeper.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved so far."""
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now_ms + seconds * 1000, sleeper))
        await sleeper


class Listener:
    """Hears hints."""

    def __init__(self) -> None:
        self._hints: asyncio.Queue[Hint] = asyncio.Queue()

    def __call__(self, hint: Hint) -> None:
        self._hints.put_nowait(hint)

    @property
    def silent(self) -> bool:
        """Whether nothing was heard that nobody asked about."""
        return self._hints.empty()

    async def next(self) -> Hint:
        """The next hint."""
        async with asyncio.timeout(2):
            return await self._hints.get()


class Press:
    """Makes files that only say what was asked for."""

    def __init__(self) -> None:
        self.made: list[GenerationRequest] = []
        self.threads: set[int] = set()
        self.error: Exception | None = None

    def suffix(self, request: GenerationRequest) -> str:
        """Always the same."""
        return f".{request.kind}"

    def make(self, request: GenerationRequest) -> bytes:
        """Repeat the request."""
        self.made.append(request)
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        return repr((request.model, dict(request.inputs), dict(request.files))).encode()


def request(
    prompt: str = "a lake", *, token: str = "token", files: Mapping[str, bytes] | None = None
) -> GenerationRequest:
    """What the bot asks for."""
    return GenerationRequest(
        token=token, model="text_to_image", kind=ResultKind.PHOTO, inputs={"prompt": prompt}, files=files or {}
    )


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def press() -> Press:
    return Press()


class Opened:
    """Makes providers with one clock and one press, and closes them."""

    def __init__(self, time: Time, press: Press) -> None:
        self._handed: dict[str, Any] = {"clock_ms": time, "make": press, "sleep": time.sleep}
        self._made: list[LocalProvider] = []

    def __call__(self, spool: Path | None = None, **options: Any) -> LocalProvider:
        self._made.append(LocalProvider(**self._handed, spool=spool, **options))
        return self._made[-1]

    async def close(self) -> None:
        """Close whatever was made."""
        for provider in self._made:
            await provider.close()


@pytest.fixture
async def opened(time: Time, press: Press) -> AsyncIterator[Opened]:
    making = Opened(time, press)
    yield making
    await making.close()


async def result_of(provider: LocalProvider, job_id: str) -> bytes:
    """The file of a job that has succeeded."""
    status = await provider.query(job_id)
    assert status.artifact is not None
    return await provider.fetch(status.artifact)


def names_in(folder: Path) -> list[str]:
    """The files in a folder."""
    return [path.name for path in folder.iterdir()]


async def test_a_job_is_queued_then_runs_then_has_a_file(opened: Opened, time: Time) -> None:
    """Where a job stands follows from the clock, as if somebody far away worked on it."""
    provider: Provider = opened()
    job_id = await provider.submit(request())

    states = []
    for at_ms in (0, 1_499, 1_500, 5_999, 6_000):
        time.advance(START_MS + at_ms - time())
        states.append((await provider.query(job_id)).state)

    assert states == [JobState.QUEUED] * 2 + [JobState.RUNNING] * 2 + [JobState.SUCCEEDED]


async def test_at_pace_zero_the_file_is_there_at_once(opened: Opened) -> None:
    """A test need not wait, and one query is enough."""
    provider = opened(pace=0)

    job_id = await provider.submit(request("a fox"))

    assert b"a fox" in await result_of(provider, job_id)


async def test_the_drawing_never_runs_on_the_event_loop(opened: Opened, press: Press) -> None:
    """A picture takes a second of work: the loop has others to serve meanwhile."""
    provider = opened(pace=0)

    await provider.query(await provider.submit(request()))

    assert press.threads
    assert threading.get_ident() not in press.threads


async def test_whoever_subscribed_is_told_of_the_end(opened: Opened, time: Time) -> None:
    """The hint carries the token of the request, and comes once the job has ended, not before."""
    provider = opened()
    hints = Listener()
    provider.subscribe(hints)
    job_id = await provider.submit(request(token="attempt"))
    early = not hints.silent

    time.advance(6_000)

    assert not early
    assert await hints.next() == Hint(token="attempt", job_id=job_id)


@pytest.mark.parametrize("times", [1, 2])
async def test_told_to_fail_the_next_jobs_fail_and_no_more(opened: Opened, times: int) -> None:
    """`fails` is one line in a test, and wears off."""
    provider = opened(pace=0)
    provider.fails("nsfw", times=times)

    statuses = [await provider.query(await provider.submit(request())) for _ in range(times + 1)]

    assert statuses[:times] == [JobStatus(JobState.FAILED, failure="nsfw")] * times
    assert statuses[times].state is JobState.SUCCEEDED


async def test_a_failure_is_hinted_at_as_well(opened: Opened) -> None:
    """The bot hears of a failure as soon as of a success."""
    provider = opened(pace=0)
    hints = Listener()
    provider.subscribe(hints)
    provider.fails()

    await provider.submit(request())

    assert (await hints.next()).token == "token"


async def test_a_job_that_hangs_runs_for_ever(opened: Opened, time: Time) -> None:
    """No state but running, however long one waits."""
    provider = opened(pace=0)
    provider.hangs()
    job_id = await provider.submit(request())

    time.advance(30 * DAY_MS)

    assert (await provider.query(job_id)).state is JobState.RUNNING


async def test_a_lost_answer_leaves_a_job_that_only_a_hint_names(opened: Opened) -> None:
    """The job was taken all the same: its token comes back with the hint, and the file is there."""
    provider = opened(pace=0)
    hints = Listener()
    provider.subscribe(hints)
    provider.loses_answer()

    with pytest.raises(AnswerLost):
        await provider.submit(request(token="lost"))
    hint = await hints.next()

    assert hint.token == "lost"
    assert await result_of(provider, hint.job_id)


async def test_a_call_that_never_arrived_looks_the_same_and_leaves_nothing(opened: Opened) -> None:
    """With `taken=False` the answer is lost and so is the job."""
    provider = opened(pace=0)
    provider.loses_answer(taken=False)

    with pytest.raises(AnswerLost):
        await provider.submit(request())

    assert (provider.submits, provider.taken) == (1, 0)


async def test_a_refusal_takes_nothing(opened: Opened) -> None:
    """The code that the test named comes back."""
    provider = opened(pace=0)
    provider.refuses("no_credit")

    with pytest.raises(ProviderRefused) as refused:
        await provider.submit(request())

    assert refused.value.code == "no_credit"
    assert provider.taken == 0


async def test_unavailable_so_many_times_and_then_there_again(opened: Opened) -> None:
    """Every call counts as a submission, also those that found nobody."""
    provider = opened(pace=0)
    provider.unavailable(2)

    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await provider.submit(request())
    await provider.submit(request())

    assert (provider.submits, provider.taken) == (3, 1)


@pytest.mark.parametrize("times", [0, -1, 10_001])
async def test_absurd_plans_are_refused(opened: Opened, times: int) -> None:
    """A plan for no submission, or for more than anybody makes, is a slip of the test."""
    with pytest.raises(ValueError, match="plans"):
        opened().unavailable(times)


@pytest.mark.parametrize(
    ("prompt", "state"),
    [("a cat [fail]", JobState.FAILED), ("[HANG] a cat", JobState.RUNNING), ("a cat", JobState.SUCCEEDED)],
)
async def test_a_word_in_the_prompt_brings_mischief_about(opened: Opened, prompt: str, state: JobState) -> None:
    """In the sandbox a person sees by a word in the prompt what users see when things go wrong."""
    provider = opened(pace=0, directives=True)

    job_id = await provider.submit(request(prompt))

    assert (await provider.query(job_id)).state is state


async def test_lose_in_the_prompt_loses_the_answer(opened: Opened) -> None:
    """`[lose]` is the lost answer of a job that was taken."""
    provider = opened(pace=0, directives=True)

    with pytest.raises(AnswerLost):
        await provider.submit(request("[lose]"))

    assert provider.taken == 1


async def test_slow_in_the_prompt_takes_four_times_as_long(opened: Opened, time: Time) -> None:
    """`[slow]` shows the progress screen for longer."""
    provider = opened(directives=True)
    job_id = await provider.submit(request("[slow]"))

    time.advance(23_999)
    before = await provider.query(job_id)
    time.advance(1)

    assert before.state is JobState.RUNNING
    assert (await provider.query(job_id)).state is JobState.SUCCEEDED


async def test_without_directives_a_prompt_is_just_a_prompt(opened: Opened) -> None:
    """In production nobody breaks anything by words."""
    provider = opened(pace=0)

    job_id = await provider.submit(request("[fail]"))

    assert (await provider.query(job_id)).state is JobState.SUCCEEDED


async def test_what_cannot_be_made_is_a_failed_job(opened: Opened, press: Press) -> None:
    """A photo that is none fails with the studio's code."""
    provider = opened(pace=0)
    press.error = Unmakeable("not_a_photo")

    status = await provider.query(await provider.submit(request()))

    assert status == JobStatus(JobState.FAILED, failure="not_a_photo")


async def test_a_defect_in_one_drawing_is_reported_and_ends_that_job_alone(opened: Opened, press: Press) -> None:
    """The event loop's exception handler hears of it; the next job is drawn."""
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    provider = opened(pace=0)
    press.error = ZeroDivisionError("oops")

    broken = await provider.query(await provider.submit(request()))
    press.error = None
    sound = await provider.query(await provider.submit(request()))

    assert broken.failure == "provider_defect"
    assert [type(error) for error in reported] == [ZeroDivisionError]
    assert sound.state is JobState.SUCCEEDED


async def test_a_job_that_nobody_knows_has_failed(opened: Opened) -> None:
    """A poll for it ends instead of going on for ever."""
    assert await opened().query("nobody") == JobStatus(JobState.FAILED, failure="job_unknown")


@pytest.mark.parametrize("reference", ["gone.out.photo", "../../etc/passwd", ""])
async def test_a_file_that_is_not_there_is_refused(opened: Opened, reference: str) -> None:
    """Only the outputs of known jobs can be fetched."""
    with pytest.raises(ProviderRefused):
        await opened().fetch(Artifact(ResultKind.PHOTO, reference, "file.png"))


async def test_a_job_outlives_the_process_that_took_it(opened: Opened, time: Time, tmp_path: Path) -> None:
    """With a spool, the next life draws the file out of the inputs that the last one kept."""
    first = opened(tmp_path)
    job_id = await first.submit(request("a bird", files={"photo": b"pixels"}))
    await first.close()
    time.advance(6_000)

    second = opened(tmp_path)
    content = await result_of(second, job_id)

    assert b"a bird" in content
    assert b"pixels" in content


async def test_a_finished_file_outlives_the_process_and_is_not_drawn_twice(
    opened: Opened, press: Press, tmp_path: Path
) -> None:
    """What lies on the spool is given out as it is; the inputs went when the file came."""
    first = opened(tmp_path, pace=0)
    job_id = await first.submit(request(files={"photo": b"pixels"}))
    content = await result_of(first, job_id)
    await first.close()

    again = await result_of(opened(tmp_path, pace=0), job_id)

    assert again == content
    assert len(press.made) == 1
    assert not any(".in." in name for name in names_in(tmp_path))


async def test_after_a_restart_the_end_is_hinted_at_again(opened: Opened, time: Time, tmp_path: Path) -> None:
    """A hint that the last life swallowed comes once more, for jobs that ended a short while ago."""
    first = opened(tmp_path)
    job_id = await first.submit(request())
    await first.close()
    time.advance(10_000)
    second = opened(tmp_path)
    hints = Listener()
    second.subscribe(hints)

    second.resume()

    assert await hints.next() == Hint(token="token", job_id=job_id)


async def test_long_past_ends_are_not_hinted_at(opened: Opened, time: Time, tmp_path: Path) -> None:
    """A restart does not retell a whole day."""
    first = opened(tmp_path)
    await first.submit(request())
    await first.close()
    time.advance(DAY_MS)
    second = opened(tmp_path, pace=0, threads=1)
    hints = Listener()
    second.subscribe(hints)

    second.resume()
    await second.submit(request(token="new"))

    assert second.taken == 2
    assert (await hints.next()).token == "new"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"job_id": "x"}', b"\xff" * 10, b" " * 300_000])
async def test_a_damaged_record_is_passed_over(opened: Opened, tmp_path: Path, damage: bytes) -> None:
    """One bad file does not keep the provider from starting."""
    (tmp_path / "bad.job.json").write_bytes(damage)

    assert opened(tmp_path).taken == 0


async def test_a_file_that_was_torn_is_swept_away(opened: Opened, tmp_path: Path) -> None:
    """What a crash left half written is nobody's."""
    (tmp_path / "x.out.png.part").write_bytes(b"half")

    opened(tmp_path)

    assert not names_in(tmp_path)


async def test_an_unwritable_spool_takes_nothing(opened: Opened, tmp_path: Path) -> None:
    """The caller may try again; nothing is kept half."""
    spool = tmp_path / "spool"
    provider = opened(spool)
    spool.rmdir()

    with pytest.raises(ProviderUnavailable) as unavailable:
        await provider.submit(request())

    assert unavailable.value.code == "spool_unwritable"
    assert provider.taken == 0


async def test_the_oldest_job_that_has_ended_makes_room(opened: Opened, time: Time, tmp_path: Path) -> None:
    """The number of jobs is bounded, on the disk too."""
    provider = opened(tmp_path, pace=0, most_jobs=2)
    jobs = []
    for _ in range(3):
        jobs.append(await provider.submit(request()))
        await result_of(provider, jobs[-1])
        time.advance(1)

    states = [(await provider.query(job_id)).state for job_id in jobs]

    assert states == [JobState.FAILED, JobState.SUCCEEDED, JobState.SUCCEEDED]
    assert sum(name.endswith(".job.json") for name in names_in(tmp_path)) == 2
    assert not any(name.startswith(jobs[0]) for name in names_in(tmp_path))


async def test_with_all_jobs_at_work_it_is_busy(opened: Opened) -> None:
    """Nobody's job is thrown away for a newer one."""
    provider = opened(most_jobs=2)
    for _ in range(2):
        await provider.submit(request())

    with pytest.raises(ProviderUnavailable) as busy:
        await provider.submit(request())

    assert busy.value.code == "busy"


async def test_files_count_towards_a_limit_as_well(opened: Opened) -> None:
    """Large photos cannot fill the memory."""
    provider = opened(most_bytes=100)
    await provider.submit(request(files={"photo": b"x" * 60}))

    with pytest.raises(ProviderUnavailable):
        await provider.submit(request(files={"photo": b"x" * 60}))


async def test_a_hung_job_is_let_go_after_a_day(opened: Opened, time: Time) -> None:
    """Hung jobs cannot hold their places for ever, and are not thrown out before."""
    provider = opened(pace=0, most_jobs=1)
    provider.hangs()
    await provider.submit(request())

    time.advance(DAY_MS - 1)
    with pytest.raises(ProviderUnavailable):
        await provider.submit(request())
    time.advance(1)
    await provider.submit(request())

    assert provider.taken == 1


async def test_closed_it_takes_and_tells_nothing(opened: Opened) -> None:
    """After `close` every call says that nobody is there."""
    provider = opened()
    job_id = await provider.submit(request())
    await provider.close()

    for call in (provider.submit(request()), provider.query(job_id)):
        with pytest.raises(ProviderUnavailable):
            await call
