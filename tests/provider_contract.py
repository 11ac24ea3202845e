"""What every provider keeps to: one suite for ours, for KIE's against the simulated KIE, and for the real one."""

from __future__ import annotations

import asyncio
from io import BytesIO

import pytest
from PIL import Image

from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.provider.interface import (
    Accounted,
    GenerationRequest,
    JobState,
    JobStatus,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
)

_ENDED = {JobState.SUCCEEDED, JobState.FAILED}


def order(**files: bytes) -> GenerationRequest:
    """A small picture from words, or from a photo."""
    model = "image_to_image" if files else "text_to_image"
    answers = {"prompt": "a plain red circle on white"} | ({} if files else {"shape": "1:1"})
    return GenerationRequest(token="a-token", model=model, kind=ResultKind.PHOTO, inputs=answers, files=files)


class ProviderContract:
    """Tests of a fixture `provider`. A picture may take `patience_s`; `pause_s` lies between two questions."""

    patience_s = 10.0
    pause_s = 0.02
    #: Something that looks like a file of this provider's and is none.
    no_file = Artifact(ResultKind.PHOTO, "nothing.out.png", "nothing.png")

    async def ended(self, provider: Provider, job_id: str) -> JobStatus:
        """Ask until a job has ended."""
        async with asyncio.timeout(self.patience_s):
            while (status := await provider.query(job_id)).state not in _ENDED:  # noqa: ASYNC110 - it is polled
                await asyncio.sleep(self.pause_s)
        return status

    async def test_an_order_becomes_a_file_that_programs_can_read(self, provider: Provider) -> None:
        """From the order to a picture."""
        job_id = await provider.submit(order())

        status = await self.ended(provider, job_id)

        assert status.state is JobState.SUCCEEDED
        assert status.artifact is not None
        assert status.artifact.kind is ResultKind.PHOTO
        Image.open(BytesIO(await provider.fetch(status.artifact))).verify()

    async def test_the_same_order_twice_is_two_jobs(self, provider: Provider) -> None:
        """Nobody at the other end tells a repeat: that is why nothing may be sent twice."""
        first, second = await provider.submit(order()), await provider.submit(order())

        assert first != second

    async def test_a_file_can_be_fetched_again(self, provider: Provider) -> None:
        """Telegram may fail, and the file is asked for once more."""
        status = await self.ended(provider, await provider.submit(order()))
        assert status.artifact is not None

        contents = {await provider.fetch(status.artifact) for _ in range(3)}

        assert len(contents) == 1

    async def test_what_is_no_photo_makes_no_file(self, provider: Provider) -> None:
        """It is refused at once, or the job fails, and the reason is the same."""
        try:
            status = await self.ended(provider, await provider.submit(order(photo=b"no photo at all")))
        except ProviderRefused as refusal:
            status = JobStatus(JobState.FAILED, failure=refusal.code)

        assert (status.state, status.failure) == (JobState.FAILED, "not_a_photo")

    async def test_a_job_that_nobody_gave_never_succeeds(self, provider: Provider) -> None:
        """It has failed, or it is refused as unknown."""
        try:
            status = await provider.query("task_ffffffffffffffffffffffff")
        except ProviderRefused as refusal:
            status = JobStatus(JobState.FAILED, failure=refusal.code)

        assert (status.state, status.failure) == (JobState.FAILED, "job_unknown")

    async def test_a_file_that_is_not_there_is_refused(self, provider: Provider) -> None:
        """Asking again would not help."""
        with pytest.raises(ProviderRefused):
            await provider.fetch(self.no_file)

    async def test_an_account_tells_what_is_left(self, provider: Provider) -> None:
        """Where work is paid from an account, what is left on it is a number."""
        if isinstance(provider, Accounted):
            assert await provider.credit() >= 0

    async def test_once_closed_it_takes_nothing(self, provider: Provider) -> None:
        """Certainly: the order may go to somebody else."""
        await provider.close()

        with pytest.raises(ProviderUnavailable):
            await provider.submit(order())
