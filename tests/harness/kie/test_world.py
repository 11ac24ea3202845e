"""The simulated KIE by itself, in process: its clock, its words, its limits, its callbacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest

from botflight_harness.clock import VirtualClock
from botflight_harness.kie import FakeKie, KieRefusal
from botflight_harness.kie.refusals import KieLost

URL = "http://127.0.0.1:1/called"


def order(*, callback: bool = False, **changes: Any) -> dict[str, Any]:
    """A picture."""
    given = {"model": "google/nano-banana", "input": {"prompt": "a fox"}, **changes}
    return {**given, "callBackUrl": URL} if callback else given


class Listener:
    """Hears callbacks."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Take one."""
        assert url == URL
        self.heard.append(orjson.loads(body))
        self.headers.append(headers)
        return 200


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def kie(listener: Listener) -> AsyncIterator[FakeKie]:
    """A simulated KIE on a virtual clock."""
    kie = FakeKie(clock=VirtualClock(), post=listener)
    yield kie
    await kie.close()


async def pass_(kie: FakeKie, **duration: float) -> None:
    """Let time go by."""
    assert isinstance(kie.clock, VirtualClock)
    await kie.clock.advance(**duration)


async def test_a_task_stands_where_the_clock_says(kie: FakeKie) -> None:
    """waiting, queuing, generating, success; then the files have URLs."""
    task_id = await kie.create(order())

    states = []
    for ms in (500, 500, 4_500, 500):
        states.append(kie.record(task_id)["state"])
        await pass_(kie, ms=ms)

    assert states == ["waiting", "queuing", "generating", "generating"]
    record = kie.record(task_id)
    assert record["state"] == "success"
    assert orjson.loads(record["resultJson"]) == {"resultUrls": [f"{kie.files_url}/{task_id}.png"]}


async def test_its_files_are_pictures_and_go_after_a_day(kie: FakeKie) -> None:
    """There is none before the end, and none 24 hours after it."""
    task = await kie.create(order())
    early = kie.file(f"{task}.png")
    await pass_(kie, seconds=6)

    content = kie.file(f"{task}.png")
    await pass_(kie, hours=24)

    assert early is None
    assert content is not None
    assert content.startswith(b"\x89PNG")
    assert kie.file(f"{task}.png") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "nobody/sells-this"},
        {"input": None},
        {"input": {}},
        {"input": {"prompt": ""}},
        {"input": {"prompt": "x" * 5001}},
        {"input": {"prompt": 7}},
        {"input": {"prompt": "a", "image_size": "17:9"}},
        {"model": "google/nano-banana-edit", "input": {"prompt": "a", "image_urls": "http://x"}},
        {"model": "google/nano-banana-edit", "input": {"prompt": "a", "image_urls": ["x"]}},
        {"model": "google/nano-banana-edit", "input": {"prompt": "a", "image_urls": ["http://x"] * 11}},
        {"model": "bytedance/v1-lite-text-to-video", "input": {"prompt": "a", "duration": 5}},
        {"model": "elevenlabs/sound-effect-v2", "input": {"text": "a", "duration_seconds": "5"}},
        {"model": "elevenlabs/sound-effect-v2", "input": {"text": "a", "duration_seconds": 23}},
        {"model": "elevenlabs/sound-effect-v2", "input": {"text": "a", "loop": "yes"}},
        {"model": "topaz/image-upscale", "input": {"image_url": "http://x"}},
    ],
)
async def test_an_order_that_does_not_fit_is_a_422(kie: FakeKie, wrong: dict[str, Any]) -> None:
    """As the pages of the models say; nothing is taken and nothing is paid."""
    with pytest.raises(KieRefusal) as caught:
        await kie.create(order(**wrong))

    assert caught.value.code == 422
    assert (len(kie.tasks), kie.credit) == (0, 10_000)


