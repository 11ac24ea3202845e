"""What the billing preflight asks of a store: one small question a section, answered by frozen facts."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """The store answers: which one it is and how it feels."""

    #: Product and version, such as "PostgreSQL 18.1".
    version: str
    schema_version: int
    expected_schema_version: int
    latency_ms: float
    #: None where the store has no pool.
    pool_in_use: int | None = None
    pool_size: int | None = None
    #: None where nothing is replicated.
    replication_lag_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantFacts:
    """The partners with data in the store, names as they are (the section masks them)."""

    partners_found: int
    #: At most five names.
    partners_sample: tuple[str, ...]
    #: The partner that this store was opened for.
    storage_partner: str
    #: At most five names, those with most users first.
    partners_top: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFacts:
    """The users of the partner."""

    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceFacts:
    """The balances of the partner's users; counts are of accounts."""

    records: int
    partners: int
    #: Users below zero: there are none in a sound ledger.
    negative: int
    updated_24h: int
    #: All accounts of the ledger, users' and our own: always 0.
    sum_hundredths: int
    #: Balances that differ from the sum of their entries, as the last full audit counted; None before the first.
    mismatched: int | None
    #: When the last full audit ended; None before the first.
    audited_at_ms: int | None = None
    #: At most five user ids that are below zero or mismatched.
    sample: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeLimitFacts:
    """Free generations used today; `None` for the range says that nobody used one."""

    #: The limit that `violations` was counted with.
    daily_limit: int
    records: int
    partners: int
    #: Users with more uses today than the limit.
    violations: int
    used_today_min: int | None
    used_today_max: int | None
    #: At most five user ids in violation.
    sample: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFacts:
    """The attempts at generation of the partner's users."""

    total: int
    last_24h: int
    #: Request ids that more than one attempt carries.
    duplicate_request_ids: int
    #: Not at an end and untouched for longer than was asked.
    stale_pending: int
    #: Submitted, and the provider's answer never came.
    unknown: int
    #: Holds still pending whose attempt is missing or at an end.
    holds_without_attempt: int


class BillingProbe(Protocol):
    """A store's answers to the billing preflight.

    Sections run side by side, so every method works on a connection of its own and reads without waiting for writers.
    A method that is cancelled lets go at once (asyncpg: `connection.terminate()`), it does not wait for the server.
    An error that may pass by itself is raised as `report.TransientError`, `ConnectionError` or `TimeoutError`.
    """

    async def database(self) -> DatabaseFacts:
        """Connect, ask for the version, read the schema's version."""

    async def tenants(self) -> TenantFacts:
        """Count the partners that have data."""

    async def users(self) -> UserFacts:
        """Count the users."""

    async def balances(self, *, now_ms: int) -> BalanceFacts:
        """Count the balances; "updated in 24 h" counts back from `now_ms`."""

    async def free_limits(self, *, now_ms: int, daily_limit: int) -> FreeLimitFacts:
        """Look at the free generations of the partner's day that `now_ms` falls into."""

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        """Count the attempts; a pending one is stale when nothing touched it for `stale_after_ms`."""

    async def write_nonce(self, nonce: str) -> None:
        """Commit a scratch row under `nonce`, in a transaction of its own."""

    async def read_nonce(self, nonce: str) -> bool:
        """Tell whether the scratch row is there."""

    async def delete_nonce(self, nonce: str) -> bool:
        """Delete the scratch row; False when there was none."""
