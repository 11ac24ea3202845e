from __future__ import annotations

from dataclasses import replace

import pytest

from botflight_diagnostics.billing_preflight import (
    AttemptFacts,
    BalanceFacts,
    FreeLimitFacts,
    UserFacts,
    billing_preflight,
)
from botflight_diagnostics.combined_probe import CombinedProbe, PartnerProbe
from botflight_diagnostics.report import Result

NOW_MS = 1_790_000_000_000


@pytest.fixture
def both(probe):
    """Two partners of a store: this one, and the other."""
    return probe, type(probe)()


@pytest.fixture
def combined(both):
    return CombinedProbe(PartnerProbe(probe=one, daily_limit=5) for one in both)


async def test_counts_are_sums(both, combined):
    """Users, accounts, free generations and attempts of all partners."""
    for number, one in enumerate(both, 1):
        one.user_facts = UserFacts(records=number)
        one.free_limit_facts = FreeLimitFacts(
            daily_limit=5, records=1, partners=2, violations=number, used_today_min=number, used_today_max=6 * number
        )
        one.attempt_facts = AttemptFacts(
            total=10, last_24h=4, duplicate_request_ids=1, stale_pending=2, unknown=3, holds_without_attempt=number
        )

    free = await combined.free_limits(now_ms=NOW_MS, daily_limit=5)
    assert await combined.users() == UserFacts(records=3)
    assert (free.records, free.partners, free.violations, free.used_today_min, free.used_today_max) == (2, 2, 3, 1, 12)
    assert await combined.attempts(now_ms=NOW_MS, stale_after_ms=1_800_000) == AttemptFacts(
        total=20, last_24h=8, duplicate_request_ids=2, stale_pending=4, unknown=6, holds_without_attempt=3
    )


async def test_ledgers_do_not_make_up_for_each_other(both, combined):
    """One that is off by a hundred and one by minus a hundred are two that are wrong; one alone keeps its sign."""
    both[0].balance_facts = replace(both[0].balance_facts, sum_hundredths=-100)
    alone = (await combined.balances(now_ms=NOW_MS)).sum_hundredths
    both[1].balance_facts = replace(both[1].balance_facts, sum_hundredths=100)

    assert (alone, (await combined.balances(now_ms=NOW_MS)).sum_hundredths) == (-100, 200)


async def test_an_audit_is_as_old_as_the_oldest(both, combined):
    """Nothing is said before every partner was audited once; then the oldest counts, and all that it found."""
    both[0].balance_facts = replace(both[0].balance_facts, mismatched=1, audited_at_ms=50, sample=(7,))
    both[1].balance_facts = replace(both[1].balance_facts, mismatched=None, audited_at_ms=None)
    before: BalanceFacts = await combined.balances(now_ms=NOW_MS)
    both[1].balance_facts = replace(both[1].balance_facts, mismatched=2, audited_at_ms=40, sample=(8,))
    after: BalanceFacts = await combined.balances(now_ms=NOW_MS)

    assert (before.mismatched, before.audited_at_ms) == (None, None)
    assert (after.mismatched, after.audited_at_ms, after.sample) == (3, 40, (7, 8))


async def test_what_is_wrong_with_any_partner_is_found(both, combined, clock):
    """A user of the second partner below zero fails the preflight of the process."""
    both[1].balance_facts = replace(both[1].balance_facts, negative=1)

    report = await billing_preflight(combined, daily_limit=5, reference=str, clock=clock).report()

    assert (report.result, [one.spec.code for one in report.counted]) == (Result.FAIL, ["BPF_BALANCE_NEGATIVE"])


async def test_the_store_is_asked_once(both, combined):
    """Its version, its tenants and the scratch row are those of the store, whoever asks."""
    await combined.database()
    await combined.tenants()
    await combined.write_nonce("n")

    assert (await combined.read_nonce("n"), await combined.delete_nonce("n")) == (True, True)
    assert both[1].calls == []
