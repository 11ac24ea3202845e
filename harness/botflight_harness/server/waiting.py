"""Waiting for the first of several events."""

import asyncio


async def any_set(*events: asyncio.Event, within_s: float) -> bool:
    """Wait until one of the events is set. False when none was set in `within_s` seconds."""
    if any(event.is_set() for event in events):
        return True
    if len(events) == 1:  # without a task: every update that is posted waits here
        try:
            async with asyncio.timeout(within_s):
                return await events[0].wait()
        except TimeoutError:
            return False
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
