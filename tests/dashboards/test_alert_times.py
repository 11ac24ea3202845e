"""When each alert fires and when it does not, at its true length: a table, played by promtool."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards.generator.objective import OBJECTIVES
from tests.dashboards.reading import RULES, alert_rules

WHERE = {"job": "botflight", "instance": "one:8080", "partner": "partner01"}
HOUR = 60
PROMISES = {objective.name: objective.alert for objective in OBJECTIVES}

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happened, and at which minutes an alert fires or is quiet."""

    alert: str
    #: By series, in promtool's notation: a value at each `step_min`.
    series: dict[str, str]
    fires: tuple[int, ...] = ()
    quiet: tuple[int, ...] = ()
    #: Of the firing alert, beside severity, job and partner.
    labels: dict[str, str] = field(default_factory=dict)
    #: Another alert, which stays quiet when this one fires.
    spared: str = ""
    step_min: int = 1


def promise(
    name: str, good: str, bad: str, *, fast: tuple[int, int], slow: tuple[int, int], total: str = ""
) -> list[Story]:
    """The stories of a promise; `fast` and `slow` are good and bad events a minute. `total` counts both together."""

    def series(goods: str, bads: str, both: str) -> dict[str, str]:
        return {good: goods, total: both} if total else {good: goods, bad: bads}

    well, badly = fast
    # An hour all is well, half an hour it is not, then all is well again.
    worse = series(
        f"0+{well}x300",
        f"0x60 {badly}+{badly}x29 {badly * 30}x210",
        f"0+{well}x60 {well * 61 + badly}+{well + badly}x29 {well * 91 + badly * 30}+{well}x209",
    )
    chance = series("0+1x240", "0x60 1+1x3 4x180", "0+1x60 62+2x3 69+1x180")
    # A day all is well, and then a little of it is not, for two days. A value every five minutes.
    calm, drip = slow[0] * 5, slow[1] * 5
    leaks = series(
        f"0+{calm}x864",
        f"0x288 {drip}+{drip}x575",
        f"0+{calm}x288 {calm * 289 + drip}+{calm + drip}x575",
    )
    return [
        Story(alert=f"{name}Fast", series=worse, quiet=(30, 61, 150), fires=(80, 90)),
        Story(alert=f"{name}Fast", series=chance, quiet=(62, 64, 66, 90)),
        Story(
            alert=f"{name}Slowly",
            series=leaks,
            quiet=(24 * HOUR, 29 * HOUR),
            fires=(36 * HOUR, 70 * HOUR),
            spared=f"{name}Fast",
            step_min=5,
        ),
    ]


def finding(alert: str, code: str, *, quiet: tuple[int, ...], fires: tuple[int, ...]) -> Story:
    """A finding that is there from the tenth minute to the thirtieth."""
    series = {f'botflight_preflight_findings{{code="{code}"}}': "0x9 2x20 0x30"}
    return Story(alert=alert, series=series, quiet=(5, *quiet, 40), fires=fires, labels={"code": code})


STORIES = [
    *promise(
        "BotflightUpdatesFailing",
        'botflight_updates_total{type="message",outcome="OK"}',
        'botflight_updates_total{type="message",outcome="FAILED"}',
        fast=(100, 5),
        slow=(1000, 4),
    ),
    *promise(
        "BotflightTapsUnanswered",
        'botflight_callback_answer_seconds_bucket{le="1.0"}',
        "",
        total='botflight_updates_total{type="callback_query",outcome="OK"}',
        fast=(100, 60),
        slow=(100, 4),
    ),
    *promise(
        "BotflightPicturesLate",
        'botflight_generations_total{model="text_to_image",timing="in_time"}',
        'botflight_generations_total{model="text_to_image",timing="late"}',
        fast=(100, 600),
        slow=(100, 25),
    ),
    finding("BotflightLedgerBroken", "BPF_LEDGER_SUM", quiet=(8,), fires=(10, 29)),
    finding("BotflightPreflightCritical", "BPF_DB_UNREACHABLE", quiet=(8,), fires=(10, 29)),
    finding("BotflightPreflightWarning", "SVC_WEBHOOK_PENDING", quiet=(8, 12), fires=(16, 29)),
    Story(
        alert="BotflightPreflightSilent",
        # It runs every minute until the tenth, then never again; times begin at 0 in 1970.
        series={'botflight_preflight_last_run_timestamp_seconds{report="billing"}': "0+60x10 600x30"},
        quiet=(9, 14),
        fires=(18, 30),
        labels={"report": "billing"},
    ),
    Story(
        alert="BotflightDown",
        series={"up": "1x10 0x10 1x10"},
        quiet=(9, 11, 25),
        fires=(14, 20),
        labels={"instance": ""},
    ),
    Story(
        alert="BotflightSilence",
        # Two updates a minute for a day; then nothing.
        series={'botflight_updates_total{type="message",outcome="OK"}': "0+10x294 2940x50"},
        quiet=(24 * HOUR, 24 * HOUR + 45),
        fires=(25 * HOUR + 30,),
        step_min=5,
    ),
    Story(
        alert="BotflightSilence",
        # At night it was as quiet a day ago.
        series={'botflight_updates_total{type="message",outcome="OK"}': "0+1x6 6x600"},
        quiet=(12 * HOUR, 24 * HOUR + 15, 30 * HOUR),
        step_min=5,
    ),
    Story(
        alert="BotflightTelegramFlood",
        series={'botflight_telegram_requests_total{method="sendMessage",outcome="429"}': "0x10 1+1x19 20x30"},
        quiet=(9, 13, 45),
        fires=(25, 30),
    ),
    Story(
        alert="BotflightTelegramFailing",
        series={
            'botflight_telegram_requests_total{method="sendMessage",outcome="OK"}': "0+10x60",
            'botflight_telegram_requests_total{method="sendMessage",outcome="TimedOut"}': "0x10 10+10x19 200x30",
        },
        quiet=(9, 11, 45),
        fires=(20, 30),
    ),
    Story(
        alert="BotflightProviderAlarm",
        series={'botflight_provider_alarms_total{alarm="402"}': "0x10 1x60"},
        quiet=(9, 25),
        fires=(12, 18),
        labels={"alarm": "402"},
    ),
    Story(
        alert="BotflightStoreFailing",
        series={'botflight_storage_operations_total{operation="commit",outcome="FAILED"}': "0x10 3+3x9 30x30"},
        quiet=(9, 10, 30),
        fires=(14, 20),
    ),
    Story(
        alert="BotflightStoreFailing",
        series={'botflight_storage_operations_total{operation="commit",outcome="REFUSED"}': "0+9x60"},
        quiet=(30, 50),
    ),
    Story(
        alert="BotflightStoreSlow",
        # From the tenth minute on every call takes long.
        series={
            'botflight_storage_operation_duration_seconds_bucket{operation="commit",le="0.5"}': "0+50x10 500x60",
            'botflight_storage_operation_duration_seconds_count{operation="commit"}': "0+50x70",
        },
        quiet=(9, 12),
        fires=(25, 40),
    ),
    Story(
        alert="BotflightStoreSlow",
        # A call every five minutes, and each takes long: too few to tell.
        series={
            'botflight_storage_operation_duration_seconds_bucket{operation="commit",le="0.5"}': "0x70",
            'botflight_storage_operation_duration_seconds_count{operation="commit"}': "0 0 0 0 1 1 1 1 1 2x5 3x5 4x50",
        },
        quiet=(9, 20, 30),
    ),
    Story(
        alert="BotflightEventLoopLate",
        series={"botflight_event_loop_lag_seconds": "0.01x9 0.9x10 0.01x30"},
        quiet=(9, 10, 25),
        fires=(13, 19),
        labels={"instance": ""},
    ),
    Story(
        alert="BotflightTelemetryDropped",
        series={'botflight_telemetry_dropped_total{signal="spans"}': "0x9 5+5x20 105x30"},
        quiet=(9, 15, 45),
        fires=(25, 30),
        labels={"signal": "spans"},
    ),
]


