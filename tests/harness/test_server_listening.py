"""Serving an application for the time of a block."""

import asyncio
import signal
from typing import NoReturn

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from botflight_harness.server.listening import ListenError, PortBusyError, StartupFailedError, closing_of, serving


async def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


async def test_an_application_is_served_until_the_block_ends() -> None:
    """Inside the block the application answers, after it nobody does."""
    async with aiohttp.ClientSession() as session:
        async with serving(APP) as address, session.get(address.url) as response:
            answer = await response.text()

        assert answer == "hello"
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(address.url)


async def test_a_busy_port_has_an_error_of_its_own() -> None:
    """Who finds the port taken learns which, before anything was started."""
    async with serving(APP) as address:
        with pytest.raises(PortBusyError) as busy:
            async with serving(APP, port=address.port):
                pass

    assert busy.value.port == address.port
    assert str(address.port) in str(busy.value)


async def test_an_address_of_another_machine_is_refused() -> None:
    """An address that is not ours is an error with a sentence."""
    with pytest.raises(ListenError, match=r"cannot listen on port 0 of 192\.0\.2\.1"):
        async with serving(APP, host="192.0.2.1"):
            pass


async def test_a_long_answer_ends_when_the_server_closes() -> None:
    """A server that closes tells its long answers, which need not be cut off."""
    asked = asyncio.Event()

    async def until_closing(request: Request) -> PlainTextResponse:
        asked.set()
        await closing_of(request.scope).wait()
        return PlainTextResponse("closing")

    app = Starlette(routes=[Route("/long", until_closing)])

    async with aiohttp.ClientSession() as session:
        async with serving(app) as address:
            asking = asyncio.create_task(session.get(f"{address.url}/long"))
            await asked.wait()

        async with await asking as response:
            assert await response.text() == "closing"


async def test_a_failed_start_is_told() -> None:
    """An application whose own start fails is an error, not the end of the program."""
    with pytest.raises(StartupFailedError):
        async with serving(Starlette(lifespan=broken_lifespan)):
            pass


def broken_lifespan(_app: Starlette) -> NoReturn:
    raise RuntimeError("no store")


async def test_signals_are_left_alone() -> None:
    """The program's own handling of Ctrl-C stays in place."""
    before = signal.getsignal(signal.SIGINT)

    async with serving(APP):
        inside = signal.getsignal(signal.SIGINT)

    assert inside is before
