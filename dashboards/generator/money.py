"""Where the money is: what was charged, held and given back, whether the ledger adds up, and what was free."""

from __future__ import annotations

from dashboards.generator.panel import Board, Link, Panel, Row, Step, Target
from dashboards.generator.promql import over_range, per_second, share, some_per_second, times, worst

_MONEY = "botflight_money_hundredths_total"
_CREDITS = 100
_MOVED = over_range(_MONEY, by="kind")
_FINDINGS = worst(
    "botflight_preflight_findings",
    'code=~"BPF_LEDGER_.+|BPF_BALANCE_.+|BPF_HOLD_.+|BPF_ATTEMPT_DUPLICATE"',
    by="code",
)
_MEANING = Link("What is counted", page="telemetry.md")


def _credits(kind: str, title: str, description: str) -> Panel:
    matcher = f'kind="{kind}"'
    return Panel(
        title=title,
        description=f"{description} In credits, over the time that is shown.",
        unit="locale",
        kind="stat",
        width=3,
        height=5,
        targets=(Target(f"round({over_range(_MONEY, matcher)} / {_CREDITS}, 0.01)", kind),),
        link=_MEANING,
    )


MONEY = Board(
    name="money",
    title="botflight: money",
    description="What was charged, held, refunded and free; and whether the ledger adds up.",
    rows=(
        Row(
            title="In and out",
            panels=(
                _credits("topped_up", "Topped up", "What users paid in, and presents of administrators."),
                _credits("held", "Held", "Set aside at the tap on confirm."),
                _credits("charged", "Charged", "For generations that succeeded: what was earned."),
                _credits("released", "Released", "Held before and given back: the generation failed."),
                _credits("refunded", "Refunded", "Charged before and paid back: the file was gone, or nobody got it."),
                _credits("taken_back", "Taken back", "Topped up before; the Stars went back to the user."),
                _credits("handed_back", "Handed back", "Taken back before; Telegram refused to return the Stars."),
                Panel(
                    title="Free generations",
                    description="Generations that cost nothing, over the time that is shown.",
                    unit="locale",
                    kind="stat",
                    width=3,
                    height=5,
                    targets=(Target(times("botflight_free_generations_total"), "free"),),
                    link=_MEANING,
                ),
                Panel(
                    title="Money that moves",
                    width=8,
                    description="Credits a second by what happened to them. Held follows charged and released by the "
                    "time of a generation.",
                    unit="short",
                    targets=(Target(f"{per_second(_MONEY, by='kind')} / {_CREDITS} and {_MOVED} > 0", "{{kind}}"),),
                    nothing="none",
                    link=_MEANING,
                ),
                Panel(
                    title="Payments in Stars",
                    width=8,
                    description="A second, by what became of them. Found: Telegram had one that the ledger had not. "
                    "Unclear ones wait for a person.",
                    unit="ops",
                    targets=(Target(some_per_second("botflight_payments_total", by="event"), "{{event}}"),),
                    nothing="none",
                    link=_MEANING,
                ),
                Panel(
                    title="Share of what was held that came back",
                    width=8,
                    description="How much of the money that users set aside was not earned. It grows when "
                    "generations fail.",
                    unit="percentunit",
                    maximum=1,
                    targets=(
                        Target(
                            share(per_second(_MONEY, 'kind="released"'), per_second(_MONEY, 'kind="held"')), "released"
                        ),
                        Target(
                            share(per_second(_MONEY, 'kind="refunded"'), per_second(_MONEY, 'kind="charged"')),
                            "refunded",
                        ),
                    ),
                    nothing="none",
                    link=Link("Why they fail", dashboard="generation"),
                ),
            ),
        ),
        Row(
            title="Does the ledger add up",
            panels=(
                Panel(
                    title="Drift",
                    description="The sum of all accounts in hundredths of a credit. Anything but 0 pages at once.",
                    unit="locale",
                    kind="stat",
                    width=6,
                    height=5,
                    targets=(Target(worst("botflight_ledger_drift_hundredths", by="partner"), "{{partner}}"),),
                    steps=(Step(None, "red"), Step(0, "green"), Step(1, "red")),
                    link=Link("What to do", page="runbooks/BPF_LEDGER_SUM.md"),
                ),
                Panel(
                    title="Accounts that do not add up",
                    description="Accounts whose balance is not the sum of their entries.",
                    unit="locale",
                    kind="stat",
                    width=6,
                    height=5,
                    targets=(Target(worst("botflight_ledger_mismatched_accounts", by="partner"), "{{partner}}"),),
                    steps=(Step(None, "green"), Step(1, "red")),
                    link=Link("What to do", page="runbooks/BPF_LEDGER_MISMATCH.md"),
                ),
                Panel(
                    title="Age of the last full count",
                    description="Every account is recounted in the background, step by step. Over a day is a finding.",
                    unit="s",
                    kind="stat",
                    width=6,
                    height=5,
                    targets=(Target(worst("botflight_ledger_audit_age_seconds", by="partner"), "{{partner}}"),),
                    steps=(Step(None, "green"), Step(86_400, "red")),
                    link=Link("What to do", page="runbooks/BPF_LEDGER_AUDIT_OLD.md"),
                ),
                Panel(
                    title="Findings of the ledger",
                    description="How many codes about money the last billing preflight found. Each has a runbook.",
                    unit="locale",
                    kind="stat",
                    width=6,
                    height=5,
                    targets=(Target(f"sum({_FINDINGS} > bool 0)", "findings"),),
                    steps=(Step(None, "green"), Step(1, "red")),
                    link=Link("All findings", dashboard="preflight"),
                ),
            ),
        ),
        Row(
            title="Free use",
            panels=(
                Panel(
                    title="Free and paid generations",
                    description="Taps on confirm a second: free ones and all. A day's limit gives users free ones.",
                    unit="ops",
                    targets=(
                        Target(per_second("botflight_free_generations_total"), "free"),
                        Target(per_second("botflight_attempts_total", 'state="confirmed"'), "all"),
                    ),
                    link=_MEANING,
                ),
                Panel(
                    title="Share that is free",
                    description="Of all generations that were confirmed.",
                    unit="percentunit",
                    maximum=1,
                    targets=(
                        Target(
                            share(
                                per_second("botflight_free_generations_total"),
                                per_second("botflight_attempts_total", 'state="confirmed"'),
                            ),
                            "free",
                        ),
                    ),
                    nothing="none",
                    link=Link("What to do when limits do not hold", page="runbooks/BPF_FREE_LIMIT_EXCEEDED.md"),
                ),
            ),
        ),
    ),
)
