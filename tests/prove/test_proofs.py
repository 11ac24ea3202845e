"""The proofs in a small dose, and that they can fail: a store that does not sync is found out."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.dashboards.prometheus_server import installed
from tests.prove.__main__ import PROOFS
from tests.prove.alerts import renamed
from tests.prove.kills import kill
from tests.prove.mutants import rename
from tests.prove.power_cuts import FILE, JsonDisk, SqliteDisk, cut
from tests.prove.powerless_folder import PowerlessFile
from tests.prove.proof import Run, chances
from tests.prove.weather import WEATHER

from botflight_diagnostics.telemetry.catalogue import METRICS

SEED = 20261124
POWER = [proof for proof in PROOFS if proof.name.startswith("power-")]


@pytest.mark.parametrize("proof", POWER, ids=lambda proof: proof.name)
@pytest.mark.parametrize("number", range(2))
async def test_a_power_cut_takes_nothing_back(proof: object, number: int, tmp_path: Path) -> None:
    """What was acknowledged before the power went is there after, and every purchase comes to its end."""
    await proof.run(chances(SEED, proof.name, number), tmp_path)  # type: ignore[attr-defined]  # a Proof


@pytest.mark.process
@pytest.mark.parametrize("url", ["sqlite://{}/store.db", "json://{}/store"], ids=["sqlite", "json"])
async def test_a_killed_process_takes_nothing_with_it(url: str, tmp_path: Path) -> None:
    """A process killed under load, again and again on one store: what it acknowledged is there, once."""
    await kill(url, times=2)(chances(SEED, "kill", 0), tmp_path)


@pytest.mark.parametrize("number", range(3))
async def test_in_all_weathers_of_kie_who_pays_has_a_file(number: int, tmp_path: Path) -> None:
    """Refusals, losses, hanging tasks, callbacks repeated, forged and late: nothing ordered twice, nobody untold."""
    (proof,) = WEATHER

    await proof.run(chances(SEED, proof.name, number), tmp_path)


@pytest.mark.process
async def test_a_metric_that_is_renamed_in_the_code_fails_a_test(tmp_path: Path) -> None:
    """One of them, by the real code and the real tests; `make prove ARGS=mutants` takes each in turn."""
    assert await rename(tmp_path, ["botflight_outbox_oldest_seconds"]) == {"metrics_renamed": 1}


@pytest.mark.process
@pytest.mark.skipif(not installed(), reason="prometheus is not installed")
async def test_whichever_metric_is_renamed_a_panel_is_empty(tmp_path: Path) -> None:
    """Each in turn takes another name before a real Prometheus, and a panel that asks for it has nothing to show."""
    counts = await renamed(chances(SEED, "renamed", 0), tmp_path)

    assert counts["metrics_renamed"] == len(METRICS)


async def fails_at_last(run: Run, tmp_path: Path, *, runs: int) -> bool:
    """Whether one of so many runs fails."""
    for number in range(runs):
        try:
            await run(chances(SEED, "teeth", number), tmp_path / str(number))
        except AssertionError:
            return True
    return False


async def test_commits_that_are_not_synced_are_found_to_be_lost(tmp_path: Path) -> None:
    """The same proof of SQLite with synchronous=NORMAL fails: it would see a commit that is taken back."""
    careless = cut(partial(SqliteDisk, synchronous="NORMAL"), f"sqlite://{{}}/{FILE}", max_uses=700)

    assert await fails_at_last(careless, tmp_path, runs=20)


async def test_a_journal_that_is_not_synced_is_found_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same proof of the journal on a disk that forgets to sync files fails."""
    monkeypatch.setattr(PowerlessFile, "sync", lambda file: file._power.use())

    assert await fails_at_last(cut(JsonDisk, "json://{}", max_uses=70), tmp_path, runs=20)
