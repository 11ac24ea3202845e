import asyncio
from collections.abc import Iterator

import pytest

from botflight_diagnostics.billing_preflight import (
    AttemptFacts,
    BalanceFacts,
    DatabaseFacts,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)
from botflight_diagnostics.prometheus import MetricsPage
from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.telemetry.capture import CapturedTelemetry

SECOND_NS = 1_000_000_000


class StillClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now_ns = 1_790_000_000 * SECOND_NS

    def time_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    def pass_ms(self, milliseconds: float) -> None:
        self.now_ns += round(milliseconds * 1e6)


class FakeProbe:
    """A store that answers the billing preflight: empty and healthy, until told otherwise."""

    def __init__(self) -> None:
        self.database_facts = DatabaseFacts(version="Fake 1", schema_version=1, expected_schema_version=1, latency_ms=0)
        self.tenant_facts = TenantFacts(partners_found=0, partners_sample=(), storage_partner="p-main01")
        self.user_facts = UserFacts(records=0)
        self.balance_facts = BalanceFacts(
            records=0, partners=0, negative=0, updated_24h=0, sum_hundredths=0, mismatched=0
        )
        self.free_limit_facts = FreeLimitFacts(
            daily_limit=5, records=0, partners=0, violations=0, used_today_min=None, used_today_max=None
        )
        self.attempt_facts = AttemptFacts(
            total=0, last_24h=0, duplicate_request_ids=0, stale_pending=0, unknown=0, holds_without_attempt=0
        )
        #: Errors to raise by method, one a call, until none is left.
        self.errors: dict[str, list[Exception]] = {}
        #: Methods that never answer.
        self.hangs: set[str] = set()
        self.calls: list[str] = []
        self.nonces: set[str] = set()
        #: Whether writes are lost.
        self.forgetful = False
        #: Whether rows stay when they are deleted.
        self.sticky = False

    async def _asked(self, method: str) -> None:
        self.calls.append(method)
        if method in self.hangs:
            await asyncio.Event().wait()
        if self.errors.get(method):
            raise self.errors[method].pop(0)

    async def database(self) -> DatabaseFacts:
        await self._asked("database")
        return self.database_facts

    async def tenants(self) -> TenantFacts:
        await self._asked("tenants")
        return self.tenant_facts

    async def users(self) -> UserFacts:
        await self._asked("users")
        return self.user_facts

    async def balances(self, *, now_ms: int) -> BalanceFacts:
        assert now_ms > 0
        await self._asked("balances")
        return self.balance_facts

    async def free_limits(self, *, now_ms: int, daily_limit: int) -> FreeLimitFacts:
        assert (now_ms > 0, daily_limit) == (True, 5)
        await self._asked("free_limits")
        return self.free_limit_facts

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        assert (now_ms > 0, stale_after_ms) == (True, 1_800_000)
        await self._asked("attempts")
        return self.attempt_facts

    async def write_nonce(self, nonce: str) -> None:
        await self._asked("write_nonce")
        if not self.forgetful:
            self.nonces.add(nonce)

    async def read_nonce(self, nonce: str) -> bool:
        await self._asked("read_nonce")
        return nonce in self.nonces

    async def delete_nonce(self, nonce: str) -> bool:
        await self._asked("delete_nonce")
        if self.sticky or nonce not in self.nonces:
            return False
        self.nonces.remove(nonce)
        return True


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def telemetry(clock: StillClock) -> CapturedTelemetry:
    return Telemetry.for_tests(clock=clock)


@pytest.fixture
def probe() -> FakeProbe:
    return FakeProbe()


@pytest.fixture
def metrics_page(telemetry: CapturedTelemetry) -> Iterator[MetricsPage]:
    page = MetricsPage(telemetry.metrics.registry)
    yield page
    page.close()
