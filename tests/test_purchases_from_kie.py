"""Purchases through the whole service with KIE behind it: what users get, what they pay, and what they are told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.telemetry.capture import CapturedTelemetry
from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.kie.faults import Loss
from botflight_harness.ptb import TelegramRequest
from botflight_harness.server import serving
from botflight_harness.telegram import Person, Telegram
from botflight_service.app import Built, build, pick_provider, system_clock_ms
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.generation.course import JOB_UNKNOWN_MS, SUBMIT_RETRY_S, UNKNOWN_LIMIT_MS
from botflight_service.lifecycle import Phase, running
from botflight_service.partner import PartnerParts
from botflight_service.provider.kie.callbacks import Callbacks
from botflight_service.storage import open_storage
from kie_shop import confirms, kie_settings, only_attempt, open_kie, open_kie_shop
from shop import SECRET, Shop, open_shop, posted, settings_of


def photo() -> bytes:
    """A small photo, as a person has it on their phone."""
    content = BytesIO()
    Image.new("RGB", (48, 32), "orange").save(content, "JPEG")
    return content.getvalue()


PHOTO = photo()


async def buys_from_a_photo(shop: Shop, person: Person) -> None:
    """Have a photo changed."""
    await shop.gives(person, 20)
    await person.sends("/start")
    await person.taps("models")
    await person.taps("model:image_to_image")
    await person.sends_photo(PHOTO)
    await person.sends("as a woodcut")
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))


async def left_with_their_money(shop: Shop, person: Person) -> str | None:
    """Assert that the person's only attempt failed and cost nothing; why it failed."""
    attempt = await only_attempt(shop, person)
    assert attempt.state is AttemptState.FAILED
    assert (await shop.balance(person), await shop.held(person)) == (credits(20), credits(0))
    return attempt.failure


async def settles(shop: Shop, kie: FakeKie) -> None:
    """Let time go by until whatever KIE works on has ended, and was told."""
    await shop.telegram.clock.advance(minutes=1)
    await kie.idle()
    await shop.service.service.idle()


def asked(kie: FakeKie) -> asyncio.Event:
    """Set once KIE is asked how a task stands."""
    event, record = asyncio.Event(), kie.record

    def told(task_id: str) -> dict[str, Any]:
        event.set()
        return record(task_id)

    kie.record = told
    return event


#: Another bot, which this process has beside the shop's.
NEIGHBOUR = {"TELEGRAM_BOT_TOKEN": "7777777:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", "BOT_INSTANCE_ID": "p-neighbour"}


@contextlib.asynccontextmanager
async def other_replica(
    shop: Shop, telegram: Telegram, kie: FakeKie, *, neighbour: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[PartnerParts, Built, CapturedTelemetry]]:
    """A second process of the same service, as far as callbacks go: on the same store, with parts of its own.

    With a `neighbour` that one is the bot of the process, and the shop's is another beside it.
    """
    ours = settings_of(shop.harness.bot.token, kie_settings(kie))
    home = ours if neighbour is None else settings_of("", {**kie_settings(kie), **neighbour})
    clock_ms = telegram.clock.now_ms
    provider, callbacks = pick_provider(home, mode="serve", clock_ms=clock_ms)
    telemetry = Telemetry.for_tests()
    built = build(
        home,
        telemetry=telemetry,
        storage=shop.storage,
        provider=provider,
        others=() if neighbour is None else (ours,),
        requests=(TelegramRequest(telegram), TelegramRequest(telegram)),
        clock_ms=clock_ms,
        callbacks=callbacks,
    )
    built.service.lifecycle.enter(Phase.READY)
    parts = built.partners[-1]
    await parts.bot.initialize()
    yield parts, built, telemetry
    await parts.outbox.idle()
    await parts.bot.shutdown()
    await provider.close()


@pytest.fixture
async def kie(telegram: Telegram) -> AsyncIterator[FakeKie]:
    """A simulated KIE."""
    async with open_kie(telegram) as opened:
        yield opened


@pytest.fixture
async def kie_shop(telegram: Telegram, kie: FakeKie) -> AsyncIterator[Shop]:
    """A service that has it make the files."""
    async with open_kie_shop(telegram, kie) as opened:
        yield opened


