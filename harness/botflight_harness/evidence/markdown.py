"""An entry as the log's text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

import orjson

from botflight_harness.evidence.changelog import Change
from botflight_harness.evidence.entry import Entry, skipped
from botflight_harness.evidence.record import FAILED, PASSED, SKIPPED, Record

HEADING = "## Smoke Run Log\n"
SEPARATOR = "\n---\n\n"
EVIDENCE = "- evidence: "


def rendered(entry: Entry, *, twin: str, digest: str) -> str:
    """The text of an entry. `twin` is the name of its JSON, `digest` that file's SHA-256."""
    return "\n".join(_lines(entry, twin=twin, digest=digest)) + "\n"


def _lines(entry: Entry, *, twin: str, digest: str) -> Iterator[str]:
    yield f"Date: {entry.date[:10]}"
    yield from _section("Scope requested", [*entry.scope, f"`{entry.command}`"])
    facts = [*_facts(entry), f"evidence: `{twin}`, sha256 {digest}", _green(entry)]
    yield from _section("Release evidence", facts)
    yield from (f"  - {line}" for line in _key_lines(entry.record))
    yield ""
    yield entry.record.network.line if entry.record.network else "NETWORK: open (nothing watched it)"
    if entry.preflight is not None:
        yield from _section("Runtime diagnostics evidence", ["BILLING_PREFLIGHT_RUNTIME log line:"])
        yield f"  - `BILLING_PREFLIGHT_RUNTIME {orjson.dumps(entry.preflight.payload).decode()}`"
    yield from _changes(entry)
    yield from _section("Notes / blockers", entry.blockers or ["None"])
    yield from _section("Commands", [f"`{entry.command}`"])
    yield ""
    yield f"Final status: {entry.status}"


def _section(title: str, items: Sequence[str]) -> Iterator[str]:
    yield ""
    yield f"### {title}"
    yield from (f"- {item}" for item in items)


def _facts(entry: Entry) -> Iterator[str]:
    record = entry.record
    yield f"date: {entry.date}"
    yield f"commit: {entry.commit}" + (" (with uncommitted changes)" if entry.uncommitted else "")
    yield from (f"{name}: {version}" for name, version in sorted(record.versions.items()))
    yield f"collected: {record.collected}"
    yield f"passed: {record.count(PASSED)}, failed: {record.count(FAILED)}, skipped: {record.count(SKIPPED)}"
    yield from (f"skipped {reason}" for reason in skipped(record))
    yield f"duration: {entry.duration_s:.2f}s (subprocess wall clock)"
    yield f"result: exit code {entry.exit_code}"


def _green(entry: Entry) -> str:
    keys = entry.record.key_assertions
    return f"key assertions, {sum(key.outcome == PASSED for key in keys)} of {len(keys)} green:"


def _key_lines(record: Record) -> Iterator[str]:
    """A line a test, with the worst of its parameters and how many there are."""
    cases = Counter(key.test.partition("[")[0] for key in record.key_assertions)
    words = {key.test.partition("[")[0]: key.words for key in record.key_assertions}
    for test, number in cases.items():
        times = f", {number} cases" if number > 1 else ""
        yield f"`{test}` ({words[test] or 'no words'}{times}): {record.outcome_of(test)}"


def _changes(entry: Entry) -> Iterator[str]:
    yield ""
    yield f"### Changes of {entry.release} (risk → change → proof)"
    for number, change in enumerate(entry.changes):
        yield from _change(entry, _letter(number), change)


def _change(entry: Entry, letter: str, change: Change) -> Iterator[str]:
    proofs = ", ".join(f"`{proof}` ({entry.record.outcome_of(proof)})" for proof in change.proofs)
    yield f"{letter}) {change.area}"
    yield f"- Risk: {change.risk}"
    yield f"- Change: {change.change}"
    yield f"- Proof: {proofs}"


def _letter(number: int) -> str:
    """A, B, ... Z, AA, AB."""
    rest, last = divmod(number, len(ascii_uppercase))
    return (_letter(rest - 1) if rest else "") + ascii_uppercase[last]
