from __future__ import annotations

import asyncio
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from botflight_diagnostics.billing_preflight import (
    AttemptFacts,
    BalanceFacts,
    BillingProbe,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)
from botflight_service.billing.quotas import day_of
from botflight_service.generation.attempts import AttemptState
from botflight_service.storage.interface import Storage
from makings import ALICE, BOB, NOW_MS, PARTNER, TODAY, attempt, session, task, work

DAY_MS = 86_400_000


@pytest.fixture
def probe(storage: Storage) -> BillingProbe:
    return storage.probe(PARTNER, day_of=day_of)


async def test_an_empty_store_has_empty_facts(probe: BillingProbe) -> None:
    """Nothing is counted, nothing is wrong, and no range is made up."""
    assert await probe.tenants() == TenantFacts(partners_found=0, partners_sample=(), storage_partner=PARTNER)
    assert await probe.users() == UserFacts(records=0)
    assert await probe.balances(now_ms=NOW_MS) == BalanceFacts(
        records=0, partners=0, negative=0, updated_24h=0, sum_hundredths=0, mismatched=None
    )
    assert await probe.free_limits(now_ms=NOW_MS, daily_limit=5) == FreeLimitFacts(
        daily_limit=5, records=0, partners=0, violations=0, used_today_min=None, used_today_max=None
    )
    assert await probe.attempts(now_ms=NOW_MS, stale_after_ms=60_000) == AttemptFacts(
        total=0, last_24h=0, duplicate_request_ids=0, stale_pending=0, unknown=0, holds_without_attempt=0
    )


async def test_the_database_tells_its_versions(probe: BillingProbe) -> None:
    """Product, schema and how long the answer took."""
    facts = await probe.database()

    assert re.match(r"SQLite 3\.\d+|PostgreSQL \d+|JSON Lines", facts.version)
    assert facts.schema_version == facts.expected_schema_version >= 1
    assert facts.latency_ms > 0


async def test_partners_and_users_are_counted(storage: Storage, probe: BillingProbe) -> None:
    """Each user counts once, for their partner; partners with most users come first."""
    for partner, user_id in (("p-a", 1), (PARTNER, 1), (PARTNER, 2), (PARTNER, 1)):
        await storage.commit(replace(work(session=session(5, user_id=user_id)), partner=partner))

    assert await probe.users() == UserFacts(records=2)
    assert await probe.tenants() == TenantFacts(
        partners_found=2, partners_sample=("p-a", PARTNER), storage_partner=PARTNER, partners_top=(PARTNER, "p-a")
    )


async def test_balances_are_counted_by_account(storage: Storage, probe: BillingProbe) -> None:
    """A wallet and what is held from it are two accounts; the house's own are not counted, yet all sum to zero."""
    await storage.credit_balance_once(PARTNER, ALICE, 10, "a payment")
    await storage.credit_balance_once("p-other", ALICE, 10, "a payment")
    await storage.hold_balance_once(PARTNER, ALICE, 4, task())

    facts = await probe.balances(now_ms=NOW_MS + DAY_MS)

    assert (facts.records, facts.partners, facts.updated_24h, facts.sum_hundredths) == (2, 2, 2, 0)
    assert (await probe.balances(now_ms=NOW_MS + DAY_MS + 1)).updated_24h == 0


async def test_free_limits_look_at_the_partners_day(storage: Storage) -> None:
    """Uses of the day that the partner has now are counted; more than the limit is a violation, with its user."""
    for number in range(3):
        await storage.consume_free_generation_once(PARTNER, ALICE, task(number), day=TODAY, daily_limit=5)
    await storage.consume_free_generation_once(PARTNER, BOB, task("Bob's"), day=TODAY, daily_limit=5)
    await storage.consume_free_generation_once(PARTNER, BOB, task("later"), day="2026-09-22", daily_limit=5)

    today = await storage.probe(PARTNER, day_of=lambda _: TODAY).free_limits(now_ms=NOW_MS, daily_limit=2)

    assert today == FreeLimitFacts(
        daily_limit=2, records=2, partners=1, violations=1, used_today_min=1, used_today_max=3, sample=(ALICE,)
    )


