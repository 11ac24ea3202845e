"""What becomes of an attempt when the provider fails, refuses, hangs, loses its answer or comes late."""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from botflight_harness.telegram import Person, Refusal, Telegram
from botflight_service.billing.money import credits
from botflight_service.bot import files
from botflight_service.generation import course
from botflight_service.generation.attempts import AttemptState
from botflight_service.provider.interface import Hint, JobState, JobStatus, NotNow
from shop import PARTNER, Shop, open_shop


async def confirms(shop: Shop, person: Person) -> None:
    """Pay for a picture of 5 credits out of 20."""
    await shop.gives(person, 20)
    await shop.opens_confirmation(person)
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))


async def to_image_to_image(person: Person) -> None:
    """Bring a person to the confirm screen of a photo that is to be changed."""
    photo = BytesIO()
    Image.new("RGB", (48, 32), "orange").save(photo, "JPEG")
    await person.sends("/start")
    await person.taps("models")
    await person.taps("model:image_to_image")
    await person.sends_photo(photo.getvalue())
    await person.sends("as a woodcut")


async def state(shop: Shop, person: Person) -> AttemptState:
    """Where the person's only attempt stands."""
    (attempt,) = await shop.history(person)
    return attempt.state


async def test_a_refusal_gives_the_money_back_at_once(shop: Shop, alice: Person) -> None:
    """The provider took nothing: neither does the bot."""
    shop.provider.refuses("bad_prompt")

    await confirms(shop, alice)

    assert await state(shop, alice) is AttemptState.FAILED
    assert (await shop.balance(alice), await shop.held(alice)) == (credits(20), credits(0))


async def test_a_provider_that_is_away_for_a_moment_is_asked_again(impatient_shop: Shop, alice: Person) -> None:
    """It certainly took nothing, so the same submission is safe."""
    impatient_shop.provider.unavailable(3)

    await confirms(impatient_shop, alice)

    assert await state(impatient_shop, alice) is AttemptState.DELIVERED
    assert impatient_shop.provider.submits == 4


async def test_between_two_tries_an_order_is_as_if_nobody_had_tried(impatient_shop: Shop, alice: Person) -> None:
    """Whoever takes it over meanwhile submits it: only what may have been taken is never submitted again."""
    impatient_shop.provider.unavailable(1)

    await confirms(impatient_shop, alice)

    moves = [line["state"] for line in impatient_shop.telemetry.events("ATTEMPT_MOVED")]
    counted = impatient_shop.telemetry.sample("botflight_attempts_total", model="text_to_image", state="confirmed")
    assert moves[:4] == ["submitting", "confirmed", "submitting", "running"]
    assert counted == 1


async def test_a_provider_that_stays_away_gives_the_money_back(impatient_shop: Shop, alice: Person) -> None:
    """Every retry has a limit."""
    impatient_shop.provider.unavailable(100)

    await confirms(impatient_shop, alice)

    assert await state(impatient_shop, alice) is AttemptState.FAILED
    assert await impatient_shop.balance(alice) == credits(20)
    assert impatient_shop.provider.submits == len(course.SUBMIT_RETRY_S) + 1


async def test_a_photo_that_no_model_takes_is_not_read(
    shop: Shop, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Bot API server of one's own hands out gigabytes: the size is looked at first, and the money goes back."""
    monkeypatch.setattr(files, "MAX_INPUT_BYTES", 100)
    await shop.gives(alice, 20)
    await to_image_to_image(alice)

    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))

    (attempt,) = await shop.history(alice)
    assert (attempt.state, attempt.failure) == (AttemptState.FAILED, "photo_too_large")
    assert (await shop.balance(alice), shop.provider.submits) == (credits(20), 0)


