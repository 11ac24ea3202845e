"""A process that buys as fast as it can and says what was acknowledged, until it is killed: `payer URL ROUND`."""

from __future__ import annotations

import asyncio
import os
import sys

from tests.prove.purchase import NOW_MS, STEPS, USERS, Purchase

from botflight_service.storage import open_storage


def acknowledge(one: Purchase, steps: int) -> None:
    """Tell the parent, past any buffer of ours."""
    os.write(1, f"{one.name} {steps}\n".encode())


async def main(url: str, number: str) -> None:
    """Keep the store busy from several sides."""
    storage = open_storage(url, clock=lambda: NOW_MS)
    await storage.open()

    async def client(user_id: int) -> None:
        one = Purchase(int(number), user_id, 0)
        while True:
            for steps, step in enumerate(STEPS, 1):
                await step(storage, one)
                acknowledge(one, steps)
            one = one.after()

    await asyncio.gather(*map(client, USERS))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