def second_service(shop: Shop, telegram: Telegram, more: Mapping[str, str]) -> Built:
    """Another process of the same service, on a store that both share."""
    settings = settings_of(shop.harness.bot.token, more)
    provider, callbacks = pick_provider(settings, mode="serve")
    return build(
        settings,
        telemetry=Telemetry.for_tests(),
        storage=open_storage(more["DATABASE_URL"], clock=system_clock_ms),
        provider=provider,
        requests=(TelegramRequest(telegram), TelegramRequest(telegram)),
        callbacks=callbacks,
    )


async def test_a_picture_is_made_delivered_and_paid_once(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """One task in KIE's own words, the file that it made, one charge."""
    await confirms(kie_shop, alice)

    attempt = await only_attempt(kie_shop, alice)
    order = dict(kie.last_task.order)
    assert order.pop("callBackUrl").startswith("http://127.0.0.1:8080/provider/kie/")
    assert order == {
        "model": "google/nano-banana",
        "input": {"prompt": "a red fox in the snow", "output_format": "png", "image_size": "1:1"},
    }
    assert (attempt.state, attempt.job_id) == (AttemptState.DELIVERED, kie.last_task.task_id)
    assert alice.last.media == kie.file(kie.last_task.file_name)
    assert (await kie_shop.balance(alice), await kie_shop.held(alice)) == (credits(15), credits(0))


async def test_a_photo_goes_to_kie_as_a_file_of_its_own(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """KIE gets the bytes and works with its own URL; Telegram's URL, which holds the bot's token, never leaves."""
    await buys_from_a_photo(kie_shop, alice)

    attempt = await only_attempt(kie_shop, alice)
    ((name, content),) = kie.uploads.items()
    assert attempt.state is AttemptState.DELIVERED
    assert kie.last_task.order["input"]["image_urls"] == [f"{kie.files_url}/{name}"]
    assert content == PHOTO
    assert kie_shop.harness.bot.token not in repr(kie.last_task.order)


async def test_a_task_that_fails_gives_the_money_back(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """The person is told that it failed, and that nothing was charged."""
    kie.fails()

    await confirms(kie_shop, alice)

    assert await left_with_their_money(kie_shop, alice) == "generation_failed"
    await alice.sees("It did not work out")
    await alice.sees("Nothing was charged")


async def test_forbidden_content_is_called_so(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """Other words may help, and the person is told that; KIE's own text may quote them and is shown to nobody."""
    kie.fails("400", "Your prompt was flagged by Website as violating content policies: a red fox")

    await confirms(kie_shop, alice)

    assert await left_with_their_money(kie_shop, alice) == "content_refused"
    await alice.sees("refused this description")
    assert "Website" not in alice.last.text


@pytest.mark.parametrize(
    ("code", "failure"), [(422, "refused"), (500, "generation_failed"), (501, "generation_failed")]
)
async def test_an_order_that_kie_answers_no_is_not_sent_again(
    kie_shop: Shop, kie: FakeKie, alice: Person, code: int, failure: str
) -> None:
    """A no is an answer: the money goes back at once, and there is no second order."""
    kie.refuses(code)

    await confirms(kie_shop, alice)

    assert await left_with_their_money(kie_shop, alice) == failure
    assert kie.creates == 1


@pytest.mark.parametrize("code", [401, 402, 433, 505])
async def test_what_only_a_person_can_mend_wakes_somebody(
    kie_shop: Shop, kie: FakeKie, alice: Person, code: int
) -> None:
    """The user has their money, and the alarm rings by metric and by line."""
    kie.refuses(code)

    await confirms(kie_shop, alice)

    (line,) = kie_shop.telemetry.events("PROVIDER_ALARM")
    assert await left_with_their_money(kie_shop, alice) == "unavailable"
    assert (line["level"], line["alarm"], line["operation"]) == ("error", str(code), "createTask")
    assert kie_shop.telemetry.sample("botflight_provider_alarms_total", alarm=str(code)) == 1
    assert kie.creates == 1


async def test_maintenance_is_waited_out(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """KIE took nothing, so the same order may come again."""
    kie.refuses(455, times=2)

    await confirms(kie_shop, alice)

    assert (await only_attempt(kie_shop, alice)).state is AttemptState.DELIVERED
    assert (kie.creates, len(kie.tasks)) == (3, 1)


async def test_maintenance_that_lasts_gives_the_money_back(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """Within a minute the person knows, and each refusal rang the alarm."""
    kie.refuses(455, times=len(SUBMIT_RETRY_S) + 1)

    await confirms(kie_shop, alice)

    assert await left_with_their_money(kie_shop, alice) == "unavailable"
    await alice.sees("The generator is down at the moment")
    assert kie_shop.telemetry.sample("botflight_provider_alarms_total", alarm="455") == len(SUBMIT_RETRY_S) + 1


async def test_a_storm_of_429_is_weathered(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """Others with the same key were too fast: the order comes again, and one task comes of it."""
    kie.refuses(429, times=4)

    await confirms(kie_shop, alice)

    assert (await only_attempt(kie_shop, alice)).state is AttemptState.DELIVERED
    assert (kie.creates, len(kie.tasks)) == (5, 1)
    assert await kie_shop.balance(alice) == credits(15)


@pytest.mark.parametrize("how", ["reset", "gateway"])
async def test_a_lost_answer_is_found_again_by_the_callback(
    kie_shop: Shop, kie: FakeKie, alice: Person, how: Loss
) -> None:
    """The order is never sent again: KIE's call names the task, recordInfo ties it to the attempt."""
    kie.loses_answer(taken=True, how=how)

    await confirms(kie_shop, alice)

    attempt = await only_attempt(kie_shop, alice)
    assert (attempt.state, attempt.job_id) == (AttemptState.DELIVERED, kie.last_task.task_id)
    assert (kie.creates, await kie_shop.balance(alice)) == (1, credits(15))
    assert kie_shop.telemetry.sample("botflight_provider_callbacks_total", outcome="TAKEN") == 1


async def test_a_lost_answer_without_a_callback_ends_at_the_deadline(
    kie_shop: Shop, kie: FakeKie, telegram: Telegram, alice: Person
) -> None:
    """After fifteen minutes the money goes back and the person is told; nothing was ordered twice."""
    kie.loses_answer(taken=False)
    began_ms = telegram.clock.now_ms()

    await confirms(kie_shop, alice)

    assert (await only_attempt(kie_shop, alice)).state is AttemptState.REFUNDED
    assert (await kie_shop.balance(alice), kie.creates) == (credits(20), 1)
    assert telegram.clock.now_ms() - began_ms >= UNKNOWN_LIMIT_MS
    await alice.sees("Nothing was charged")


async def test_a_success_after_the_deadline_is_a_present_and_one_only(
    kie_shop: Shop, kie: FakeKie, alice: Person
) -> None:
    """The money went back, so the file costs nothing, however often KIE tells of it."""
    kie.loses_answer(taken=True)
    kie.calls_back(times=0)
    await confirms(kie_shop, alice)

    statuses = [await kie.tells(kie.last_task) for _ in range(3)]
    await kie_shop.service.service.idle()

    assert statuses == [200, 200, 200]
    assert (await only_attempt(kie_shop, alice)).state is AttemptState.DELIVERED
    assert (await kie_shop.balance(alice), await kie_shop.held(alice)) == (credits(20), credits(0))
    assert [seen.media for seen in alice.screen if seen.from_bot and seen.media] == [kie.file(kie.last_task.file_name)]
    await alice.sees("it is a present")
    sample = kie_shop.telemetry.sample
    assert sample("botflight_attempts_total", model="text_to_image", state="delivered") == 1
    assert sample("botflight_generations_total", model="text_to_image", timing="failed") == 1
    assert sample("botflight_generations_total", model="text_to_image", timing="late") == 0


async def test_a_task_that_kie_denied_and_made_is_a_present_too(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """An error in the answer gave the money back; the file that comes after all is given for nothing."""
    kie.refuses(500)
    await confirms(kie_shop, alice)
    attempt = await only_attempt(kie_shop, alice)
    callbacks = Callbacks(base_url="http://127.0.0.1:8080", secret=SECRET)
    order = {
        "model": "google/nano-banana",
        "input": {"prompt": "a fox"},
        "callBackUrl": callbacks.url(str(attempt.task_id)),
    }
    await kie.create(order)

    await settles(kie_shop, kie)

    assert (await only_attempt(kie_shop, alice)).state is AttemptState.DELIVERED
    assert await kie_shop.balance(alice) == credits(20)


async def test_callbacks_that_come_again_change_nothing(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """Three calls at the end, and one more afterwards: one file, one charge, each answered 200."""
    kie.calls_back(times=3)
    await confirms(kie_shop, alice)
    await settles(kie_shop, kie)

    await kie.tells(kie.last_task)

    assert [call.status for call in kie.calls] == [200] * 4
    assert len([seen for seen in alice.screen if seen.from_bot and seen.media]) == 1
    assert await kie_shop.balance(alice) == credits(15)


async def test_a_callback_may_come_before_the_answer(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """The end is told while createTask is still being answered: the attempt goes on as if nothing was odd."""
    kie.calls_back(times=1, early=True)

    await confirms(kie_shop, alice)

    assert (await only_attempt(kie_shop, alice)).state is AttemptState.DELIVERED
    assert (await kie_shop.balance(alice), kie.creates) == (credits(15), 1)


async def test_a_forged_callback_is_not_believed(kie_shop: Shop, kie: FakeKie, alice: Person, bob: Person) -> None:
    """Neither an address that was never given out, nor a real address with the task of somebody else."""
    kie.loses_answer(taken=True)
    kie.calls_back(times=0)
    await confirms(kie_shop, alice)
    address = kie.last_task.callback_url
    await confirms(kie_shop, bob)
    stolen = kie.last_task

    statuses = [
        await kie.forges(f"{address}x", {"code": 200, "data": {"taskId": stolen.task_id, "state": "success"}}),
        await kie.forges(address, {"code": 200, "data": {"taskId": stolen.task_id, "state": "success"}}),
    ]
    await kie_shop.service.service.idle()

    assert statuses == [401, 200]
    assert kie_shop.telemetry.sample("botflight_provider_callbacks_total", outcome="FORGED") == 1
    assert kie_shop.telemetry.sample("botflight_provider_callbacks_total", outcome="NOT_OURS") == 1
    assert (await only_attempt(kie_shop, alice)).state is AttemptState.REFUNDED
    assert not [seen for seen in alice.screen if seen.from_bot and seen.media]


@pytest.mark.parametrize("neighbour", [None, NEIGHBOUR], ids=["alone", "beside another bot"])
async def test_a_callback_reaches_whichever_replica(
    kie_shop: Shop, kie: FakeKie, telegram: Telegram, alice: Person, neighbour: Mapping[str, str] | None
) -> None:
    """The one that is called writes down what was lost, and settles it itself, whichever of its bots it is about."""
    async with other_replica(kie_shop, telegram, kie, neighbour=neighbour) as (other, built, telemetry):
        kie.loses_answer(taken=True)
        kie.reaches(lambda url, body, headers: posted(built.asgi, url, body, headers))

        await confirms(kie_shop, alice)
        await other.runner.idle()
        await kie_shop.service.service.idle()

        assert telemetry.sample("botflight_attempts_total", model="text_to_image", state="succeeded") == 1
        assert (await only_attempt(kie_shop, alice)).state in {AttemptState.SUCCEEDED, AttemptState.DELIVERED}
        assert (kie.creates, await kie_shop.balance(alice)) == (1, credits(15))


async def test_replicas_tell_each_other_what_kie_told_one_of_them(
    telegram: Telegram, alice: Person, postgres_url: str
) -> None:
    """In real time: the answer is lost in one, KIE calls the other, and the first delivers long before its deadline."""
    kie = FakeKie(waits_ms=10, queues_ms=10, takes_ms=300)
    async with serving(kie_app(kie)) as address:
        kie.files_url = f"{address.url}/files"
        more = kie_settings(kie) | {"DATABASE_URL": postgres_url}
        async with open_shop(telegram, kie=kie, database_url=postgres_url, more=more) as shop:
            other = second_service(shop, telegram, more)
            async with running(other.service) as start:
                await start
                kie.reaches(lambda url, body, headers: posted(other.asgi, url, body, headers))
                kie.loses_answer(taken=True)

                async with asyncio.timeout(20):
                    await confirms(shop, alice)

                assert (await only_attempt(shop, alice)).state is AttemptState.DELIVERED
                assert [call.status for call in kie.calls] == [200]
                assert (kie.creates, await shop.balance(alice)) == (1, credits(15))
    await kie.close()


async def test_a_task_outlives_a_restart(telegram: Telegram, kie: FakeKie, alice: Person, tmp_path: Path) -> None:
    """The service ends while KIE works; the next one finds the task by its id and delivers."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    kie.calls_back(times=0, longer_ms=60_000)
    first_question = asked(kie)
    async with open_kie_shop(telegram, kie, database_url=url) as shop:
        await shop.gives(alice, 20)
        await shop.opens_confirmation(alice)
        tap = alice.tap(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))
        await shop.harness.courier.carry(tap.updates)
        await first_question.wait()

    async with open_kie_shop(telegram, kie, database_url=url) as shop:
        await shop.service.service.idle()

        assert (await only_attempt(shop, alice)).state is AttemptState.DELIVERED
        assert (kie.creates, await shop.balance(alice)) == (1, credits(15))


async def test_an_order_that_was_refused_when_the_service_ended_is_the_next_ones(
    telegram: Telegram, kie: FakeKie, alice: Person, tmp_path: Path
) -> None:
    """KIE took nothing, so nothing is lost: the next run orders at once, and waits for no call that never comes."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    kie.refuses(455)
    async with open_shop(telegram, kie=kie, database_url=url, more=kie_settings(kie)) as shop:
        await shop.gives(alice, 20)
        await shop.opens_confirmation(alice)
        tap = alice.tap(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))
        await shop.harness.courier.carry(tap.updates)
        async with asyncio.timeout(10):
            while not kie.creates:  # noqa: ASYNC110 - the refusal goes over HTTP
                await asyncio.sleep(0.001)
    left = kie.creates

    async with open_kie_shop(telegram, kie, database_url=url) as shop:
        await shop.service.service.idle()

        assert (await only_attempt(shop, alice)).state is AttemptState.DELIVERED
        assert (left, kie.creates, await shop.balance(alice)) == (1, 2, credits(15))


async def test_a_file_that_cannot_be_had_is_not_charged(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """The task succeeded and its file is gone: nobody pays for what they do not get."""
    kie.refuses(404, call="download")

    await confirms(kie_shop, alice)

    assert await left_with_their_money(kie_shop, alice) == "file_gone"


async def test_a_task_that_is_not_known_yet_is_asked_about_again(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """A young task may not have reached all of KIE's machines."""
    kie.refuses(422, call="recordInfo", times=3)

    await confirms(kie_shop, alice)

    assert (await only_attempt(kie_shop, alice)).state is AttemptState.DELIVERED


async def test_a_task_that_kie_has_forgotten_gives_the_money_back(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """After a minute it is lost, and nobody waits half an hour for it."""
    kie.hangs()
    kie.refuses(404, call="recordInfo", times=30)

    await confirms(kie_shop, alice)
    kie.faults.clear()

    assert await left_with_their_money(kie_shop, alice) == "job_unknown"
    assert kie_shop.telegram.clock.now_ms() - kie.last_task.created_at_ms < 2 * JOB_UNKNOWN_MS


async def test_a_long_wait_shows_progress(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """The screen tells how long it has been, and that it goes on."""
    kie.delays(ms=120_000)

    await confirms(kie_shop, alice)

    drawn = [call.parameters["text"] for call in kie_shop.telegram.calls if call.method == "editMessageText"]
    assert any("s of about 15 s" in text for text in drawn)
    assert any("Longer than usual" in text for text in drawn)


async def test_neither_key_nor_address_nor_prompt_is_told(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """No line and no span holds the key of KIE, the address that it calls, or what the user asked for."""
    kie.loses_answer(taken=True)
    await confirms(kie_shop, alice, prompt="a very private wish")

    told = repr((kie_shop.telemetry.lines, [(span.name, span.attributes) for span in kie_shop.telemetry.spans()]))

    proof = str(kie.last_task.callback_url).rpartition("/")[2]
    assert not {secret for secret in (kie.key, proof, "a very private wish") if secret in told}
    calls = {"createTask": "AnswerLost", "recordInfo": "OK", "download": "OK"}
    assert {span.name for span in kie_shop.telemetry.spans()} >= {f"kie/{operation}" for operation in calls}
    for operation, outcome in calls.items():
        labels = {"operation": operation, "outcome": outcome}
        assert kie_shop.telemetry.sample("botflight_provider_requests_total", **labels) > 0
