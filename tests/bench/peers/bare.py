"""An ASGI app that reads the body and answers 200, under uvicorn as the service runs it: what the load can reach."""

from typing import Any

import uvicorn
from tests.bench.peers.environment import Environment


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve until a signal."""
    environment = Environment.read()
    uvicorn.run(
        app,
        host=environment.host,
        port=environment.port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
    )


if __name__ == "__main__":
    main()