async def test_the_twenty_first_order_in_ten_seconds_is_a_429(kie: FakeKie) -> None:
    """It does not count, and ten seconds after the first there is room again."""
    for _ in range(20):
        await kie.create(order())

    with pytest.raises(KieRefusal) as caught:
        await kie.create(order())

    await pass_(kie, seconds=10)
    await kie.create(order())
    assert (caught.value.code, len(kie.tasks)) == (429, 21)


async def test_the_eleventh_question_in_a_second_is_a_429(kie: FakeKie) -> None:
    """Ten a second for a key."""
    task_id = await kie.create(order())
    for _ in range(10):
        kie.record(task_id)

    with pytest.raises(KieRefusal) as caught:
        kie.record(task_id)

    assert caught.value.code == 429


async def test_a_task_costs_credits_and_a_failed_one_does_not(kie: FakeKie) -> None:
    """Without enough of them an order is a 402."""
    kie.credit = 5
    kie.fails()
    await kie.create(order())
    await kie.create(order())

    with pytest.raises(KieRefusal) as caught:
        await kie.create(order())

    assert (caught.value.code, kie.account()) == (402, 1)


async def test_the_end_is_told_as_it_is_documented(kie: FakeKie, listener: Listener) -> None:
    """Once, when it has come; a failure with the code 501."""
    kie.fails("500", "Internal Error")
    task_id = await kie.create(order(callback=True))
    early = list(listener.heard)

    await pass_(kie, minutes=1)

    ((told,), data) = listener.heard, listener.heard[0]["data"]
    assert (early, told["code"]) == ([], 501)
    assert (data["taskId"], data["state"], data["failCode"], data["consumeCredits"]) == (task_id, "fail", "500", 0)


async def test_a_success_is_told_with_what_it_cost(kie: FakeKie, listener: Listener) -> None:
    """Credits used and left, and the time that it took."""
    await kie.create(order(callback=True))

    await pass_(kie, minutes=1)

    (told,) = listener.heard
    assert (told["code"], told["data"]["consumeCredits"], told["data"]["remainedCredits"]) == (200, 4, 9_996)
    assert told["data"]["costTime"] == 5


async def test_a_callback_is_signed_over_task_and_time(listener: Listener) -> None:
    """KIE's own signature does not cover the body: that is why a callback proves nothing."""
    kie = FakeKie(clock=VirtualClock(), post=listener, hmac_key="a hmac key")
    task_id = await kie.create(order(callback=True))
    await pass_(kie, minutes=1)

    (headers,) = listener.headers
    signed = f"{task_id}.{headers['X-Webhook-Timestamp']}".encode()
    expected = base64.b64encode(hmac.digest(b"a hmac key", signed, hashlib.sha256)).decode()
    assert headers["X-Webhook-Signature"] == expected
    await kie.close()


async def test_callbacks_repeat_stay_away_or_come_early(kie: FakeKie, listener: Listener) -> None:
    """Each is one line in a test."""
    kie.calls_back(times=3)
    kie.calls_back(times=0)
    kie.calls_back(times=1, early=True)

    await kie.create(order(callback=True))
    await kie.create(order(callback=True))
    await kie.create(order(callback=True))
    early = len(listener.heard)
    await pass_(kie, minutes=1)

    assert (early, len(listener.heard)) == (1, 4)


@pytest.mark.parametrize("taken", [True, False])
async def test_a_lost_answer_leaves_a_task_or_none(kie: FakeKie, *, taken: bool) -> None:
    """Whoever ordered cannot tell."""
    kie.loses_answer(taken=taken)

    with pytest.raises(KieLost):
        await kie.create(order())

    assert len(kie.tasks) == int(taken)


async def test_a_fault_that_never_happens_is_told(kie: FakeKie) -> None:
    """A test that asks for what does not come about proves nothing."""
    kie.refuses(429)

    with pytest.raises(AssertionError, match="429"):
        kie.check()


async def test_only_this_machine_is_called() -> None:
    """The simulated KIE never calls out."""
    kie = FakeKie(clock=VirtualClock())

    with pytest.raises(ValueError, match="not this machine"):
        await kie.forges("https://example.com/x", b"{}")

    await kie.close()
