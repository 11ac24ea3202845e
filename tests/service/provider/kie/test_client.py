"""KIE's client over HTTP against the simulated KIE: what each call comes to, and what KIE sees of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from botflight_harness.clock import VirtualClock
from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.kie.faults import Call, Loss
from botflight_harness.server import serving
from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.provider.interface import (
    AnswerLost,
    GenerationRequest,
    JobState,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from botflight_service.provider.kie import client as client_module
from botflight_service.provider.kie.callbacks import Callbacks
from botflight_service.provider.kie.provider import KieProvider
from makings_of_kie import CALLBACKS, provider_for

TOKEN = "8f14e45f-ceea-567f-a1b2-c3d4e5f60718"
PNG = b"\x89PNG\r\n\x1a\n" + b"a picture"


def order(model: str = "text_to_image", *, photo: bytes | None = None, **answers: str) -> GenerationRequest:
    """What the bot asks for."""
    return GenerationRequest(
        token=TOKEN,
        model=model,
        kind=ResultKind.PHOTO,
        inputs=answers or {"prompt": "a fox", "shape": "16:9"},
        files={} if photo is None else {"photo": photo},
    )


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def kie(clock: VirtualClock) -> AsyncIterator[FakeKie]:
    """A simulated KIE that makes no calls."""
    kie = FakeKie(clock=clock, post=_nobody)
    async with serving(kie_app(kie)) as address:
        kie.files_url = f"{address.url}/files"
        yield kie
        await kie.close()
    kie.check()


@pytest.fixture
async def provider(kie: FakeKie, clock: VirtualClock) -> AsyncIterator[KieProvider]:
    """A provider whose waits move the clock on."""

    async def sleep(seconds: float) -> None:
        until_ms = clock.now_ms() + round(seconds * 1000)
        await asyncio.sleep(0.001)
        clock.move_to(until_ms)

    url = kie.files_url.removesuffix("/files")
    provider = provider_for(url, key=kie.key, clock_ms=clock.now_ms, sleep=sleep)
    yield provider
    await provider.close()


async def _nobody(*_: object) -> int:
    return 200


async def error_of(provider: KieProvider, request: GenerationRequest | None = None) -> ProviderError:
    """What a submission raises."""
    with pytest.raises(ProviderError) as caught:
        await provider.submit(request or order())
    return caught.value


@pytest.mark.parametrize(
    ("request_", "model", "given"),
    [
        (
            order(prompt="a fox", shape="16:9"),
            "google/nano-banana",
            {"prompt": "a fox", "image_size": "16:9", "output_format": "png"},
        ),
        (
            order("text_to_video", prompt="a storm", shape="9:16", seconds="10"),
            "bytedance/v1-lite-text-to-video",
            {"prompt": "a storm", "aspect_ratio": "9:16", "duration": "10", "resolution": "720p"},
        ),
        (
            order("text_to_audio", prompt="rain", seconds="7"),
            "elevenlabs/sound-effect-v2",
            {"text": "rain", "duration_seconds": 7, "output_format": "mp3_44100_128"},
        ),
    ],
)
async def test_answers_are_said_in_kies_own_words(
    provider: KieProvider, kie: FakeKie, request_: GenerationRequest, model: str, given: dict[str, object]
) -> None:
    """Every model has names of its own for the same thing, and some want numbers, others texts."""
    await provider.submit(request_)

    assert dict(kie.last_task.order) == {"model": model, "input": given, "callBackUrl": CALLBACKS.url(TOKEN)}


async def test_where_nobody_can_be_called_no_address_is_given(kie: FakeKie) -> None:
    """In polling mode KIE is told no address, and everything is found out by asking."""
    callbacks = Callbacks(base_url=None, secret="unused")
    provider = provider_for(kie.files_url.removesuffix("/files"), key=kie.key, callbacks=callbacks)

    await provider.submit(order())

    await provider.close()
    assert kie.last_task.order.keys() == {"model", "input"}


@pytest.mark.parametrize(("model", "name"), [("image_to_image", "image_urls"), ("upscale", "image_url")])
async def test_a_photo_is_uploaded_and_named_by_its_url(
    provider: KieProvider, kie: FakeKie, model: str, name: str
) -> None:
    """One model takes a list of photos, the other one photo; nobody guesses where they are."""
    await provider.submit(order(model, photo=PNG, prompt="as a woodcut", factor="2"))

    ((file_name, content),) = kie.uploads.items()
    url = f"{kie.files_url}/{file_name}"
    assert kie.last_task.order["input"][name] == ([url] if name == "image_urls" else url)
    assert content == PNG
    assert len(file_name) > 32


@pytest.mark.parametrize(
    ("photo", "code"), [(b"GIF89a", "not_a_photo"), (b"", "not_a_photo"), (PNG + bytes(10 * 2**20), "photo_too_large")]
)
async def test_a_photo_that_kie_would_not_take_is_not_sent(
    provider: KieProvider, kie: FakeKie, photo: bytes, code: str
) -> None:
    """What is no picture, or over 10 MB, is refused here; KIE hears nothing of it."""
    error = await error_of(provider, order("image_to_image", photo=photo, prompt="as a woodcut"))

    assert (type(error), error.code) == (ProviderRefused, code)
    assert (dict(kie.uploads), kie.creates) == ({}, 0)


@pytest.mark.parametrize(
    ("code", "error_type", "failure", "alarm"),
    [
        (401, ProviderRefused, "unavailable", "401"),
        (402, ProviderRefused, "unavailable", "402"),
        (404, ProviderRefused, "refused", ""),
        (422, ProviderRefused, "refused", ""),
        (429, ProviderUnavailable, "unavailable", ""),
        (433, ProviderRefused, "unavailable", "433"),
        (455, ProviderUnavailable, "unavailable", "455"),
        (500, ProviderRefused, "generation_failed", ""),
        (501, ProviderRefused, "generation_failed", ""),
        (505, ProviderRefused, "unavailable", "505"),
        (999, ProviderRefused, "generation_failed", ""),
    ],
)
async def test_each_code_to_an_order_has_its_consequence(
    provider: KieProvider, kie: FakeKie, code: int, error_type: type[ProviderError], failure: str, alarm: str
) -> None:
    """Which are tried again, which settle the attempt, and which wake somebody."""
    kie.refuses(code)

    error = await error_of(provider)

    assert (type(error), error.code, error.alarm) == (error_type, failure, alarm)


@pytest.mark.parametrize(
    ("code", "error_type", "alarm"),
    [
        (401, ProviderUnavailable, "401"),
        (404, ProviderRefused, ""),
        (422, ProviderRefused, ""),
        (429, ProviderUnavailable, ""),
        (455, ProviderUnavailable, "455"),
        (500, ProviderUnavailable, ""),
    ],
)
async def test_each_code_to_a_question_has_its_consequence(
    provider: KieProvider, kie: FakeKie, code: int, error_type: type[ProviderError], alarm: str
) -> None:
    """A question may always be asked again; only what KIE does not know is settled."""
    job_id = await provider.submit(order())
    kie.refuses(code, call="recordInfo")

    with pytest.raises(ProviderError) as caught:
        await provider.query(job_id)

    assert (type(caught.value), caught.value.alarm) == (error_type, alarm)


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("how", ["timeout", "reset", "gateway"])
async def test_an_order_without_an_answer_is_lost(
    provider: KieProvider, kie: FakeKie, monkeypatch: pytest.MonkeyPatch, how: Loss, *, taken: bool
) -> None:
    """Silence, a broken connection or a gateway's page: nobody can tell whether it was taken."""
    monkeypatch.setattr(client_module, "CREATE_LIMIT_S", 0.2)
    kie.loses_answer(taken=taken, how=how)

    error = await error_of(provider)

    assert type(error) is AnswerLost
    assert (kie.creates, len(kie.tasks)) == (1, int(taken))


