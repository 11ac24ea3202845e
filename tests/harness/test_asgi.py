import pytest

from botflight_harness import asgi


async def test_an_answer_in_parts_is_put_together() -> None:
    """Headers are in lower case, and a body may come in pieces."""

    async def app(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        got = await receive()
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Path", scope["path"].encode())]})
        await send({"type": "http.response.body", "body": got["body"], "more_body": True})
        await send({"type": "http.response.body", "body": b"!"})

    answer = await asgi.request(app, "POST", "/a?b=c", body=b"hello")

    assert (answer.status, answer.headers["x-path"], answer.text) == (201, "/a", "hello!")


async def test_an_app_that_cannot_start_says_so() -> None:
    """Its reason is the error's text."""

    async def app(_: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(asgi.LifespanFailed, match="no database"):
        await asgi.Lifespan(app).start()


async def test_an_app_without_lifespan_is_started_at_once() -> None:
    """Raising on the lifespan scope means that there is none."""

    async def app(scope: asgi.Scope, _: asgi.Receive, __: asgi.Send) -> None:
        raise NotImplementedError(scope["type"])

    lifespan = asgi.Lifespan(app)

    await lifespan.start()
    await lifespan.stop()


async def test_an_app_that_answers_nothing_is_broken() -> None:
    """There is no answer to make up."""

    async def app(_: asgi.Scope, __: asgi.Receive, ___: asgi.Send) -> None:
        return

    with pytest.raises(RuntimeError, match="answered nothing"):
        await asgi.request(app, "GET", "/")