async def test_what_happened_within_a_day_is_counted_to_the_millisecond(
    storage: Storage, probe: BillingProbe, clock: Any
) -> None:
    """By hours or not: what is a millisecond too old does not count, whichever hour it falls into."""
    ages_ms = [0, 3_599_999, 3_600_000, DAY_MS - 3_600_001, DAY_MS - 1, DAY_MS, DAY_MS + 1, DAY_MS + 3_600_000]
    for number, age_ms in enumerate(ages_ms):
        then = clock.now_ms = NOW_MS - age_ms
        await storage.commit(work(attempt=attempt(number, created_at_ms=then, changed_at_ms=then)))
        await storage.credit_balance_once(PARTNER, number + 1, 10, f"payment {number}")

    for later_ms in (0, 1, 2, 3_599_999, 3_600_000, 7_200_000):
        asked_at_ms = NOW_MS + later_ms
        expected = sum(age_ms + later_ms <= DAY_MS for age_ms in ages_ms)
        attempts = await probe.attempts(now_ms=asked_at_ms, stale_after_ms=1)
        balances = await probe.balances(now_ms=asked_at_ms)
        assert (attempts.last_24h, balances.updated_24h) == (expected, expected), later_ms


async def test_an_account_that_changes_again_is_counted_once(storage: Storage, probe: BillingProbe, clock: Any) -> None:
    """It moves from the hour of its last change to that of its newest, and leaves none behind."""
    for later_ms in (0, 60_000, 3_600_000, 2 * DAY_MS):
        clock.now_ms = NOW_MS + later_ms
        await storage.credit_balance_once(PARTNER, ALICE, 10, f"payment {later_ms}")

    assert (await probe.balances(now_ms=NOW_MS + DAY_MS)).updated_24h == 1
    assert (await probe.balances(now_ms=NOW_MS + 2 * DAY_MS)).updated_24h == 1
    assert (await probe.balances(now_ms=NOW_MS + 3 * DAY_MS + 1)).updated_24h == 0


async def test_hours_that_nobody_asks_for_are_pruned(storage: Storage, probe: BillingProbe, clock: Any) -> None:
    """Pruning forgets them, and what is asked for is as it was; an account of such an hour may change again."""
    clock.now_ms = NOW_MS - 9 * DAY_MS
    await storage.credit_balance_once(PARTNER, ALICE, 10, "an old payment")
    clock.now_ms = NOW_MS
    await storage.credit_balance_once(PARTNER, BOB, 10, "a payment")

    await storage.prune(PARTNER, before_ms=NOW_MS - 7 * DAY_MS)
    before = (await probe.balances(now_ms=NOW_MS)).updated_24h
    await storage.credit_balance_once(PARTNER, ALICE, 10, "another payment")

    assert (before, (await probe.balances(now_ms=NOW_MS)).updated_24h) == (1, 2)


async def test_attempts_are_counted_by_what_they_need(storage: Storage, probe: BillingProbe) -> None:
    """All, those of the last day, those that nobody touched for long, those whose answer never came."""
    for number, (state, age_ms) in enumerate(
        [
            (AttemptState.DELIVERED, 2 * DAY_MS),
            (AttemptState.RUNNING, 60_001),
            (AttemptState.RUNNING, 60_000),
            (AttemptState.SUCCEEDED, 60_001),
            (AttemptState.UNKNOWN, 5),
        ]
    ):
        then = NOW_MS - age_ms
        await storage.commit(work(attempt=attempt(number, state=state, created_at_ms=then, changed_at_ms=then)))

    assert await probe.attempts(now_ms=NOW_MS, stale_after_ms=60_000) == AttemptFacts(
        total=5, last_24h=4, duplicate_request_ids=0, stale_pending=1, unknown=1, holds_without_attempt=0
    )


async def test_a_job_of_two_attempts_is_a_duplicate(storage: Storage, probe: BillingProbe) -> None:
    """A provider that gives one job id twice is found out, once, whichever way the id was written."""
    await storage.commit(work(attempt=attempt("one", job_id="job-1")))
    await storage.commit(work(attempt=attempt("two", job_id="job-1")))
    await storage.commit(work(attempt=attempt("three", job_id="job-3")))

    assert (await probe.attempts(now_ms=NOW_MS, stale_after_ms=1)).duplicate_request_ids == 1


async def test_a_hold_that_nothing_will_end_is_counted(storage: Storage, probe: BillingProbe) -> None:
    """A pending hold counts when its attempt is missing or at an end, and no longer once it is released."""
    await storage.credit_balance_once(PARTNER, ALICE, 30, "a payment")
    await storage.commit(work(attempt=attempt("under way")))
    await storage.commit(work(attempt=attempt("ended", state=AttemptState.FAILED)))
    for name in ("under way", "ended", "missing"):
        await storage.hold_balance_once(PARTNER, ALICE, 10, task(name))

    before = await probe.attempts(now_ms=NOW_MS, stale_after_ms=1)
    await storage.release_hold_once(PARTNER, ALICE, task("ended"))

    assert before.holds_without_attempt == 2
    assert (await probe.attempts(now_ms=NOW_MS, stale_after_ms=1)).holds_without_attempt == 1


