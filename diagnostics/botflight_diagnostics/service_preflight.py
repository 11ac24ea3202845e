"""The service preflight: Telegram's view of the bot, what waits to be done and to be sent, and the provider."""

from collections.abc import Callable, Iterator
from typing import Final

from botflight_diagnostics.findings import SERVICE_FINDINGS
from botflight_diagnostics.mutes import Mutes
from botflight_diagnostics.preflight import FailureLog, Preflight, Section
from botflight_diagnostics.report import Checked, Finding, Report
from botflight_diagnostics.service_probe import ProviderFacts, QueueFacts, ServiceProbe, TelegramFacts
from botflight_diagnostics.telemetry.clock import Clock

__all__ = ["ProviderFacts", "QueueFacts", "ServiceProbe", "TelegramFacts", "service_preflight", "service_sections"]

#: An error that Telegram met longer ago than this is over: it keeps the last one for good.
ERROR_FRESH_MS: Final = 5 * 60_000
PENDING_MANY: Final = 100
#: Telegram is asked every minute; two answers that do not come are chance, a third is none.
SILENT_MS: Final = 3 * 60_000
UPDATE_LATE_MS: Final = 30_000
UPDATE_STUCK_MS: Final = 5 * 60_000
MESSAGE_OLD_MS: Final = 60_000
#: With fewer calls than this a rate says nothing.
CALLS_ENOUGH: Final = 10
_SAMPLE: Final = 5
FAILED_MOST: Final = 0.1
REFUSED_MOST: Final = 0.5


def service_preflight(
    probe: ServiceProbe,
    *,
    clock: Clock | None = None,
    mutes: Mutes | None = None,
    log: FailureLog | None = None,
    on_report: Callable[[Report], object] = lambda _: None,
) -> Preflight:
    """Make the runner of the four sections."""
    return Preflight(service_sections(probe), SERVICE_FINDINGS, clock=clock, mutes=mutes, log=log, on_report=on_report)


def service_sections(probe: ServiceProbe) -> tuple[Section, ...]:
    """Make the sections `telegram updates outbox provider`."""
    checks = _Checks(probe)
    return (
        Section(
            name="telegram",
            check=checks.telegram,
            on_error="SVC_TELEGRAM_UNREACHABLE",
            on_timeout="SVC_TELEGRAM_UNREACHABLE",
        ),
        Section(name="updates", check=checks.updates, on_error="SVC_UPDATES_STUCK", on_timeout="SVC_UPDATES_STUCK"),
        Section(name="outbox", check=checks.outbox, on_error="SVC_OUTBOX_OLD", on_timeout="SVC_OUTBOX_OLD"),
        Section(
            name="provider",
            check=checks.provider,
            on_error="SVC_PROVIDER_FAILING",
            on_timeout="SVC_PROVIDER_FAILING",
        ),
    )


class _Checks:
    """Asks the probe, and judges what it answers."""

    def __init__(self, probe: ServiceProbe) -> None:
        self._probe = probe

    async def telegram(self) -> Checked:
        facts = await self._probe.telegram()
        asked = facts.answer_age_ms is not None
        return Checked(
            details=f"webhook={'wrong' if facts.strayed else 'ours'}, pending={facts.pending}"
            if asked
            else "not asked yet",
            meta={
                "answer_age_ms": facts.answer_age_ms,
                "webhook_is_ours": not facts.strayed if asked else None,
                "bots": facts.bots,
                "pending": facts.pending,
                "last_error_age_ms": facts.last_error_age_ms,
                "last_error": facts.last_error,
            },
            findings=tuple(_telegram_findings(facts)),
        )

    async def updates(self) -> Checked:
        facts = await self._probe.updates()
        return Checked(details=_queue_line(facts), meta=_queue_meta(facts), findings=tuple(_update_findings(facts)))

    async def outbox(self) -> Checked:
        facts = await self._probe.outbox()
        late = facts.oldest_ms > MESSAGE_OLD_MS
        findings = (_older("SVC_OUTBOX_OLD", facts, MESSAGE_OLD_MS),) if late else ()
        return Checked(details=_queue_line(facts), meta=_queue_meta(facts), findings=findings)

    async def provider(self) -> Checked:
        facts = await self._probe.provider()
        return Checked(
            details=f"calls={facts.calls}, failed={facts.failed}, refused={facts.refused} of {facts.submits}",
            meta={
                "provider": facts.name,
                "window_ms": facts.window_ms,
                "calls": facts.calls,
                "failed": facts.failed,
                "submits": facts.submits,
                "refused": facts.refused,
                "credit": facts.credit,
                "credit_low": facts.credit_low,
            },
            findings=tuple(_provider_findings(facts)),
        )


