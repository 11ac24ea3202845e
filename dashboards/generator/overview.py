"""The first look: are promises kept, and the four golden signals."""

from __future__ import annotations

from dashboards.generator.objective import OBJECTIVES, PICTURES, TAPS, UPDATES, Objective
from dashboards.generator.panel import Board, Link, Panel, Row, Step, Target
from dashboards.generator.promql import chosen, over_range, per_second, quantile, share, some_per_second, worst
from dashboards.generator.recordings import burn_rate

_GREEN_FROM = (Step(None, "red"),)


def _kept(objective: Objective, title: str, good: str) -> Panel:
    return Panel(
        title=title,
        description=f"The promise is that {objective.promise}. Over the time that is shown.",
        unit="percentunit",
        kind="stat",
        width=6,
        height=5,
        targets=(Target(good, objective.name),),
        nothing="none yet",
        steps=(*_GREEN_FROM, Step(objective.target, "green")),
        link=Link("What to do when it breaks", page=f"runbooks/{objective.alert}.md"),
    )


_UPDATES_ALL = over_range("botflight_updates_total", 'outcome!="IGNORED"')
_TAPS = over_range("botflight_updates_total", 'type="callback_query"')
_FAST_TAPS = over_range("botflight_callback_answer_seconds_bucket", 'le="1.0"')
_PICTURES = over_range("botflight_generations_total")

_PROMISES = Row(
    title="What users were promised",
    panels=(
        _kept(
            UPDATES,
            "Updates that ended well",
            "1 - " + share(over_range("botflight_updates_total", 'outcome=~"FAILED|EXPIRED|UNDONE"'), _UPDATES_ALL),
        ),
        _kept(
            TAPS,
            "Taps answered within 1 s",
            f"clamp_max({share(_FAST_TAPS, _TAPS)}, 1)",
        ),
        _kept(
            PICTURES,
            "Generations in time",
            share(over_range("botflight_generations_total", 'timing="in_time"'), _PICTURES),
        ),
        Panel(
            title="Findings of the preflights",
            description="How many codes the last preflights found, muted ones aside. Each has a runbook.",
            unit="short",
            kind="stat",
            width=6,
            height=5,
            targets=(Target(f"sum({chosen('botflight_preflight_findings')} > bool 0)", "findings"),),
            steps=(Step(None, "green"), Step(1, "red")),
            link=Link("Which", dashboard="preflight"),
        ),
        Panel(
            title="How fast the budgets burn",
            description="1 uses the budget of 30 days up in 30 days. An hour above 14.4 pages, and so do six above 6.",
            unit="short",
            width=24,
            targets=tuple(
                Target(
                    f'{burn_rate("1h")}{{job=~"$job",partner=~"$partner",slo="{objective.name}"}}',
                    "{{slo}} {{partner}}",
                )
                for objective in OBJECTIVES
            ),
            steps=(Step(None, "green"), Step(6, "orange"), Step(14.4, "red")),
            link=Link("What a burn rate is", page="decisions/0010-dashboards.md"),
        ),
    ),
)

_LATENCY = Row(
    title="Latency",
    panels=(
        Panel(
            title="Time of an update",
            description="From taking an update up to its end, its commit included. Points are traces: open one of "
            "the slow.",
            unit="s",
            exemplars=True,
            targets=(
                Target(quantile(0.5, "botflight_update_duration_seconds", by="type"), "half of {{type}}"),
                Target(quantile(0.99, "botflight_update_duration_seconds", by="type"), "99 % of {{type}}"),
            ),
            link=Link("What is measured", page="telemetry.md"),
        ),
        Panel(
            title="Time until a tap is answered",
            description="Until the button stops spinning. Above 1 s a tap feels broken, and users tap again.",
            unit="s",
            exemplars=True,
            targets=(
                Target(quantile(0.5, "botflight_callback_answer_seconds"), "half"),
                Target(quantile(0.95, "botflight_callback_answer_seconds"), "95 %"),
                Target(quantile(0.99, "botflight_callback_answer_seconds"), "99 %"),
            ),
            link=Link("What to do when it is slow", page="runbooks/BotflightTapsUnanswered.md"),
        ),
    ),
)

_TRAFFIC = Row(
    title="Traffic",
    panels=(
        Panel(
            title="Updates by kind",
            description="Updates that came to an end. None where there should be some is an alert of its own.",
            unit="reqps",
            stacked=True,
            targets=(Target(some_per_second("botflight_updates_total", by="type"), "{{type}}"),),
            nothing="none",
            link=Link("How they are delivered", dashboard="telegram"),
        ),
        Panel(
            title="Updates by outcome",
            description="OK, IGNORED (nobody waits for an answer), a word of a handler's own, or what went wrong.",
            unit="reqps",
            stacked=True,
            targets=(Target(some_per_second("botflight_updates_total", by="outcome"), "{{outcome}}"),),
            nothing="none",
            link=Link("What the words mean", page="telemetry.md"),
        ),
    ),
)