def located(series: str) -> str:
    """A series with where it was scraped."""
    name, _, rest = series.partition("{")
    labels = ",".join(
        [*(f'{label}="{value}"' for label, value in WHERE.items()), *filter(None, [rest.removesuffix("}")])]
    )
    return f"{name}{{{labels}}}"


def expected(story: Story) -> str:
    """The series that Prometheus writes of the alert while it fires."""
    severity = next(rule["labels"]["severity"] for rule in alert_rules() if rule["alert"] == story.alert)
    labels = {"alertname": story.alert, "alertstate": "firing", "severity": severity}
    labels |= {name: value or WHERE[name] for name, value in story.labels.items()}
    labels |= {name: WHERE[name] for name in ("job", "partner")}
    promised = [name for name, alert in PROMISES.items() if story.alert.startswith(alert)]
    labels |= {"slo": promised[0]} if promised else {}
    return f"ALERTS{{{','.join(f'{name}={chr(34)}{value}{chr(34)}' for name, value in labels.items())}}}"


def played(story: Story) -> dict[str, Any]:
    """A story as promtool reads it."""
    moments = [(story.alert, minute, True) for minute in story.fires]
    moments += [(story.alert, minute, False) for minute in story.quiet]
    moments += [(story.spared, minute, False) for minute in story.fires if story.spared]
    return {
        "name": f"{story.alert}: {story.series}",
        "interval": f"{story.step_min}m",
        "input_series": [{"series": located(name), "values": values} for name, values in story.series.items()],
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}',
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": expected(story), "value": 1}] if fires else [],
            }
            for alert, minute, fires in moments
        ],
    }


def test_every_alert_has_a_story_in_which_it_fires_and_one_in_which_it_does_not():
    """No alert is shipped that nobody has seen."""
    names = {rule["alert"] for rule in alert_rules()}

    assert {story.alert for story in STORIES if story.fires} == names
    assert {story.alert for story in STORIES if story.quiet} == names


@pytest.mark.parametrize("step_min", [1, 5], ids=["hours", "days"])
def test_alerts_fire_when_they_should_and_not_else(tmp_path: Path, step_min: int):
    """Every story is played at its true length, on the rules that are checked in."""
    told = {
        "rule_files": [str(path) for path in RULES],
        # Three days looked at every minute would take minutes.
        # What is recorded is looked at in the same step.
        "group_eval_order": [f"botflight-{name}" for name in ("objectives", "promises", "findings", "service")],
        "evaluation_interval": "1m" if step_min == 1 else "30m",
        "tests": [played(story) for story in STORIES if story.step_min == step_min],
    }
    file = tmp_path / "stories.yaml"
    file.write_text(yaml.safe_dump(told, width=4096))

    ran = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)  # noqa: S607 - wherever the machine has it

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_promtool_takes_the_rules():
    """Prometheus itself finds nothing wrong with them."""
    ran = subprocess.run(["promtool", "check", "rules", *map(str, RULES)], capture_output=True, text=True, check=False)  # noqa: S607 - likewise

    assert ran.returncode == 0, ran.stdout + ran.stderr