@pytest.mark.parametrize("call", ["recordInfo", "credit", "download", "upload"])
async def test_a_question_without_an_answer_may_be_asked_again(provider: KieProvider, kie: FakeKie, call: Call) -> None:
    """Questions and files change nothing: their answers are only late."""
    job_id = await provider.submit(order())
    kie.loses_answer(taken=True, call=call)
    calls: dict[Call, Callable[[], Awaitable[object]]] = {
        "recordInfo": lambda: provider.query(job_id),
        "credit": provider.credit,
        "download": lambda: provider.fetch(Artifact(ResultKind.PHOTO, f"{kie.files_url}/x.png", "x.png")),
        "upload": lambda: provider.submit(order("upscale", photo=PNG, factor="2")),
    }

    with pytest.raises(ProviderUnavailable):
        await calls[call]()

    assert kie.creates == 1


async def test_where_nobody_listens_nothing_was_taken() -> None:
    """The connection never came about, so the same order may come again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        provider = provider_for(f"http://127.0.0.1:{unused.getsockname()[1]}", key="a key")

        error = await error_of(provider)

    await provider.close()
    assert type(error) is ProviderUnavailable


async def test_whoever_looks_like_no_browser_is_blocked(
    provider: KieProvider, monkeypatch: pytest.MonkeyPatch, kie: FakeKie
) -> None:
    """Cloudflare's 403 is told apart from a lost answer: nothing was taken, and somebody has to act."""
    monkeypatch.setitem(provider._client._authorized, "User-Agent", "aiohttp")

    error = await error_of(provider)

    assert (type(error), error.alarm, kie.creates) == (ProviderRefused, "403", 0)


async def test_a_wrong_key_is_told(kie: FakeKie) -> None:
    """KIE answers 401 in the body."""
    provider = provider_for(kie.files_url.removesuffix("/files"), key="another")

    error = await error_of(provider)

    await provider.close()
    assert (type(error), error.alarm) == (ProviderRefused, "401")


