"""A process that pays as fast as it can and says what was acknowledged, until it is killed: `payer.py URL ROUND`."""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from uuid import UUID, uuid5

from botflight_service.billing import ledger
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import Attempt, AttemptState, Funding
from botflight_service.message import OutgoingMessage
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Move, Storage, Work

PARTNER = "p-main01"
CLIENTS = 8
NOW_MS = 1_790_000_000_000
PRICE = credits(1)
_NAMES = UUID("9d5a3c1e-0000-5000-8000-000000000002")


def acknowledge(what: str, name: str) -> None:
    """Tell the parent, past any buffer of ours."""
    os.write(1, f"{what} {name}\n".encode())


def task(name: str) -> UUID:
    """The task_id that stands for a name."""
    return uuid5(_NAMES, name)


async def buy(storage: Storage, user_id: int, name: str) -> None:
    """Pay, confirm, submit and settle one generation, and tell after each step."""
    task_id = task(name)
    terms = {"partner": PARTNER, "user_id": user_id, "amount": PRICE, "task_id": task_id, "at_ms": NOW_MS}
    attempt = Attempt(
        task_id=task_id,
        partner=PARTNER,
        user_id=user_id,
        chat_id=user_id,
        model="text_to_image",
        inputs={"prompt": name},
        price=PRICE,
        funding=Funding.BALANCE,
        state=AttemptState.CONFIRMED,
        correlation_id=task_id,
        trace_parent="",
        language="en",
        screen_message_id=None,
        created_at_ms=NOW_MS,
        changed_at_ms=NOW_MS,
    )
    told = (OutgoingMessage(chat_id=user_id, text=name, correlation_id=task_id),)
    await storage.credit_balance_once(PARTNER, user_id, PRICE, name)
    acknowledge("paid", name)
    await storage.commit(
        Work(partner=PARTNER, at_ms=NOW_MS, attempt=attempt, transfers=(ledger.hold(**terms),), messages=told)
    )
    acknowledge("held", name)
    failed = Move(task_id=task_id, of=frozenset({AttemptState.CONFIRMED}), to=AttemptState.FAILED)
    await storage.commit(
        Work(partner=PARTNER, at_ms=NOW_MS, move=failed, transfers=(ledger.release(**terms),), messages=told)
    )
    acknowledge("released", name)


async def main(url: str, number: str) -> None:
    """Keep the store busy from several sides."""
    storage = open_storage(url, clock=lambda: NOW_MS)
    await storage.open()

    async def client(user_id: int) -> None:
        for purchase in count():
            await buy(storage, user_id, f"{number}.{user_id}.{purchase}")

    await asyncio.gather(*(client(user_id) for user_id in range(1, CLIENTS + 1)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