async def test_a_question_gives_way_to_others_unless_a_hint_came(
    impatient_shop: Shop, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polls are routine; once the provider says that something happened, the question is not, until it is answered."""
    provider, query = impatient_shop.provider, impatient_shop.provider.query
    asked: list[tuple[bool, int]] = []

    async def crowded(job_id: str, *, routine: bool = False) -> JobStatus:
        asked.append((routine, impatient_shop.telegram.clock.now_ms()))
        if len(asked) < 3:
            return JobStatus(JobState.RUNNING)
        if len(asked) == 3:
            (attempt,) = await impatient_shop.history(alice)
            impatient_shop.service.runner.hint(Hint(str(attempt.task_id), job_id))
        if len(asked) in {4, 5}:
            raise NotNow("unavailable")
        return await query(job_id) if len(asked) > 5 else JobStatus(JobState.RUNNING)

    monkeypatch.setattr(provider, "query", crowded)
    monkeypatch.setattr(provider, "_listeners", [])

    await confirms(impatient_shop, alice)

    assert await state(impatient_shop, alice) is AttemptState.DELIVERED
    assert [routine for routine, _ in asked] == [True, True, True, False, False, False]


async def test_a_lost_answer_is_never_submitted_again_and_a_sign_settles_it(shop: Shop, alice: Person) -> None:
    """The job was taken: its hint leads to the file, one submission, one charge."""
    shop.provider.loses_answer(taken=True)

    await confirms(shop, alice)

    assert await state(shop, alice) is AttemptState.DELIVERED
    assert shop.provider.submits == 1
    assert await shop.balance(alice) == credits(15)


async def test_a_lost_answer_without_a_sign_ends_at_the_deadline(impatient_shop: Shop, alice: Person) -> None:
    """After fifteen minutes the money goes back, and the person is told."""
    impatient_shop.provider.loses_answer(taken=False)

    await confirms(impatient_shop, alice)

    assert await state(impatient_shop, alice) is AttemptState.REFUNDED
    assert impatient_shop.provider.submits == 1
    assert (await impatient_shop.balance(alice), await impatient_shop.held(alice)) == (credits(20), credits(0))


async def test_a_job_that_hangs_ends_at_its_limit(impatient_shop: Shop, alice: Person) -> None:
    """Nobody waits for ever: the hold is released and the person told."""
    impatient_shop.provider.hangs()

    await confirms(impatient_shop, alice)

    (attempt,) = await impatient_shop.history(alice)
    assert (attempt.state, attempt.failure) == (AttemptState.FAILED, "took_too_long")
    assert await impatient_shop.balance(alice) == credits(20)


async def test_every_end_is_told_to_the_person(impatient_shop: Shop, alice: Person) -> None:
    """The screen that showed the progress says what happened, with a way on."""
    impatient_shop.provider.loses_answer(taken=False)

    await confirms(impatient_shop, alice)

    assert alice.last.from_bot
    assert {"menu", "new_menu", "models"} & set(alice.last.callback_data)


async def test_a_submission_that_was_under_way_at_a_crash_is_not_made_again(
    telegram: Telegram, alice: Person, tmp_path: Path
) -> None:
    """Written down as submitting, then the process was gone: the next run waits for a sign and never submits."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    async with open_shop(telegram, database_url=url) as shop:
        called = asyncio.Event()

        async def never(_: object) -> str:
            called.set()
            await asyncio.Event().wait()
            return "never"

        shop.provider.submit = never
        await shop.gives(alice, 20)
        await shop.opens_confirmation(alice)
        tap = alice.tap(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))
        await shop.harness.courier.carry(tap.updates)
        await called.wait()
        for task in tuple(shop.service.runner._tasks.values()):
            task.cancel()

    async with open_shop(telegram, database_url=url) as shop:
        await alice.sees("Checking")

        assert await state(shop, alice) is AttemptState.UNKNOWN
        assert shop.provider.submits == 0
        assert await shop.held(alice) == credits(5)


async def test_a_result_after_the_money_went_back_is_a_present(impatient_shop: Shop, alice: Person) -> None:
    """Late, and free: the file comes, and the wallet stays as it is."""
    shop = impatient_shop
    shop.provider.loses_answer(taken=False)
    await confirms(shop, alice)
    (attempt,) = await shop.history(alice)
    request = await shop.service.runner._course._request(attempt)
    job_id = await shop.provider.submit(request)

    await alice.sees("it is a present")
    await shop.service.service.idle()

    assert await state(shop, alice) is AttemptState.DELIVERED
    assert await shop.balance(alice) == credits(20)
    assert job_id
    assert list(await shop.storage.violations()) == []
    assert (await shop.storage.balance(PARTNER, alice.user_id)).held == credits(0)


async def test_a_photo_that_telegram_no_longer_has_gives_the_money_back(impatient_shop: Shop, alice: Person) -> None:
    """What the user gave is gone: nothing is submitted and nothing is kept."""
    shop = impatient_shop
    await shop.gives(alice, 20)
    await to_image_to_image(alice)
    shop.telegram.faults.refuse("getFile", Refusal(400, "Bad Request: wrong file_id or the file is temporarily gone"))

    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))

    (attempt,) = await shop.history(alice)
    assert (attempt.state, attempt.failure) == (AttemptState.FAILED, "input_gone")
    assert await shop.balance(alice) == credits(20)
    assert shop.provider.submits == 0


async def test_a_photo_is_read_again_when_telegram_is_away_for_a_moment(impatient_shop: Shop, alice: Person) -> None:
    """A lost connection costs a moment; the picture is made of the photo that was given."""
    shop = impatient_shop
    await shop.gives(alice, 20)
    await to_image_to_image(alice)
    shop.telegram.faults.lose_call("getFile", times=2)

    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))

    assert await state(shop, alice) is AttemptState.DELIVERED
