from dataclasses import replace

import pytest

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.table import table, without


@pytest.fixture
async def payload(probe, clock):
    """A payload with a warning and a critical finding."""
    probe.attempt_facts = replace(probe.attempt_facts, unknown=2)
    probe.balance_facts = replace(probe.balance_facts, negative=1, sample=(7,))
    runner = billing_preflight(probe, daily_limit=5, reference=lambda user_id: f"u_{user_id}", clock=clock)
    return (await runner.report()).payload()


def test_the_table_tells_what_to_do(payload):
    """A person reads the result, each section, and for each finding what it does and how to fix it."""
    text = table(payload, title="Billing preflight")

    assert text.startswith("Billing preflight: FAIL\n")
    assert "  balances     FAIL           0.0 ms  records=0, partners=0, neg=1, updated24h=0 (initialized=0)\n" in text
    assert "  BPF_BALANCE_NEGATIVE (critical): 1, expected 0\n    affects  1, among them u_7\n" in text
    assert "    to fix   Run `botflight storage check`" in text
    assert "    more     docs/runbooks/BPF_ATTEMPT_UNKNOWN.md\n" in text


def test_colours_are_for_terminals(payload):
    """Only a terminal gets colours, and they move no column."""
    assert "\x1b" not in table(payload, title="x")
    assert "\x1b[31mFAIL     \x1b[0m" in table(payload, title="x", coloured=True)


def test_a_summary_is_a_table_too():
    """Without details there are the statuses alone."""
    text = table({"result": "READY", "sections": {"db": {"status": "OK"}}}, title="x")

    assert text == "x: READY\n\n  db           OK\n"


@pytest.mark.parametrize(
    ("codes", "result"),
    [
        (set(), "FAIL"),
        ({"BPF_BALANCE_NEGATIVE"}, "DEGRADED"),
        ({"BPF_ATTEMPT_UNKNOWN"}, "FAIL"),
        ({"BPF_BALANCE_NEGATIVE", "BPF_ATTEMPT_UNKNOWN"}, "READY"),
    ],
)
def test_what_is_ignored_does_not_count(payload, codes, result):
    """The result is that of the findings which are left, and so is what there is to fix."""
    judged = without(payload, codes)

    assert judged["result"] == result
    assert {line.partition(":")[0] for line in judged["how_to_fix"]} == {
        "BPF_BALANCE_NEGATIVE",
        "BPF_ATTEMPT_UNKNOWN",
    } - codes


def test_what_is_ignored_is_still_shown(payload):
    """A finding that does not count is there, as muted."""
    text = table(without(payload, {"BPF_BALANCE_NEGATIVE"}), title="x")

    assert "BPF_BALANCE_NEGATIVE (muted)" in text
