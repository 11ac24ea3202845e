"""What the preflights found, section by section, with the way to the runbooks."""

from __future__ import annotations

from dashboards.generator.panel import Board, Link, Panel, Row, Step, Target
from dashboards.generator.promql import chosen, worst

_PAGES = Link("All runbooks", page="runbooks/README.md")
_WORDS = {0: ("OK", "green"), 1: ("degraded", "orange"), 2: ("failed", "red"), 3: ("skipped", "blue")}

PREFLIGHT = Board(
    name="preflight",
    title="botflight: preflight",
    description="Does the money hold together, and is the service fit to work: sections and findings with their "
    "runbooks.",
    rows=(
        Row(
            title="Findings",
            panels=(
                Panel(
                    title="What was found",
                    description="Each code that counts now, with how much it affects. A click on a code opens its "
                    "runbook.",
                    unit="locale",
                    kind="table",
                    width=12,
                    targets=(Target(f"{worst('botflight_preflight_findings', by='code')} > 0", "{{code}}"),),
                    nothing="nothing",
                    cells={"code": Link("Open the runbook", page="runbooks/${__value.raw}.md")},
                    link=_PAGES,
                ),
                Panel(
                    title="Findings over time",
                    description="How much each finding affected; only those that were there are drawn.",
                    unit="short",
                    nothing="nothing",
                    width=12,
                    targets=(Target(f"{worst('botflight_preflight_findings', by='code')} > 0", "{{code}}"),),
                    link=_PAGES,
                ),
            ),
        ),
        Row(
            title="Sections",
            panels=(
                Panel(
                    title="Sections",
                    description="OK, degraded, failed; skipped where the section that it needs failed.",
                    unit="short",
                    kind="states",
                    width=24,
                    height=10,
                    targets=(Target(worst("botflight_preflight_status", by="section"), "{{section}}"),),
                    words=_WORDS,
                    link=_PAGES,
                ),
                Panel(
                    title="How long sections take",
                    description="Each has a deadline of its own; a slow store shows here first.",
                    unit="s",
                    targets=(Target(worst("botflight_preflight_duration_seconds", by="section"), "{{section}}"),),
                    link=Link("What to do when the store is slow", page="runbooks/BPF_DB_SLOW.md"),
                ),
                Panel(
                    title="Since the last run",
                    description="Preflights run every 30 s; what is older tells of the past.",
                    unit="s",
                    kind="stat",
                    width=6,
                    targets=(
                        Target(
                            f"time() - {worst('botflight_preflight_last_run_timestamp_seconds', by='report')}",
                            "{{report}}",
                        ),
                    ),
                    steps=(Step(None, "green"), Step(90, "orange"), Step(300, "red")),
                    link=Link("What to do", page="runbooks/BotflightPreflightSilent.md"),
                ),
                Panel(
                    title="Muted findings",
                    description="There, and not counted, because somebody muted them for a while.",
                    unit="short",
                    kind="stat",
                    width=6,
                    targets=(Target(chosen("botflight_preflight_muted"), "{{report}} {{instance}}"),),
                    steps=(Step(None, "green"), Step(1, "orange")),
                    link=_PAGES,
                ),
            ),
        ),
    ),
)
