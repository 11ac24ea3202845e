"""An update may not become dearer unseen. Times are left out: a busy machine would fail them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.bench import cost
from tests.bench.cost import ALLOCATIONS, Act, Verdict

#: Of the small dose here; `make cost` counts more of them, and instructions too.
BATCHES = 5


@pytest.mark.process
@pytest.mark.parametrize("act", cost.ACTS, ids=lambda act: act.name)
async def test_it_asks_for_no_more_memory_than_was_recorded(act: Act) -> None:
    """The real service asks for at most a tenth more blocks of memory for it than when it was last recorded."""
    pytest.importorskip("memray", reason="nothing here counts allocations")

    measured = await cost.allocations(act, batches=BATCHES)

    (verdict,) = cost.verdicts({act.of(ALLOCATIONS): measured})
    if verdict.recorded is None:
        pytest.skip(str(verdict))
    assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("measured", "holds"), [(50, True), (110, True), (111, False), (200, False)])
def test_a_tenth_more_is_borne_and_no_more(measured: int, holds: bool) -> None:  # noqa: FBT001 - what is expected
    """What became cheaper or grew by a tenth passes; what grew by more fails, and says by how much."""
    verdict = Verdict(ALLOCATIONS, measured, 100)

    assert verdict.holds is holds
    assert f"{measured / 100:.2f}x the recorded 100" in str(verdict)


def test_what_was_never_recorded_holds_and_says_so() -> None:
    """On a Python that nobody measured there is nothing to compare with."""
    verdict = Verdict(ALLOCATIONS, 100, None)

    assert verdict.holds
    assert "nothing is recorded" in str(verdict)


def test_recording_leaves_other_pythons_alone(tmp_path: Path) -> None:
    """A record holds a count for each Python; writing one keeps the others."""
    path = tmp_path / "cost.json"
    path.write_text('{"allocations":{"2.7":1}}')

    cost.record({ALLOCATIONS: 100}, path)

    assert cost.recorded(path) == {ALLOCATIONS: {"2.7": 1, cost.keys()[ALLOCATIONS]: 100}}
    assert cost.verdicts({ALLOCATIONS: 100}, path) == [Verdict(ALLOCATIONS, 100, 100)]


def test_a_service_that_answers_too_often_is_not_counted() -> None:
    """A count of updates that were not completed, or answered twice, would be of something else."""
    load = Answering(completed=3, extra=1)

    with pytest.raises(cost.NotCounted, match="3 of 3 updates were completed, 1 messages too many"):
        asyncio.run(cost.complete(load, 3))  # type: ignore[arg-type]


class Answering:
    """A load whose run came out so."""

    def __init__(self, *, completed: int, extra: int) -> None:
        self.completed, self.extra = completed, extra

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        yield

    async def run(self, **_how: object) -> Answering:
        return self