def _queue_line(facts: QueueFacts) -> str:
    return f"waiting={facts.waiting}, oldest={facts.oldest_ms / 1000:.1f} s"


def _queue_meta(facts: QueueFacts) -> dict[str, object]:
    return {"waiting": facts.waiting, "most": facts.most, "oldest_ms": facts.oldest_ms}


def _telegram_findings(facts: TelegramFacts) -> Iterator[Finding]:
    if facts.silent_ms is not None and facts.silent_ms > SILENT_MS:
        yield Finding(
            code="SVC_TELEGRAM_UNREACHABLE",
            observed=f"no answer for {facts.silent_ms // 1000} s",
            expected="an answer every minute",
        )
    if facts.strayed:
        yield Finding(
            code="SVC_WEBHOOK_WRONG",
            observed="another address, or none",
            expected="ours",
            affected_count=len(facts.strayed),
            sample=facts.strayed[:_SAMPLE],
        )
    if facts.last_error_age_ms is not None and facts.last_error_age_ms <= ERROR_FRESH_MS:
        yield Finding(
            code="SVC_WEBHOOK_ERROR",
            observed=f"{facts.last_error_age_ms // 1000} s ago",
            expected=f"none for {ERROR_FRESH_MS // 1000} s",
        )
    if facts.pending > PENDING_MANY:
        yield Finding(code="SVC_WEBHOOK_PENDING", observed=facts.pending, expected=f"at most {PENDING_MANY}")


def _update_findings(facts: QueueFacts) -> Iterator[Finding]:
    if facts.waiting >= facts.most:
        yield Finding(code="SVC_UPDATES_FULL", observed=facts.waiting, expected=f"below {facts.most}")
    if facts.oldest_ms > UPDATE_STUCK_MS:
        yield _older("SVC_UPDATES_STUCK", facts, UPDATE_STUCK_MS)
    elif facts.oldest_ms > UPDATE_LATE_MS:
        yield _older("SVC_UPDATES_LATE", facts, UPDATE_LATE_MS)


def _provider_findings(facts: ProviderFacts) -> Iterator[Finding]:
    if facts.calls >= CALLS_ENOUGH and facts.failed > FAILED_MOST * facts.calls:
        yield Finding(
            code="SVC_PROVIDER_FAILING",
            observed=f"{facts.failed} of {facts.calls} calls",
            expected=f"at most {FAILED_MOST:.0%}",
        )
    if facts.submits >= CALLS_ENOUGH and facts.refused > REFUSED_MOST * facts.submits:
        yield Finding(
            code="SVC_PROVIDER_REFUSING",
            observed=f"{facts.refused} of {facts.submits} jobs",
            expected=f"at most {REFUSED_MOST:.0%}",
        )
    if facts.credit is None:
        return
    if facts.credit <= 0:
        yield Finding(code="SVC_PROVIDER_CREDIT_GONE", observed=facts.credit, expected=f"at least {facts.credit_low:g}")
    elif facts.credit < facts.credit_low:
        yield Finding(code="SVC_PROVIDER_CREDIT_LOW", observed=facts.credit, expected=f"at least {facts.credit_low:g}")


def _older(code: str, facts: QueueFacts, limit_ms: int) -> Finding:
    # Ages are never the same twice, so a mute goes by the finding, not by how old it is.
    return Finding(code=code, observed=f"{facts.oldest_ms // 1000} s", expected=f"at most {limit_ms // 1000} s")
