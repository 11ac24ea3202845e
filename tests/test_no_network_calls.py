"""No test reaches a network, in whatever way it tries."""

from __future__ import annotations

from pathlib import Path

import pytest

import cage
import guarded

WAYS = Path(__file__).parent / "harness" / "network" / "ways_out.py"

#: Ways by programs that a machine may lack.
OF_PROGRAMS = {
    f"test_{name}" for name in ("curl", "curl_by_name", "curl_through_a_proxy", "libpq", "node", "node_resolver")
}

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not cage.can_be_built(), reason="this machine refuses network namespaces: no cage to try it in"),
]


@pytest.mark.key_assertion("no test reaches a network, from Python, C or any program")
@pytest.mark.parametrize("refuses_namespaces", [False, True], ids=["namespace", "fallback"])
def test_network_calls_are_blocked(tmp_path: Path, *, refuses_namespaces: bool) -> None:
    """Every way out fails the test that took it, although it swallowed its error, and no packet leaves."""
    run = guarded.run(
        tmp_path,
        "",
        WAYS.name,
        files={WAYS.name: WAYS.read_text(encoding="utf-8")},
        options=["--require", "kernel"],
        refuses_namespaces=refuses_namespaces,
    )

    missed = {name for name, outcome in run.outcomes.items() if outcome == "passed"}
    left_out = {name for name, outcome in run.outcomes.items() if outcome == "skipped"}
    assert run.leaks == []
    assert missed == set(), run.output
    assert left_out <= OF_PROGRAMS
    assert len(run.outcomes) - len(left_out) >= 60
