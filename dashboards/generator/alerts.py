"""The alerts: promises that break, findings of the preflights, and what neither would show."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.generator.objective import BURNS, DAY_S, LEAST_BAD_EVENTS, MINUTE_S, OBJECTIVES, Objective, Severity
from dashboards.generator.recordings import bad_events, burn_rate
from dashboards.generator.rule import Alert, Group, Pace

from botflight_diagnostics.findings import FINDINGS, FindingSpec
from botflight_diagnostics.findings import Severity as Badness

#: So many updates in a window are "some": where there were as many a day ago, none now is a silence.
LEAST_UPDATES = 20

_SPEED = {"page": "Fast", "ticket": "Slowly"}
_OF_BADNESS: dict[Badness, Severity] = {Badness.CRITICAL: "page", Badness.WARNING: "ticket"}
_WHERE = "{{ $labels.job }} {{ $labels.partner }}"
_AT = "{{ $labels.instance }}"


def alerts(pace: Pace) -> tuple[Group, ...]:
    """Make the groups."""
    return (
        Group(name="botflight-promises", rules=[alert for one in OBJECTIVES for alert in _promises(one)]),
        Group(name="botflight-findings", rules=list(_findings(pace))),
        Group(name="botflight-service", rules=list(_service(pace))),
    )


def _promises(objective: Objective) -> Iterator[Alert]:
    """The budget of an objective burns too fast, by two windows each and with enough bad events to be no chance."""
    of_it = f'{{slo="{objective.name}"}}'
    for severity, burns in BURNS.items():
        expr = " or ".join(
            f"({burn_rate(burn.long)}{of_it} > {burn.times}"
            f" and {burn_rate(burn.short)}{of_it} > {burn.times}"
            f" and {bad_events(burn.long)}{of_it} >= {LEAST_BAD_EVENTS})"
            for burn in burns
        )
        yield Alert(
            name=objective.alert + _SPEED[severity],
            expr=expr,
            severity=severity,
            summary=f"{_WHERE}: the promise that {objective.promise} is breaking: its budget of 30 days burns "
            '{{ $value | printf "%.1f" }} times too fast.',
            impact=objective.impact,
            runbook=f"docs/runbooks/{objective.alert}.md",
        )


def _findings(pace: Pace) -> Iterator[Alert]:
    """One alert for each name and severity that the catalogue of findings gives; the code leads to the runbook."""
    named: dict[tuple[str, Badness], list[FindingSpec]] = {}
    for spec in FINDINGS:
        if spec.alert:
            named.setdefault((spec.alert, spec.severity), []).append(spec)
    for (name, badness), specs in named.items():
        codes = "|".join(spec.code for spec in specs)
        yield Alert(
            name=name,
            expr=f'max by (job, partner, code) (botflight_preflight_findings{{code=~"{codes}"}}) > 0',
            severity=_OF_BADNESS[badness],
            # What is critical pages at once: the preflight has tried twice already.
            held="" if badness is Badness.CRITICAL else pace.of(5 * MINUTE_S),
            summary=f"{_WHERE}: the preflight found {{{{ $labels.code }}}}, {{{{ $value }}}} affected.",
            impact="The runbook tells what users feel; so does `botflight preflight`.",
            runbook="docs/runbooks/{{ $labels.code }}.md",
        )
    yield Alert(
        name="BotflightPreflightSilent",
        expr=f"time() - max by (job, partner, report) (botflight_preflight_last_run_timestamp_seconds)"
        f" > {_seconds(5 * MINUTE_S, pace)}",
        severity="ticket",
        held=pace.of(MINUTE_S),
        summary=f"{_WHERE}: the preflight {{{{ $labels.report }}}} has not run for "
        "{{ $value | humanizeDuration }}.",
        impact="None yet; what a preflight would find, the ledger among it, is not looked at.",
        runbook="docs/runbooks/BotflightPreflightSilent.md",
    )


def _service(pace: Pace) -> Iterator[Alert]:
    """What is wrong with the service itself, or with those that it needs."""
    half_hour, day, ten = pace.of(30 * MINUTE_S), pace.of(DAY_S), pace.of(10 * MINUTE_S)
    yield Alert(
        name="BotflightDown",
        expr='up{job="botflight"} == 0',
        severity="page",
        held=pace.of(2 * MINUTE_S),
        summary=f"{_AT} does not answer Prometheus.",
        impact="Nobody is answered; Telegram drops taps after 150 s and keeps messages for a day.",
        runbook="docs/runbooks/BotflightDown.md",
    )
    updates = "sum by (job, partner) (increase(botflight_updates_total[{window}]{offset}))"
    yield Alert(
        name="BotflightSilence",
        expr=f"{updates.format(window=half_hour, offset='')} == 0"
        f" and {updates.format(window=half_hour, offset=f' offset {day}')} >= {LEAST_UPDATES}",
        severity="page",
        held=pace.of(5 * MINUTE_S),
        summary=f"{_WHERE}: no update in half an hour, in which a day ago there were {LEAST_UPDATES} or more.",
        impact="Perhaps none; perhaps Telegram cannot reach the webhook, and nobody is answered.",
        runbook="docs/runbooks/BotflightSilence.md",
    )
    yield Alert(
        name="BotflightTelegramFlood",
        expr="sum by (job, partner) (increase(botflight_telegram_requests_total"
        f'{{outcome="429"}}[{ten}])) >= {LEAST_BAD_EVENTS}',
        severity="ticket",
        held=pace.of(5 * MINUTE_S),
        summary=f'{_WHERE}: Telegram refused {{{{ $value | printf "%.0f" }}}} calls in ten minutes as too many.',
        impact="Messages come late.",
        runbook="docs/runbooks/BotflightTelegramFlood.md",
    )
    failed = "sum by (job, partner) (increase(botflight_telegram_requests_total"
    # What Telegram refuses by reason of the call is no failure of Telegram.
    failed += f'{{outcome!~"OK|400|403|429"}}[{ten}]))'
    asked = f"sum by (job, partner) (increase(botflight_telegram_requests_total[{ten}]))"
    yield Alert(
        name="BotflightTelegramFailing",
        expr=f"{failed} / {asked} > 0.1 and {failed} >= {LEAST_BAD_EVENTS}",
        severity="ticket",
        held=pace.of(2 * MINUTE_S),
        summary=f"{_WHERE}: {{{{ $value | humanizePercentage }}}} of the calls to Telegram fail.",
        impact="Messages come late; taps may stay without an answer.",
        runbook="docs/runbooks/BotflightTelegramFailing.md",
    )
    yield Alert(
        name="BotflightProviderAlarm",
        expr=f"sum by (job, partner, alarm) (increase(botflight_provider_alarms_total[{ten}])) > 0",
        severity="page",
        summary=f"{_WHERE}: the provider refuses with {{{{ $labels.alarm }}}} until a person acts.",
        impact="Every generation fails; nothing is charged for it.",
        runbook="docs/runbooks/BotflightProviderAlarm.md",
    )
    yield Alert(
        name="BotflightStoreFailing",
        expr="sum by (job, partner) (increase(botflight_storage_operations_total"
        f'{{outcome!~"OK|REFUSED"}}[{pace.of(5 * MINUTE_S)}])) >= {LEAST_BAD_EVENTS}',
        severity="page",
        summary=f'{_WHERE}: the store failed {{{{ $value | printf "%.0f" }}}} times in five minutes.',
        impact="Updates are tried again and again; new ones are refused, and Telegram keeps them for a while.",
        runbook="docs/runbooks/BotflightStoreFailing.md",
    )
    # By a bucket that ends at half a second: a quantile would be guessed from what lies in between.
    calls, fast = (
        f"sum by (job, partner) (increase(botflight_storage_operation_duration_seconds_{part}[{ten}]))"
        for part in ("count", 'bucket{le="0.5"}')
    )
    slow = f"({calls} - {fast})"
    yield Alert(
        name="BotflightStoreSlow",
        expr=f"{slow} / {calls} > 0.05 and {slow} >= {LEAST_BAD_EVENTS}",
        severity="ticket",
        held=pace.of(5 * MINUTE_S),
        summary=f"{_WHERE}: {{{{ $value | humanizePercentage }}}} of calls to the store take half a second or longer.",
        impact="Every tap takes longer by this and more.",
        runbook="docs/runbooks/BotflightStoreSlow.md",
    )
    yield Alert(
        name="BotflightEventLoopLate",
        expr="max by (job, partner, instance)"
        f" (avg_over_time(botflight_event_loop_lag_seconds[{pace.of(5 * MINUTE_S)}])) > 0.25",
        severity="ticket",
        summary=f"{_AT}: the event loop is late by {{{{ $value | humanizeDuration }}}}.",
        impact="Everything takes longer by this; from 5 s on the process counts as dead.",
        runbook="docs/runbooks/BotflightEventLoopLate.md",
    )
    yield Alert(
        name="BotflightTelemetryDropped",
        expr=f"sum by (job, partner, signal) (increase(botflight_telemetry_dropped_total[{ten}])) > 0",
        severity="ticket",
        held=pace.of(10 * MINUTE_S),
        summary=f'{_WHERE}: {{{{ $value | printf "%.0f" }}}} {{{{ $labels.signal }}}} were lost in ten minutes.',
        impact="None for users; the next error may be seen by nobody.",
        runbook="docs/runbooks/BotflightTelemetryDropped.md",
    )


def _seconds(seconds: float, pace: Pace) -> float:
    """A length of time that a gauge is compared with, in seconds."""
    scaled = seconds * pace.factor
    return int(scaled) if scaled == int(scaled) else scaled
