"""What users pay for: attempts, the time to a picture, and the provider behind it."""

from __future__ import annotations

from dashboards.generator.panel import Board, Link, Panel, Row, Target
from dashboards.generator.promql import per_second, quantile, share, some_per_second, worst

_MEANING = Link("What is counted", page="telemetry.md")

GENERATION = Board(
    name="generation",
    title="botflight: generation",
    description="How long users wait by model, how attempts end, and how the provider does.",
    rows=(
        Row(
            title="What users wait for",
            panels=(
                Panel(
                    title="Time to the file, half of all",
                    description="From the tap on confirm to the file that Telegram took, by model. Points are traces.",
                    unit="s",
                    exemplars=True,
                    targets=(Target(quantile(0.5, "botflight_time_to_result_seconds", by="model"), "{{model}}"),),
                    link=_MEANING,
                ),
                Panel(
                    title="Time to the file, 95 % of all",
                    description="What a user meets on a bad day. The promise is twice the usual time of the model.",
                    unit="s",
                    exemplars=True,
                    targets=(Target(quantile(0.95, "botflight_time_to_result_seconds", by="model"), "{{model}}"),),
                    link=Link("What to do when it breaks", page="runbooks/BotflightPicturesLate.md"),
                ),
                Panel(
                    title="Share in time",
                    description="Of the generations that came to an end; 95 % is promised. A failed one is not in "
                    "time.",
                    unit="percentunit",
                    maximum=1,
                    targets=(
                        Target(
                            share(
                                per_second("botflight_generations_total", 'timing="in_time"', by="model"),
                                per_second("botflight_generations_total", by="model"),
                            ),
                            "{{model}}",
                        ),
                    ),
                    nothing="none",
                    link=Link("What to do when it breaks", page="runbooks/BotflightPicturesLate.md"),
                ),
                Panel(
                    title="How generations end",
                    description="In time, late, or failed: the money of a failed one went back.",
                    unit="ops",
                    stacked=True,
                    targets=(Target(some_per_second("botflight_generations_total", by="timing"), "{{timing}}"),),
                    nothing="none",
                    link=_MEANING,
                ),
            ),
        ),
        Row(
            title="Attempts",
            panels=(
                Panel(
                    title="Attempts by the state that they came to",
                    description="Confirmed, submitting, running, succeeded, delivered is the good way. Unknown: the "
                    "provider's answer never came.",
                    unit="ops",
                    targets=(Target(some_per_second("botflight_attempts_total", by="state"), "{{state}}"),),
                    nothing="none",
                    link=Link("What to do with unknown ones", page="runbooks/BPF_ATTEMPT_UNKNOWN.md"),
                ),
                Panel(
                    title="Confirmed by model",
                    description="What is bought.",
                    unit="ops",
                    stacked=True,
                    targets=(
                        Target(per_second("botflight_attempts_total", 'state="confirmed"', by="model"), "{{model}}"),
                    ),
                    link=Link("What it brings", dashboard="money"),
                ),
            ),
        ),
        Row(
            title="The provider",
            panels=(
                Panel(
                    title="Calls by what was asked",
                    description="Submissions, questions after jobs, and files fetched, by what came of them.",
                    unit="reqps",
                    targets=(
                        Target(
                            some_per_second("botflight_provider_requests_total", by="operation, outcome"),
                            "{{operation}} {{outcome}}",
                        ),
                    ),
                    nothing="none",
                    link=Link("What to do when they fail", page="runbooks/SVC_PROVIDER_FAILING.md"),
                ),
                Panel(
                    title="Time of a call",
                    description="95 % of the calls by what was asked. Points are traces.",
                    unit="s",
                    exemplars=True,
                    targets=(
                        Target(
                            quantile(0.95, "botflight_provider_request_duration_seconds", by="operation"),
                            "{{operation}}",
                        ),
                    ),
                    link=_MEANING,
                ),
                Panel(
                    title="Calls refused until somebody acts",
                    description="By the provider's code: 401 key, 402 credits, 403 access, 433 limit, 455 "
                    "maintenance, 505 off.",
                    unit="cps",
                    width=8,
                    targets=(Target(some_per_second("botflight_provider_alarms_total", by="alarm"), "{{alarm}}"),),
                    nothing="none",
                    link=Link("What to do", page="runbooks/BotflightProviderAlarm.md"),
                ),
                Panel(
                    title="Credits left with the provider",
                    description="In the provider's own credits, when it was last asked. Without an account there is "
                    "none.",
                    unit="locale",
                    width=8,
                    targets=(Target(worst("botflight_provider_credits", by="provider"), "{{provider}}"),),
                    link=Link("What to do", page="runbooks/SVC_PROVIDER_CREDIT_LOW.md"),
                ),
                Panel(
                    title="Calls back from the provider",
                    description="TAKEN led on, KNOWN was known already, FORGED had a wrong signature, LATER was too "
                    "early.",
                    unit="reqps",
                    width=8,
                    targets=(Target(per_second("botflight_provider_callbacks_total", by="outcome"), "{{outcome}}"),),
                    link=_MEANING,
                ),
            ),
        ),
    ),
)
