"""A process that spends one credit again and again and tells how often it could: `spender.py URL TAG SPENDS`."""

from __future__ import annotations

import asyncio
import sys

from botflight_service.storage import open_storage
from botflight_service.storage.interface import InsufficientFunds
from makings import ALICE, NOW_MS, PARTNER, task


async def main(url: str, tag: str, spends: str) -> None:
    """Spend from several sides at once, when told to begin."""
    storage = open_storage(url, clock=lambda: NOW_MS)
    await storage.open()

    async def spend(number: int) -> bool:
        try:
            return await storage.charge_balance_once(PARTNER, ALICE, 1, task(f"{tag} {number}"))
        except InsufficientFunds:
            return False

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    outcomes = await asyncio.gather(*(spend(number) for number in range(int(spends))))
    await storage.close()
    sys.stdout.write(f"{sum(outcomes)}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
