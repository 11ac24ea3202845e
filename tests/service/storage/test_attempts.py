from __future__ import annotations

from dataclasses import replace

import pytest

from botflight_service.generation.attempts import UNSETTLED, AttemptState
from botflight_service.storage.interface import Storage
from makings import ALICE, BOB, NOW_MS, PARTNER, attempt, move, task, work


async def test_history_is_newest_first_in_pages(storage: Storage) -> None:
    """A user's attempts come newest first, also when several began in the same millisecond."""
    attempts = [attempt(number) for number in range(5)]
    for one in attempts:
        await storage.commit(work(attempt=one))
    await storage.commit(work(attempt=attempt("Bob's", user_id=BOB)))

    first = await storage.history(PARTNER, ALICE, limit=3)
    second = await storage.history(PARTNER, ALICE, offset=3, limit=3)

    assert [*first, *second] == attempts[::-1]


async def test_attempts_in_states_come_oldest_change_first(storage: Storage) -> None:
    """The runner finds what it left, what waits longest first."""
    for number in range(3):
        await storage.commit(work(attempt=attempt(number, changed_at_ms=NOW_MS - number)))

    found = await storage.attempts_in(PARTNER, UNSETTLED, limit=2)

    assert [one.task_id for one in found] == [task(2), task(1)]


@pytest.mark.parametrize("state", list(AttemptState))
async def test_attempts_are_found_by_any_state(storage: Storage, state: AttemptState) -> None:
    """Each state finds its own, those at an end as well."""
    for one in AttemptState:
        await storage.commit(work(attempt=attempt(one, state=one)))

    found = await storage.attempts_in(PARTNER, [state], limit=9)

    assert [one.state for one in found] == [state]


async def test_no_states_find_nothing(storage: Storage) -> None:
    """Asked for no state at all, nothing is found."""
    await storage.commit(work(attempt=attempt()))

    assert await storage.attempts_in(PARTNER, [], limit=9) == []


async def test_a_move_puts_an_attempt_last(storage: Storage) -> None:
    """What was touched last waits behind the others."""
    for name in ("one", "two"):
        await storage.commit(work(attempt=attempt(name)))

    await storage.commit(replace(move(AttemptState.CONFIRMED, AttemptState.SUBMITTING, "one"), at_ms=NOW_MS + 1))

    found = await storage.attempts_in(PARTNER, UNSETTLED, limit=9)
    assert [one.task_id for one in found] == [task("two"), task("one")]


async def test_attempts_of_another_partner_are_not_seen(storage: Storage) -> None:
    """The same task_id of two partners is two attempts."""
    await storage.commit(work(attempt=attempt()))
    await storage.commit(replace(work(attempt=attempt(partner="p-other", model="upscale")), partner="p-other"))

    assert (await storage.history("p-other", ALICE, limit=9))[0].model == "upscale"
    assert (await storage.history(PARTNER, ALICE, limit=9)) == [attempt()]
