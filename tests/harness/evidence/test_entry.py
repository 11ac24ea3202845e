from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from botflight_harness.evidence.archive import append, keep
from botflight_harness.evidence.changelog import Change
from botflight_harness.evidence.entry import Entry, Preflight
from botflight_harness.evidence.markdown import rendered
from botflight_harness.evidence.record import KeyAssertion, Network, Record

RECORD = Record(
    collected=3,
    outcomes={
        "tests/test_a.py::test_b": "passed",
        "tests/test_a.py::test_c[1]": "passed",
        "tests/test_a.py::test_d": "skipped",
    },
    skip_reasons={"no browser": 1},
    key_assertions=(KeyAssertion(test="tests/test_a.py::test_b", words="adds up", outcome="passed"),),
    versions={"python": "3.11.7", "pytest": "9.2.0", "pluggy": "1.7.0"},
    network=Network(line="NETWORK: disabled (...): 0 attempts blocked", has_kernel=True, attempts=0),
)
ENTRY = Entry(
    date="2026-11-24T02:00:00+00:00",
    commit="f944e62747e383cfe4e231ffc9b6511202ef80a5",
    uncommitted=[],
    scope=["Full pytest"],
    command="pytest -n 2",
    exit_code=0,
    duration_s=1.5,
    requires_kernel=True,
    record=RECORD,
    release="0.1.0",
    changes=(Change(area="Money", risk="twice.", change="Once.", proofs=("tests/test_a.py::test_c",)),),
    preflight=Preflight(payload={"result": "READY"}, result="READY", exit_code=0),
)


def proven_by(test: str) -> Entry:
    return replace(ENTRY, changes=(replace(ENTRY.changes[0], proofs=(test,)),))


def recorded(**changed: object) -> Entry:
    return replace(ENTRY, record=replace(RECORD, **changed))


def test_a_release_with_all_its_evidence_is_stop() -> None:
    """Nothing more is to be done."""
    assert (ENTRY.status, ENTRY.blockers) == ("STOP", [])


@pytest.mark.parametrize(
    ("entry", "blocker"),
    [
        (replace(ENTRY, exit_code=1), "exit code 1"),
        (recorded(outcomes={**RECORD.outcomes, "tests/test_a.py::test_e": "failed"}), "1 failed"),
        (proven_by("tests/test_a.py::test_gone"), "proof missing: tests/test_a.py::test_gone"),
        (proven_by("tests/test_a.py::test_d"), "proof skipped: tests/test_a.py::test_d"),
        (proven_by("tests/test_a.py::test_"), "proof missing: tests/test_a.py::test_"),
        (
            recorded(outcomes={**RECORD.outcomes, "tests/test_a.py::test_c[2]": "failed"}),
            "proof failed: tests/test_a.py::test_c",
        ),
        (recorded(key_assertions=()), "no test is marked as a key assertion"),
        (
            recorded(key_assertions=(KeyAssertion(test="tests/test_a.py::test_d", words="", outcome="skipped"),)),
            "key assertion skipped: tests/test_a.py::test_d",
        ),
        (replace(ENTRY, changes=()), "no change is listed under 0.1.0"),
        (recorded(network=None), "nothing watched the network"),
        (
            recorded(network=Network(line="NETWORK: ...", has_kernel=False, attempts=0)),
            "the kernel layer was required and is not in the network line",
        ),
        (recorded(network=Network(line="NETWORK: ...", has_kernel=True, attempts=2)), "2 attempts to reach a network"),
        (replace(ENTRY, uncommitted=["a.py"]), "uncommitted: a.py"),
        (
            replace(ENTRY, preflight=Preflight(payload={}, result="NO ANSWER", exit_code=2)),
            "preflight: NO ANSWER (exit code 2)",
        ),
    ],
)
def test_whatever_is_missing_makes_it_continue(entry: Entry, blocker: str) -> None:
    """And is named."""
    assert entry.status == "CONTINUE"
    assert blocker in entry.blockers


def test_the_text_tells_everything() -> None:
    """In the words and the order that the log always had."""
    text = rendered(ENTRY, twin="a.json", digest="0" * 64)

    lines = text.splitlines()
    for line in (
        "Date: 2026-11-24",
        "- commit: f944e62747e383cfe4e231ffc9b6511202ef80a5",
        "- python: 3.11.7",
        "- collected: 3",
        "- passed: 2, failed: 0, skipped: 1",
        "- skipped 1: no browser",
        "- duration: 1.50s (subprocess wall clock)",
        "- result: exit code 0",
        "  - `tests/test_a.py::test_b` (adds up): passed",
        "NETWORK: disabled (...): 0 attempts blocked",
        '  - `BILLING_PREFLIGHT_RUNTIME {"result":"READY"}`',
        "A) Money",
        "- Risk: twice.",
        "- Change: Once.",
        "- Proof: `tests/test_a.py::test_c` (passed)",
        "Final status: STOP",
    ):
        assert line in lines


def test_an_entry_survives_its_json(tmp_path: Path) -> None:
    """What is read back is what was written."""
    kept = keep(ENTRY, tmp_path)

    values = orjson.loads(kept.twin.read_bytes())

    assert (values["status"], values["blockers"]) == ("STOP", [])
    assert orjson.loads(orjson.dumps(Entry.of(values).values())) == values


def test_the_log_grows_at_its_end(tmp_path: Path) -> None:
    """Entries are parted by a line, under one heading."""
    log = tmp_path / "SMOKE_RUN_LOG.md"

    append("one\n", log)
    append("two\n", log)

    assert log.read_text() == "## Smoke Run Log\n\none\n\n---\n\ntwo\n"
