"""One billing preflight over several partners of one store: what is wrong with any of them is a finding."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from botflight_diagnostics.billing_probe import (
    AttemptFacts,
    BalanceFacts,
    BillingProbe,
    DatabaseFacts,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)

_SAMPLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerProbe:
    """A partner's answers, and the limit that its free generations are counted with."""

    probe: BillingProbe
    daily_limit: int


class CombinedProbe:
    """A `BillingProbe` that asks every partner, one after the other: they share the deadline of a section.

    The store itself, its tenants and the scratch row are asked of the first. Counts are sums, the audit is as old as
    the oldest of theirs, a range is from the least to the most.
    """

    def __init__(self, partners: Iterable[PartnerProbe]) -> None:
        self._partners = tuple(partners)
        self._first = self._partners[0].probe

    async def database(self) -> DatabaseFacts:
        """Ask the store."""
        return await self._first.database()

    async def tenants(self) -> TenantFacts:
        """Count the partners that have data, whoever serves them."""
        return await self._first.tenants()

    async def users(self) -> UserFacts:
        """Count the users."""
        return UserFacts(records=sum([(await one.probe.users()).records for one in self._partners]))

    async def balances(self, *, now_ms: int) -> BalanceFacts:
        """Count the balances."""
        found = [await one.probe.balances(now_ms=now_ms) for one in self._partners]
        return replace(
            found[0],
            records=sum(facts.records for facts in found),
            negative=sum(facts.negative for facts in found),
            updated_24h=sum(facts.updated_24h for facts in found),
            sum_hundredths=_off([facts.sum_hundredths for facts in found]),
            mismatched=_of_all([facts.mismatched for facts in found], sum),
            audited_at_ms=_of_all([facts.audited_at_ms for facts in found], min),
            sample=_some(facts.sample for facts in found),
        )

    async def free_limits(self, *, now_ms: int, daily_limit: int) -> FreeLimitFacts:
        """Look at the free generations of each partner's day, with each partner's limit."""
        found = [await one.probe.free_limits(now_ms=now_ms, daily_limit=one.daily_limit) for one in self._partners]
        used = [(facts.used_today_min, facts.used_today_max) for facts in found]
        return replace(
            found[0],
            daily_limit=daily_limit,
            records=sum(facts.records for facts in found),
            violations=sum(facts.violations for facts in found),
            used_today_min=min((least for least, _ in used if least is not None), default=None),
            used_today_max=max((most for _, most in used if most is not None), default=None),
            sample=_some(facts.sample for facts in found),
        )

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        """Count the attempts."""
        found = [await one.probe.attempts(now_ms=now_ms, stale_after_ms=stale_after_ms) for one in self._partners]
        return AttemptFacts(
            total=sum(facts.total for facts in found),
            last_24h=sum(facts.last_24h for facts in found),
            duplicate_request_ids=sum(facts.duplicate_request_ids for facts in found),
            stale_pending=sum(facts.stale_pending for facts in found),
            unknown=sum(facts.unknown for facts in found),
            holds_without_attempt=sum(facts.holds_without_attempt for facts in found),
        )

    async def write_nonce(self, nonce: str) -> None:
        """Commit a scratch row."""
        await self._first.write_nonce(nonce)

    async def read_nonce(self, nonce: str) -> bool:
        """Tell whether the scratch row is there."""
        return await self._first.read_nonce(nonce)

    async def delete_nonce(self, nonce: str) -> bool:
        """Delete the scratch row; False when there was none."""
        return await self._first.delete_nonce(nonce)


def _off(sums: Sequence[int]) -> int:
    """By how much ledgers are off: one alone as it is, several so that they cannot make up for each other."""
    wrong = [one for one in sums if one]
    return wrong[0] if len(wrong) == 1 else sum(map(abs, wrong))


def _of_all(values: Sequence[int | None], take: Callable[[list[int]], int]) -> int | None:
    """What is known once it is known of every partner."""
    known = [value for value in values if value is not None]
    return take(known) if len(known) == len(values) else None


def _some(samples: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(user_id for sample in samples for user_id in sample)[:_SAMPLE]
