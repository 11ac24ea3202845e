"""The door for Telegram's webhook, from outside: what is let in, what is refused, and what is asked to come again."""

from __future__ import annotations

import orjson
import pytest

from botflight_harness.telegram import Person, Telegram
from botflight_harness.webhook import SECRET_HEADER
from botflight_service.lifecycle import Phase
from botflight_service.updates import worker as worker_module
from botflight_service.web.webhook import MAX_BODY_BYTES
from shop import PARTNER, SECRET, Shop

HEADERS = {SECRET_HEADER: SECRET, "Content-Type": "application/json"}
UPDATE = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "hi"}}


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: "sécret"}, {SECRET_HEADER: ""}])
async def test_without_the_secret_nothing_is_let_in(shop: Shop, headers: dict[str, str]) -> None:
    """401, and the body is not even looked at."""
    answer = await shop.harness.request("POST", "/webhook", headers=headers, body=b"not json")

    assert answer.status == 401
    assert list(await shop.storage.undone(PARTNER)) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"update_id": "1"}',
        b'{"update_id": true}',
        b'{"update_id": -1}',
        b"\xff\xfe",
        b'{"update_id": 1e999}',
    ],
)
async def test_what_is_no_update_is_refused(shop: Shop, body: bytes) -> None:
    """400 with a reason; an update that can never be read would come again for a day."""
    answer = await shop.harness.request("POST", "/webhook", headers=HEADERS, body=body)

    assert answer.status == 400
    assert answer.text


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_a_mebibyte_is_refused(shop: Shop, declared: bool) -> None:  # noqa: FBT001
    """413, whether the length was declared or not."""
    body = b"x" * (MAX_BODY_BYTES + 1)
    length = {"Content-Length": str(len(body))} if declared else {}

    answer = await shop.harness.request("POST", "/webhook", headers={**HEADERS, **length}, body=body)

    assert answer.status == 413


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_only_post_is_taken(shop: Shop, method: str) -> None:
    """405 says which method is."""
    answer = await shop.harness.request(method, "/webhook", headers=HEADERS)

    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


async def test_every_refusal_leaves_a_line_and_a_count(shop: Shop) -> None:
    """Who knocks with a wrong secret is seen in the log and in the metrics."""
    await shop.harness.request("POST", "/webhook", headers={}, body=b"")

    assert shop.telemetry.events("WEBHOOK_REFUSED")[0]["status"] == 401
    assert shop.telemetry.sample("botflight_updates_refused_total", status="401") == 1


@pytest.mark.parametrize("phase", [Phase.DRAINING, Phase.STOPPED])
async def test_while_draining_an_update_is_asked_to_come_again(shop: Shop, phase: Phase) -> None:
    """503 with Retry-After; Telegram keeps the update and honours it."""
    shop.service.service.lifecycle.phase = phase

    answer = await shop.harness.request("POST", "/webhook", headers=HEADERS, body=orjson.dumps(UPDATE))

    shop.service.service.lifecycle.phase = Phase.READY
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    early = shop.telemetry.events("WEBHOOK_EARLY_UPDATE")[0]
    assert (early["update_id"], early["kept"]) == (1, False)


async def test_before_ready_an_update_is_kept_and_told(shop: Shop) -> None:
    """With the store open, 200 means that it is durable, ready or not."""
    shop.service.service.lifecycle.phase = Phase.RECOVERING

    answer = await shop.harness.request("POST", "/webhook", headers=HEADERS, body=orjson.dumps(UPDATE))

    shop.service.service.lifecycle.phase = Phase.READY
    assert answer.status == 200
    assert shop.telemetry.events("WEBHOOK_EARLY_UPDATE")[0]["kept"]
    assert shop.telemetry.sample("botflight_updates_early_total") == 1


async def test_when_the_store_fails_the_update_is_not_acknowledged(shop: Shop) -> None:
    """503: an update that could not be kept stays with Telegram."""
    await shop.storage.close()

    answer = await shop.harness.request("POST", "/webhook", headers=HEADERS, body=orjson.dumps(UPDATE))

    assert answer.status == 503
    assert answer.text == "not now: store"


async def test_when_too_much_waits_no_more_is_taken(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a limit: Telegram's queue is the longer one."""
    monkeypatch.setattr(worker_module, "MAX_WAITING", 0)

    answer = await shop.harness.request("POST", "/webhook", headers=HEADERS, body=orjson.dumps(UPDATE))

    assert answer.status == 503


async def test_an_update_comes_again_after_a_503_and_is_handled(telegram: Telegram, shop: Shop, alice: Person) -> None:
    """Telegram's own retry brings it: the person has their answer, later."""
    shop.service.service.lifecycle.phase = Phase.DRAINING
    act = alice.send_text("/start")
    refused = await shop.harness.courier._hand_over(act.update)
    shop.service.service.lifecycle.phase = Phase.READY

    await shop.harness.carry(act.updates)

    assert not refused.accepted
    assert alice.last.from_bot
    assert telegram is shop.telegram
