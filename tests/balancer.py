"""One address for several replicas: requests go to them in turn, and to the next one where one does not answer."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web


@dataclass
class Balancer:
    """What stands before the replicas, as an orchestrator's service does."""

    port: int
    #: The replicas' URLs; may be changed while it runs.
    replicas: list[str] = field(default_factory=list)
    turns: int = 0

    @property
    def url(self) -> str:
        """The one address."""
        return f"http://127.0.0.1:{self.port}"

    async def pass_on(self, request: web.Request, session: aiohttp.ClientSession) -> web.Response:
        """Give a request to the next replica that takes it; 502 where none does."""
        body = await request.read()
        self.turns += 1
        for replica in self._in_turn():
            try:
                async with session.request(
                    request.method, f"{replica}{request.path_qs}", data=body, headers=_passed(request)
                ) as answer:
                    return web.Response(status=answer.status, body=await answer.read())
            except aiohttp.ClientError:
                continue
        return web.Response(status=502)

    def _in_turn(self) -> Sequence[str]:
        first = self.turns % max(1, len(self.replicas))
        return self.replicas[first:] + self.replicas[:first]


@contextlib.asynccontextmanager
async def balancing(port: int) -> AsyncIterator[Balancer]:
    """Stand on a port for the time of the block."""
    balancer = Balancer(port)
    async with aiohttp.ClientSession() as session:

        async def handle(request: web.Request) -> web.Response:
            return await balancer.pass_on(request, session)

        runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield balancer
        finally:
            await runner.cleanup()


def _passed(request: web.Request) -> dict[str, str]:
    kept = ("X-Telegram-Bot-Api-Secret-Token", "Content-Type")
    return {name: request.headers[name] for name in kept if name in request.headers}