@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        ("500", "Internal Error, Please try again later.", "generation_failed"),
        ("422", "image_url is invalid", "refused"),
        ("400", "Your prompt was flagged as violating content policies", "content_refused"),
    ],
)
async def test_why_a_task_failed_is_one_of_our_codes(
    provider: KieProvider, kie: FakeKie, clock: VirtualClock, code: str, message: str, failure: str
) -> None:
    """KIE's text is looked at, and goes no further."""
    kie.fails(code, message)
    job_id = await provider.submit(order())
    clock.move(minutes=1)

    status = await provider.query(job_id)

    assert (status.state, status.failure, status.token) == (JobState.FAILED, failure, TOKEN)


async def test_a_job_stands_where_kie_says(provider: KieProvider, clock: VirtualClock) -> None:
    """Waiting and queuing are a queue, generating is work."""
    job_id = await provider.submit(order())

    states = []
    for _ in range(3):
        states.append((await provider.query(job_id)).state)
        clock.move(ms=500)

    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.RUNNING]


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:1/files/x.png", "https://169.254.169.254/latest/meta-data", "file:///etc/passwd"]
)
async def test_a_result_that_points_inside_is_not_fetched(provider: KieProvider, place: str) -> None:
    """A result's URL is a stranger's word."""
    with pytest.raises(ProviderRefused) as caught:
        await provider.fetch(Artifact(ResultKind.PHOTO, place, "x.png"))

    assert caught.value.code == "file_not_allowed"


async def test_a_listed_name_that_leads_inside_is_not_followed() -> None:
    """Whoever controls a name may let it stand for an address of ours."""
    provider = provider_for("https://api.example", key="a key", file_hosts=("localhost",))

    with pytest.raises(ProviderRefused) as caught:
        await provider.fetch(Artifact(ResultKind.PHOTO, "https://localhost/x.png", "x.png"))

    await provider.close()
    assert (caught.value.code, "public" in str(caught.value)) == ("file_not_allowed", True)


@pytest.fixture
async def elsewhere() -> AsyncIterator[str]:
    """A server that sends on: to a file, to a place inside, in a circle."""

    async def send_on(request: Request) -> Response:
        return RedirectResponse(request.query_params["to"])

    async def file(request: Request) -> Response:
        return Response(b"no key" if "Authorization" not in request.headers else b"a key")

    app = Starlette(routes=[Route("/to", send_on), Route("/file", file)])
    async with serving(app) as address:
        yield address.url


async def test_a_file_may_be_elsewhere_on_a_listed_host(elsewhere: str) -> None:
    """A redirect is followed, and the key goes along to none of them."""
    provider = provider_for(elsewhere, key="a key")

    content = await provider.fetch(Artifact(ResultKind.PHOTO, f"{elsewhere}/to?to=/file", "x.png"))

    await provider.close()
    assert content == b"no key"


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/latest", "https://evil.example/x", "/to?to=/to", "//[", "file:///etc"]
)
async def test_a_redirect_that_leads_astray_is_not_followed(elsewhere: str, place: str) -> None:
    """Each step is checked anew, and there are few of them."""
    provider = provider_for(elsewhere, key="a key")
    around = place.replace("/to?to=/to", "/to?to=" + quote("/to?to=" + quote("/to?to=" + quote("/to?to=/file"))))

    with pytest.raises(ProviderRefused) as caught:
        await provider.fetch(Artifact(ResultKind.PHOTO, f"{elsewhere}/to?to={quote(around)}", "x.png"))

    await provider.close()
    assert caught.value.code == "file_not_allowed"


async def test_a_file_over_the_limit_is_not_read(
    provider: KieProvider, kie: FakeKie, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Telegram would not take is not fetched to the end."""
    monkeypatch.setattr(client_module, "MAX_FILE_BYTES", 10)
    job_id = await provider.submit(order())
    clock.move(minutes=1)
    artifact = (await provider.query(job_id)).artifact
    assert artifact is not None

    with pytest.raises(ProviderRefused) as caught:
        await provider.fetch(artifact)

    assert caught.value.code == "file_too_large"


async def test_a_file_is_gone_after_a_day(provider: KieProvider, clock: VirtualClock) -> None:
    """KIE keeps results for 24 hours."""
    job_id = await provider.submit(order())
    clock.move(minutes=1)
    artifact = (await provider.query(job_id)).artifact
    assert artifact is not None
    clock.move(hours=24)

    with pytest.raises(ProviderRefused) as caught:
        await provider.fetch(artifact)

    assert caught.value.code == "file_gone"


async def test_the_credit_goes_down_with_each_task(provider: KieProvider, kie: FakeKie) -> None:
    """What is left on the account is KIE's word."""
    before = await provider.credit()

    await provider.submit(order())

    assert (before, await provider.credit()) == (10_000, 9_996)


async def test_without_credits_nothing_is_taken(provider: KieProvider, kie: FakeKie) -> None:
    """402, and somebody has to top up."""
    kie.credit = 3

    error = await error_of(provider)

    assert (type(error), error.alarm, len(kie.tasks)) == (ProviderRefused, "402", 0)
