"""The fuzz of every address in a small dose, from a seed that stays; `make prove` runs it in full."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.fuzz.doors import Doors, every_address
from tests.fuzz.knocks import Knock
from tests.prove.knocking import at_the_harness, at_the_service, on_the_wire

from shop import Shop

REQUESTS = 300


async def test_whatever_the_service_is_asked_it_answers(tmp_path: Path) -> None:
    """Its webhook, the provider's calls, health, metrics, diagnostics, mutes and the console."""
    counts = await at_the_service(REQUESTS)(Random("small dose"), tmp_path)

    assert {"200", "400", "401", "404", "405"} <= counts.keys()


@pytest.mark.parametrize("number", range(2))
async def test_whatever_the_harness_is_asked_it_answers(number: int, tmp_path: Path) -> None:
    """The Bot API with every method, the page, and the control API."""
    counts = await at_the_harness(REQUESTS)(Random(f"small dose {number}"), tmp_path)

    assert {"200", "400", "404", "501"} <= counts.keys()


async def test_whatever_comes_on_a_connection_is_answered_or_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The short way to the webhook and the long one behind it, over a real socket; the server lives on."""
    caplog.set_level("CRITICAL", logger="uvicorn.error")

    counts = await on_the_wire(100)(Random("small dose"), tmp_path)

    assert {"200", "400", "401", "405"} <= counts.keys()


async def _raises(_: Request) -> Response:
    raise ValueError("a defect")


async def _reads_on(request: Request) -> Response:
    parts = 0
    async for _part in request.stream():
        parts += 1
        if parts == 100:
            break
    return Response()


async def _tells(_: Request) -> Response:
    return Response("it is s3cret")


@pytest.mark.parametrize(
    ("endpoint", "complaint"), [(_raises, "a defect"), (_reads_on, "bytes were read"), (_tells, "a secret")]
)
async def test_what_must_not_be_is_found(endpoint: object, complaint: str) -> None:
    """An address that fails, reads without a limit or tells a secret does not pass."""
    app = Starlette(routes=[Route("/", endpoint, methods=["POST"])])  # type: ignore[arg-type]  # one of the above
    doors = Doors(Random(1), app, secrets=("s3cret",), limits={}, limit=1000)

    with pytest.raises(AssertionError, match=complaint):
        await doors.try_one(Knock(method="POST", path="/", body=b"x", fate="endless"))


async def test_every_address_of_the_service_is_known(shop: Shop) -> None:
    """The fuzz takes its addresses from the routes themselves; these are there."""
    known = {path for path, _ in every_address(shop.service.asgi)}

    assert {
        "/webhook",
        "/livez",
        "/readyz",
        "/startupz",
        "/metrics",
        "/__diag/mutes/{code}",
        "/__diag/console/state",
    } <= known
