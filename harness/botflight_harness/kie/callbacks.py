"""KIE's calls at the end of a task: to addresses of this machine alone, or to whatever a test hands in."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from botflight_harness.server.loopback import host_of, is_loopback

#: What KIE gives a callback (docs.kie.ai, the pages on callbacks).
ANSWER_WITHIN_S = 15.0

#: Posts a body to a URL; the status.
Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call that was made."""

    url: str
    body: bytes
    #: 0 where nobody answered.
    status: int


class Callbacks:
    """Makes the calls, and remembers them."""

    def __init__(self, *, post: Post | None, hmac_key: str | None, now_ms: Callable[[], int]) -> None:
        self.post = post or post_to_this_machine
        self._hmac_key = hmac_key
        self._now_ms = now_ms
        self._under_way: set[asyncio.Task[None]] = set()
        self.made: list[Delivery] = []

    def begin(self, url: str, body: bytes, *, task_id: str, times: int) -> None:
        """Make a call, or several at the same moment, in the background."""
        for _ in range(times):
            task = asyncio.get_running_loop().create_task(self._in_background(url, body, task_id))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def call(self, url: str, body: bytes, *, task_id: str) -> int:
        """Make a call; the status, 0 where nobody answered."""
        headers = {"Content-Type": "application/json", "User-Agent": "kie.ai"} | self._signature(task_id)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                status = await self.post(url, body, headers)
        except (TimeoutError, aiohttp.ClientError):
            status = 0
        self.made.append(Delivery(url, body, status))
        return status

    async def idle(self) -> None:
        """Wait until no call is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Break off what is under way."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_background(self, url: str, body: bytes, task_id: str) -> None:
        await self.call(url, body, task_id=task_id)

    def _signature(self, task_id: str) -> dict[str, str]:
        """KIE's own: it covers the task's id and the time, not the body."""
        if self._hmac_key is None:
            return {}
        timestamp = str(self._now_ms() // 1000)
        digest = hmac.digest(self._hmac_key.encode(), f"{task_id}.{timestamp}".encode(), hashlib.sha256)
        return {"X-Webhook-Timestamp": timestamp, "X-Webhook-Signature": base64.b64encode(digest).decode()}


async def post_to_this_machine(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post over HTTP. Raises ValueError where the address is not on this machine."""
    if not is_loopback(host_of(url)):
        raise ValueError(f"{host_of(url)} is not this machine: the simulated KIE calls nobody else")
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status
