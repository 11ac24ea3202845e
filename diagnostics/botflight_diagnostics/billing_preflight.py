"""The billing preflight: seven sections over what a store answers."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final
from uuid import uuid4

from botflight_diagnostics.billing_probe import (
    AttemptFacts,
    BalanceFacts,
    BillingProbe,
    DatabaseFacts,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)
from botflight_diagnostics.findings import BILLING_FINDINGS, Severity
from botflight_diagnostics.mutes import Mutes
from botflight_diagnostics.preflight import FailureLog, Preflight, Section
from botflight_diagnostics.report import Checked, Finding, Report
from botflight_diagnostics.telemetry.clock import Clock, SystemClock
from botflight_diagnostics.telemetry.correlation import mask

__all__ = [
    "AttemptFacts",
    "BalanceFacts",
    "BillingProbe",
    "DatabaseFacts",
    "FreeLimitFacts",
    "TenantFacts",
    "UserFacts",
    "billing_preflight",
    "billing_sections",
    "broken_store",
    "store_preflight",
]

STALE_MINUTES: Final = 30
SLOW_DATABASE_MS: Final = 250
REPLICATION_LAG_MS: Final = 10_000
AUDIT_AGE_MS: Final = 24 * 3600 * 1000
STORAGE_RW_TIMEOUT_S: Final = 2.0
STORAGE_RW_RETRIES: Final = 2

#: Makes a reference of a user id that may be shown: a keyed hash.
Reference = Callable[[int], str]


def billing_preflight(
    probe: BillingProbe,
    *,
    daily_limit: int,
    reference: Reference,
    clock: Clock | None = None,
    mutes: Mutes | None = None,
    log: FailureLog | None = None,
    on_report: Callable[[Report], object] = lambda _: None,
) -> Preflight:
    """Make the runner of the seven sections.

    `daily_limit` is the number of free generations a day; `reference` names users in samples, by a keyed hash.
    """
    clock = clock or SystemClock()
    sections = billing_sections(probe, daily_limit=daily_limit, reference=reference, clock=clock)
    return Preflight(sections, BILLING_FINDINGS, clock=clock, mutes=mutes, log=log, on_report=on_report)


def store_preflight(probe: BillingProbe, *, clock: Clock | None = None) -> Preflight:
    """Make the runner of the section `db` alone: whether the store can be used at all, asked often."""
    clock = clock or SystemClock()
    sections = billing_sections(probe, daily_limit=0, reference=str, clock=clock)
    return Preflight(sections[:1], BILLING_FINDINGS, clock=clock)


def broken_store(report: Report | None) -> str | None:
    """The code of what makes the store useless, as a preflight of it saw it last; None where nothing does."""
    counted = report.counted if report is not None else ()
    return next((one.spec.code for one in counted if one.spec.severity is Severity.CRITICAL), None)


def billing_sections(
    probe: BillingProbe, *, daily_limit: int, reference: Reference, clock: Clock
) -> tuple[Section, ...]:
    """Make the sections `db tenants users balances free_limits attempts storage_rw`."""
    checks = _Checks(probe, daily_limit=daily_limit, reference=reference, clock=clock)
    return (
        Section(name="db", check=checks.db, on_error="BPF_DB_UNREACHABLE", on_timeout="BPF_DB_TIMEOUT"),
        _question("tenants", checks.tenants),
        _question("users", checks.users),
        _question("balances", checks.balances),
        _question("free_limits", checks.free_limits),
        _question("attempts", checks.attempts),
        Section(
            name="storage_rw",
            check=checks.storage_rw,
            on_error="BPF_STORAGE_WRITE_FAILED",
            on_timeout="BPF_STORAGE_WRITE_FAILED",
            needs=("db",),
            deadline_ms=STORAGE_RW_TIMEOUT_S * 1000,
            retries=STORAGE_RW_RETRIES,
            meta={
                # The seed's word for a check by the store's own methods, not by plain SQL.
                "diagnostics_source": "custom",
                "timeout_s": STORAGE_RW_TIMEOUT_S,
                "retries": STORAGE_RW_RETRIES,
            },
        ),
    )


def _question(name: str, check: Callable[[], Awaitable[Checked]]) -> Section:
    return Section(name=name, check=check, on_error="BPF_QUERY_FAILED", on_timeout="BPF_QUERY_TIMEOUT", needs=("db",))


class _Checks:
    """Asks the probe, and judges what it answers."""

    def __init__(self, probe: BillingProbe, *, daily_limit: int, reference: Reference, clock: Clock) -> None:
        self._probe = probe
        self._daily_limit = daily_limit
        self._reference = reference
        self._clock = clock

    async def db(self) -> Checked:
        facts = await self._probe.database()
        return Checked(
            details="ok",
            meta={
                "version": facts.version,
                "schema_version": facts.schema_version,
                "expected_schema_version": facts.expected_schema_version,
                "database_latency_ms": round(facts.latency_ms, 1),
                "pool_in_use": facts.pool_in_use,
                "pool_size": facts.pool_size,
                "replication_lag_ms": facts.replication_lag_ms,
            },
            findings=tuple(_database_findings(facts)),
        )

    async def tenants(self) -> Checked:
        facts = await self._probe.tenants()
        sample = [mask(name) for name in facts.partners_sample]
        return Checked(
            details=f"found={facts.partners_found}, sample=[{', '.join(sample)}]",
            meta={
                "partners_found": facts.partners_found,
                "partners_sample": sample,
                "partners_top": [mask(name) for name in facts.partners_top],
                "storage_partner": mask(facts.storage_partner),
            },
            findings=()
            if facts.storage_partner
            else (Finding(code="BPF_TENANT_UNSET", observed="", expected="a name"),),
        )

    async def users(self) -> Checked:
        facts = await self._probe.users()
        return Checked(details=f"records={facts.records} {_initialized(facts.records)}", meta=_records(facts.records))

    async def balances(self) -> Checked:
        now_ms = self._now_ms()
        facts = await self._probe.balances(now_ms=now_ms)
        audit_age_ms = None if facts.audited_at_ms is None else now_ms - facts.audited_at_ms
        return Checked(
            details=f"records={facts.records}, partners={facts.partners}, neg={facts.negative}, "
            f"updated24h={facts.updated_24h} {_initialized(facts.records)}",
            meta={
                **_records(facts.records),
                "partners": facts.partners,
                "negative": facts.negative,
                "updated24h": facts.updated_24h,
                "sum_hundredths": facts.sum_hundredths,
                "mismatched": facts.mismatched,
                "audit_age_ms": audit_age_ms,
            },
            findings=tuple(_balance_findings(facts, audit_age_ms, self._references(facts.sample))),
        )

    async def free_limits(self) -> Checked:
        facts = await self._probe.free_limits(now_ms=self._now_ms(), daily_limit=self._daily_limit)
        return Checked(
            details=f"records={facts.records}, partners={facts.partners}, violations={facts.violations}, "
            f"used_today_range={facts.used_today_min}-{facts.used_today_max} {_initialized(facts.records)}",
            meta={
                "daily_limit": facts.daily_limit,
                **_records(facts.records),
                "partners": facts.partners,
                "violations": facts.violations,
                "used_today_min": facts.used_today_min,
                "used_today_max": facts.used_today_max,
            },
            findings=tuple(_free_limit_findings(facts, self._references(facts.sample))),
        )

    async def attempts(self) -> Checked:
        facts = await self._probe.attempts(now_ms=self._now_ms(), stale_after_ms=STALE_MINUTES * 60_000)
        tracked = "tracked" if facts.total else "not_tracked"
        return Checked(
            details=f"total={facts.total}, last24h={facts.last_24h}, dup_request_id={facts.duplicate_request_ids}, "
            f"stale_pending={facts.stale_pending} (request_id={tracked})",
            meta={
                "stale_minutes": STALE_MINUTES,
                "total": facts.total,
                "last24h": facts.last_24h,
                "dup_request_id": facts.duplicate_request_ids,
                "stale_pending": facts.stale_pending,
                "unknown": facts.unknown,
                "holds_without_attempt": facts.holds_without_attempt,
                "note": "",
            },
            findings=tuple(_attempt_findings(facts)),
        )

    async def storage_rw(self) -> Checked:
        nonce = f"preflight-{uuid4()}"
        await self._probe.write_nonce(nonce)
        try:
            read = await self._probe.read_nonce(nonce)
        finally:
            deleted = await self._probe.delete_nonce(nonce)
        return Checked(
            details="ok" if read and deleted else "failed",
            meta={"rw_ok": read, "delete_ok": deleted},
            findings=tuple(_storage_findings(read=read, deleted=deleted)),
        )

    def _now_ms(self) -> int:
        return self._clock.time_ns() // 1_000_000

    def _references(self, user_ids: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._reference(user_id) for user_id in user_ids)


def _initialized(records: int) -> str:
    return f"(initialized={int(records > 0)})"


def _records(records: int) -> dict[str, object]:
    return {"records": records, "note": ""}


def _database_findings(facts: DatabaseFacts) -> Iterator[Finding]:
    if facts.schema_version != facts.expected_schema_version:
        yield Finding(
            code="BPF_DB_SCHEMA_MISMATCH", observed=facts.schema_version, expected=facts.expected_schema_version
        )
    if facts.latency_ms > SLOW_DATABASE_MS:
        yield _over("BPF_DB_SLOW", round(facts.latency_ms), SLOW_DATABASE_MS, unit="ms")
    if facts.pool_size is not None and facts.pool_in_use is not None and facts.pool_in_use >= facts.pool_size:
        yield Finding(
            code="BPF_DB_POOL_EXHAUSTED",
            observed=facts.pool_in_use,
            expected=f"below {facts.pool_size}",
            affected_count=facts.pool_in_use,
        )
    if facts.replication_lag_ms is not None and facts.replication_lag_ms > REPLICATION_LAG_MS:
        yield _over("BPF_DB_REPLICATION_LAG", round(facts.replication_lag_ms), REPLICATION_LAG_MS, unit="ms")


def _balance_findings(facts: BalanceFacts, audit_age_ms: int | None, sample: tuple[str, ...]) -> Iterator[Finding]:
    if facts.negative:
        yield _some("BPF_BALANCE_NEGATIVE", facts.negative, sample)
    if facts.sum_hundredths:
        off = facts.sum_hundredths
        yield Finding(code="BPF_LEDGER_SUM", observed=off, expected=0, size=abs(off))
    if facts.mismatched:
        yield _some("BPF_LEDGER_MISMATCH", facts.mismatched, sample)
    if audit_age_ms is not None and audit_age_ms > AUDIT_AGE_MS:
        yield _over("BPF_LEDGER_AUDIT_OLD", audit_age_ms, AUDIT_AGE_MS, unit="ms")


def _free_limit_findings(facts: FreeLimitFacts, sample: tuple[str, ...]) -> Iterator[Finding]:
    if facts.violations:
        yield Finding(
            code="BPF_FREE_LIMIT_EXCEEDED",
            observed=facts.used_today_max,
            expected=f"at most {facts.daily_limit}",
            affected_count=facts.violations,
            sample=sample,
        )


def _attempt_findings(facts: AttemptFacts) -> Iterator[Finding]:
    counts = {
        "BPF_ATTEMPT_DUPLICATE": facts.duplicate_request_ids,
        "BPF_ATTEMPT_STALE": facts.stale_pending,
        "BPF_ATTEMPT_UNKNOWN": facts.unknown,
        "BPF_HOLD_ORPHANED": facts.holds_without_attempt,
    }
    return (_some(code, count) for code, count in counts.items() if count)


def _storage_findings(*, read: bool, deleted: bool) -> Iterator[Finding]:
    if not read:
        yield Finding(code="BPF_STORAGE_READ_BACK_FAILED", observed="missing", expected="the row that was committed")
    if not deleted:
        yield Finding(code="BPF_STORAGE_DELETE_FAILED", observed="not deleted", expected="deleted")


def _some(code: str, count: int, sample: tuple[str, ...] = ()) -> Finding:
    return Finding(code=code, observed=count, expected=0, affected_count=count, sample=sample)


def _over(code: str, observed: int, limit: int, *, unit: str) -> Finding:
    return Finding(code=code, observed=f"{observed} {unit}", expected=f"at most {limit} {unit}")