_ERRORS = Row(
    title="Errors",
    panels=(
        Panel(
            title="Updates that failed",
            description="FAILED got an apology, EXPIRED came too late to be answered, UNDONE is tried again at the "
            "next start.",
            unit="reqps",
            width=8,
            targets=(
                Target(
                    per_second("botflight_updates_total", 'outcome=~"FAILED|EXPIRED|UNDONE"', by="outcome"),
                    "{{outcome}}",
                ),
            ),
            link=Link("What to do", page="runbooks/BotflightUpdatesFailing.md"),
        ),
        Panel(
            title="Calls that fail",
            description="Of Telegram, the provider and the store: whatever did not end as OK.",
            unit="reqps",
            width=8,
            targets=(
                Target(per_second("botflight_telegram_requests_total", 'outcome!="OK"'), "Telegram"),
                Target(per_second("botflight_provider_requests_total", 'outcome!="OK"'), "provider"),
                Target(per_second("botflight_storage_operations_total", 'outcome!="OK"'), "store"),
            ),
            link=Link("Of Telegram", dashboard="telegram"),
        ),
        Panel(
            title="Requests refused at the door",
            description="By HTTP status: 401 a wrong secret, 400 and 413 no update, 503 not now, Telegram comes again.",
            unit="reqps",
            width=8,
            targets=(Target(some_per_second("botflight_updates_refused_total", by="status"), "{{status}}"),),
            nothing="none",
            link=Link("What is measured", page="telemetry.md"),
        ),
    ),
)

_SATURATION = Row(
    title="Saturation",
    panels=(
        Panel(
            title="What waits",
            description="Updates that are stored and not done, chats in work, and messages that are committed and "
            "not sent.",
            unit="short",
            width=8,
            targets=(
                Target(worst("botflight_updates_undone"), "updates {{instance}}"),
                Target(worst("botflight_lanes"), "chats {{instance}}"),
                Target(worst("botflight_outbox_messages"), "messages {{instance}}"),
            ),
            link=Link("What to do", page="runbooks/SVC_UPDATES_STUCK.md"),
        ),
        Panel(
            title="How long the oldest has waited",
            description="0 when nothing waits. An update of five minutes is stuck.",
            unit="s",
            width=8,
            targets=(
                Target(worst("botflight_updates_undone_oldest_seconds"), "update {{instance}}"),
                Target(worst("botflight_outbox_oldest_seconds"), "message {{instance}}"),
            ),
            link=Link("What to do", page="runbooks/SVC_UPDATES_LATE.md"),
        ),
        Panel(
            title="Time of a call to the store",
            description="The wait for its commit included: 95 % of all, by what was asked.",
            unit="s",
            width=8,
            exemplars=True,
            targets=(
                Target(quantile(0.95, "botflight_storage_operation_duration_seconds", by="operation"), "{{operation}}"),
            ),
            link=Link("What to do", page="runbooks/BotflightStoreSlow.md"),
        ),
        Panel(
            title="Calls to the store",
            description="By what was asked and what came of it; REFUSED is a decision that the store contradicted.",
            unit="ops",
            width=8,
            targets=(
                Target(
                    some_per_second("botflight_storage_operations_total", by="operation, outcome"),
                    "{{operation}} {{outcome}}",
                ),
            ),
            nothing="none",
            link=Link("What to do", page="runbooks/BotflightStoreFailing.md"),
        ),
        Panel(
            title="How late the event loop is",
            description="Everything takes longer by this. From 5 s on the process counts as dead.",
            unit="s",
            width=8,
            targets=(Target(worst("botflight_event_loop_lag_seconds"), "{{instance}}"),),
            link=Link("What to do", page="runbooks/BotflightEventLoopLate.md"),
        ),
        Panel(
            title="Telemetry that was lost",
            description="Log lines and spans that did not leave the process. While this is not 0, dashboards may lie.",
            unit="cps",
            width=8,
            targets=(Target(per_second("botflight_telemetry_dropped_total", by="signal"), "{{signal}}"),),
            link=Link("What to do", page="runbooks/BotflightTelemetryDropped.md"),
        ),
    ),
)

_RUNNING = Row(
    title="What runs",
    panels=(
        Panel(
            title="Instances",
            description="1 where Prometheus is answered.",
            unit="short",
            kind="states",
            height=5,
            targets=(Target(chosen("up"), "{{instance}}"),),
            words={0: ("down", "red"), 1: ("up", "green")},
            link=Link("What to do when it is down", page="runbooks/BotflightDown.md"),
        ),
        Panel(
            title="Versions",
            description="The version of each instance; each change is also marked in every panel.",
            unit="short",
            kind="table",
            height=5,
            targets=(Target(f"max by (instance, service, version) ({chosen('botflight_build_info')})", "{{version}}"),),
            link=Link("What is measured", page="telemetry.md"),
        ),
    ),
)

OVERVIEW = Board(
    name="overview",
    title="botflight: overview",
    description="Are the promises kept, and the four golden signals: latency, traffic, errors, saturation.",
    rows=(_PROMISES, _LATENCY, _TRAFFIC, _ERRORS, _SATURATION, _RUNNING),
)
