from __future__ import annotations

from dataclasses import replace

import pytest

from botflight_diagnostics.findings import SERVICE_FINDINGS
from botflight_diagnostics.report import Result
from botflight_diagnostics.service_preflight import ProviderFacts, QueueFacts, TelegramFacts, service_preflight


class FakeService:
    """A service that is well, until told otherwise."""

    def __init__(self) -> None:
        self.telegram_facts = TelegramFacts(answer_age_ms=100, pending=0)
        self.update_facts = QueueFacts(waiting=0, most=100, oldest_ms=0)
        self.outbox_facts = QueueFacts(waiting=0, most=100, oldest_ms=0)
        self.provider_facts = ProviderFacts(
            name="fake", window_ms=300_000, calls=0, failed=0, submits=0, refused=0, credit=100, credit_low=10
        )

    async def telegram(self) -> TelegramFacts:
        return self.telegram_facts

    async def updates(self) -> QueueFacts:
        return self.update_facts

    async def outbox(self) -> QueueFacts:
        return self.outbox_facts

    async def provider(self) -> ProviderFacts:
        return self.provider_facts


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def runner(service, clock):
    return service_preflight(service, clock=clock)


BAD = {
    "SVC_WEBHOOK_WRONG": {"telegram_facts": {"bots": 2, "strayed": ("p***01",)}},
    "SVC_WEBHOOK_ERROR": {"telegram_facts": {"last_error_age_ms": 300_000}},
    "SVC_WEBHOOK_PENDING": {"telegram_facts": {"pending": 101}},
    "SVC_TELEGRAM_UNREACHABLE": {"telegram_facts": {"silent_ms": 180_001}},
    "SVC_UPDATES_LATE": {"update_facts": {"oldest_ms": 30_001}},
    "SVC_UPDATES_STUCK": {"update_facts": {"oldest_ms": 300_001}},
    "SVC_UPDATES_FULL": {"update_facts": {"waiting": 100}},
    "SVC_OUTBOX_OLD": {"outbox_facts": {"oldest_ms": 60_001}},
    "SVC_PROVIDER_FAILING": {"provider_facts": {"calls": 20, "failed": 3}},
    "SVC_PROVIDER_REFUSING": {"provider_facts": {"submits": 10, "refused": 6}},
    "SVC_PROVIDER_CREDIT_LOW": {"provider_facts": {"credit": 9.5}},
    "SVC_PROVIDER_CREDIT_GONE": {"provider_facts": {"credit": 0}},
}
AT_THE_LIMIT = {
    "telegram_facts": {"last_error_age_ms": 300_001, "pending": 100, "silent_ms": 180_000},
    "update_facts": {"oldest_ms": 30_000, "waiting": 99},
    "outbox_facts": {"oldest_ms": 60_000},
    "provider_facts": {"calls": 20, "failed": 2, "submits": 10, "refused": 5, "credit": 10},
}


def changed(service, changes):
    for name, values in changes.items():
        setattr(service, name, replace(getattr(service, name), **values))


async def test_a_service_that_is_well_is_ready(runner):
    """Four sections, nothing found."""
    report = await runner.report()

    assert report.result is Result.READY
    assert [section.name for section in report.sections] == ["telegram", "updates", "outbox", "provider"]


@pytest.mark.parametrize(("code", "changes"), BAD.items(), ids=BAD.keys())
async def test_a_bad_fact_is_its_finding(runner, service, code, changes):
    """Each fact that is not as it should be is one finding."""
    changed(service, changes)

    report = await runner.report()

    assert [judged.spec.code for judged in report.counted] == [code]


async def test_limits_are_not_yet_findings(runner, service):
    """Just at its limit nothing is found."""
    changed(service, AT_THE_LIMIT)

    assert (await runner.report()).result is Result.READY


async def test_few_calls_make_no_rate(runner, service):
    """Three failures of three calls may be chance."""
    changed(service, {"provider_facts": {"calls": 3, "failed": 3, "submits": 3, "refused": 3}})

    assert (await runner.report()).result is Result.READY


async def test_before_telegram_was_asked_nothing_is_known(runner, service):
    """At the start there is no view of Telegram's yet, and no finding made up."""
    service.telegram_facts = TelegramFacts()

    report = await runner.report()

    assert (report.result, report.sections[0].details) == (Result.READY, "not asked yet")


async def test_a_provider_that_is_not_paid_beforehand_has_no_credit_to_lose(runner, service):
    """Where nobody knows a credit none is missing."""
    changed(service, {"provider_facts": {"credit": None}})

    assert (await runner.report()).result is Result.READY


def test_every_finding_can_be_found():
    """No code of the catalogue is without a test that finds it."""
    assert {spec.code for spec in SERVICE_FINDINGS} == BAD.keys()
