"""The door for the provider's calls, from outside: what is let in, what is refused, what is asked to come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from botflight_harness import asgi
from botflight_harness.kie import FakeKie
from botflight_harness.telegram import Person, Telegram
from botflight_service.generation.attempts import AttemptState
from botflight_service.lifecycle import Phase
from botflight_service.provider.kie.callbacks import CALLBACK_PATH, Callbacks
from botflight_service.web import provider_callback
from botflight_service.web.provider_callback import MAX_BODY_BYTES, MAX_CALLS
from kie_shop import confirms, only_attempt, open_kie, open_kie_shop
from shop import SECRET, Shop

TOKEN = "8f14e45f-ceea-567f-a1b2-c3d4e5f60718"
PROOF = Callbacks(base_url=None, secret=SECRET).proof(TOKEN)
PATH = f"{CALLBACK_PATH}/{TOKEN}/{PROOF}"
CALL = orjson.dumps({"code": 200, "data": {"taskId": "task_1", "state": "success"}})


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


def outcomes(shop: Shop) -> list[str]:
    """What came of each call."""
    return [line["outcome"] for line in shop.telemetry.events("PROVIDER_CALLBACK")]


@pytest.mark.parametrize("proof", ["", "x", PROOF[:-1], f"{PROOF}=", Callbacks(base_url=None, secret="x").proof(TOKEN)])
async def test_an_address_that_was_never_given_out_is_refused(kie_shop: Shop, proof: str) -> None:
    """401, the body is not looked at, and the token of such an address is not believed enough to be logged."""
    answer = await kie_shop.harness.request("POST", f"{CALLBACK_PATH}/{TOKEN}/{proof}", body=b"not json")

    assert answer.status == (401 if proof else 404)
    assert TOKEN not in repr(kie_shop.telemetry.lines)


async def test_only_posts_are_taken(kie_shop: Shop) -> None:
    """405 says so."""
    answer = await kie_shop.harness.request("GET", PATH)

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"{}", b'{"data":{}}', b'{"data":{"taskId":"a b"}}', b"\xff"]
)
async def test_what_is_no_call_of_kies_is_refused(kie_shop: Shop, body: bytes) -> None:
    """400: it would be the same again."""
    answer = await kie_shop.harness.request("POST", PATH, body=body)

    assert answer.status == 400


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused(kie_shop: Shop, *, declared: bool) -> None:
    """413, whether the length was declared or not."""
    body = b"x" * (MAX_BODY_BYTES + 1)
    headers = {"Content-Length": str(len(body))} if declared else {}

    answer = await kie_shop.harness.request("POST", PATH, headers=headers, body=body)

    assert answer.status == 413


async def test_a_call_for_an_attempt_that_is_not_there_changes_nothing(kie_shop: Shop) -> None:
    """It is answered, so that it does not come again."""
    answer = await kie_shop.harness.request("POST", PATH, body=CALL)

    assert (answer.status, outcomes(kie_shop)) == (200, ["NOT_OURS"])


async def test_while_the_store_is_closed_it_is_asked_to_come_again(kie_shop: Shop) -> None:
    """503 with Retry-After, as the webhook does it."""
    kie_shop.service.service.lifecycle.enter(Phase.DRAINING)

    answer = await kie_shop.harness.request("POST", PATH, body=CALL)

    assert (answer.status, answer.headers["retry-after"], outcomes(kie_shop)) == (503, "5", ["LATER"])


async def test_what_cannot_be_checked_is_asked_to_come_again(kie_shop: Shop, kie: FakeKie, alice: Person) -> None:
    """KIE does not answer whether the task is ours: nothing is believed, and the next call settles it."""
    kie.loses_answer(taken=True)
    kie.calls_back(times=0)
    await confirms(kie_shop, alice)
    kie.refuses(500, call="recordInfo")

    statuses = [await kie.tells(kie.last_task), await kie.tells(kie.last_task)]
    await kie_shop.service.service.idle()

    assert (statuses, outcomes(kie_shop)) == ([503, 200], ["LATER", "KNOWN"])
    assert (await only_attempt(kie_shop, alice)).state is AttemptState.DELIVERED


async def test_a_check_that_takes_too_long_is_broken_off(
    kie_shop: Shop, kie: FakeKie, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KIE waits 15 s for an answer: ours comes before."""
    kie.loses_answer(taken=True)
    kie.calls_back(times=0)
    await confirms(kie_shop, alice)
    monkeypatch.setattr(provider_callback, "ANSWER_WITHIN_S", 0.1)
    kie.loses_answer(taken=True, how="timeout", call="recordInfo")

    assert await kie.tells(kie.last_task) == 503


async def test_too_many_calls_at_once_are_asked_to_come_again(kie_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of genuine calls does not keep the store busy."""
    release = asyncio.Event()
    attempt = kie_shop.service.runner._storage.attempt

    async def slowly(*arguments: object) -> object:
        await release.wait()
        return await attempt(*arguments)

    monkeypatch.setattr(kie_shop.service.runner._storage, "attempt", slowly, raising=False)
    calls = [
        asyncio.create_task(asgi.request(kie_shop.service.asgi, "POST", PATH, body=CALL)) for _ in range(MAX_CALLS + 1)
    ]
    done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    release.set()
    await asyncio.gather(*calls)

    assert [(await call).status for call in done] == [503]
    assert [(await call).status for call in calls].count(200) == MAX_CALLS


async def test_the_span_of_a_call_holds_no_part_of_its_address(kie_shop: Shop) -> None:
    """The address is a secret."""
    await kie_shop.harness.request("POST", PATH, body=CALL)

    (span,) = kie_shop.telemetry.spans("POST /provider")
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/provider",
        "http.response.status_code": 200,
    }


async def test_without_kie_there_is_no_such_door(shop: Shop) -> None:
    """The provider that draws here calls nobody."""
    answer = await shop.harness.request("POST", PATH, body=CALL)

    assert answer.status == 404