async def test_a_nonce_is_written_read_and_deleted(probe: BillingProbe) -> None:
    """The scratch row comes and goes, and deleting what is not there says so."""
    await probe.write_nonce("n-1")

    assert await probe.read_nonce("n-1")
    assert await probe.delete_nonce("n-1")
    assert not await probe.read_nonce("n-1")
    assert not await probe.delete_nonce("n-1")


async def test_a_nonce_that_was_left_behind_goes_after_an_hour(probe: BillingProbe, clock: Any) -> None:
    """A probe that died before it deleted its row leaves nothing for good."""
    await probe.write_nonce("n-1")

    clock.now_ms += 3_600_001
    await probe.write_nonce("n-2")

    assert not await probe.read_nonce("n-1")


async def test_an_audit_finds_a_balance_that_differs_from_its_entries(file_storage: Storage, tmp_path: Path) -> None:
    """A balance that somebody changed by hand is found by the next full pass, with its user."""
    for user in range(1, 6):
        await file_storage.credit_balance_once(PARTNER, user, 10, f"payment {user}")
    with sqlite3.connect(tmp_path / "store.db") as hand:
        hand.execute("UPDATE accounts SET balance_hundredths = 999999 WHERE user_id = 3")
    hand.close()

    steps = 1
    while not await file_storage.audit(PARTNER, users=2):
        steps += 1

    facts = await file_storage.probe(PARTNER, day_of=day_of).balances(now_ms=NOW_MS)
    assert (steps, facts.mismatched, facts.audited_at_ms, facts.sample) == (3, 1, NOW_MS, (3,))
    assert facts.sum_hundredths != 0


async def test_an_audit_begins_anew_after_its_pass(storage: Storage) -> None:
    """The pass after a sound one starts from the first user and is sound again."""
    await storage.credit_balance_once(PARTNER, ALICE, 10, "a payment")

    assert await storage.audit(PARTNER)
    assert await storage.audit(PARTNER)

    facts = await storage.probe(PARTNER, day_of=day_of).balances(now_ms=NOW_MS)
    assert facts.mismatched == 0


async def test_a_cancelled_question_lets_go_at_once(probe: BillingProbe) -> None:
    """A section that is over its deadline does not wait for the store."""
    asking = asyncio.create_task(probe.users())
    await asyncio.sleep(0)

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await probe.users() == UserFacts(records=0)


BIG = ("updates", "attempts", "transfers", "accounts", "users", "free_days", "free_deductions", "messages")


async def test_no_question_scans_a_big_table(
    file_storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every statement that the preflight runs is answered from an index or a counter."""
    asked: set[str] = set()
    real_connect = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = real_connect(*arguments, **options)
        connection.set_trace_callback(asked.add)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    probe = file_storage.probe(PARTNER, day_of=day_of)
    await asyncio.gather(
        probe.database(),
        probe.tenants(),
        probe.users(),
        probe.balances(now_ms=NOW_MS),
        probe.free_limits(now_ms=NOW_MS, daily_limit=5),
        probe.attempts(now_ms=NOW_MS, stale_after_ms=1),
    )

    with real_connect(tmp_path / "store.db") as connection:
        plans = {
            (statement, step[3])
            for statement in asked
            if statement.lstrip().upper().startswith("SELECT")
            for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        }
    connection.close()
    assert len(plans) > 10
    assert [plan for plan in plans if any(plan[1].startswith(f"SCAN {big}") for big in BIG)] == []
    # All rows of a partner are as good as all rows.
    of_a_partner = {f"SEARCH {big} USING PRIMARY KEY (partner=?)" for big in BIG}
    assert [plan for plan in plans if plan[1] in of_a_partner] == []


async def test_an_audit_of_several_users_finds_nothing_where_nothing_is_wrong(storage: Storage) -> None:
    """Neighbours with accounts of the same kinds are told apart."""
    for user in (ALICE, BOB):
        await storage.credit_balance_once(PARTNER, user, 10, f"payment of {user}")
    await storage.hold_balance_once(PARTNER, ALICE, 4, task())

    while not await storage.audit(PARTNER, users=1):
        pass

    facts = await storage.probe(PARTNER, day_of=day_of).balances(now_ms=NOW_MS)
    assert (facts.mismatched, facts.sample) == (0, ())
