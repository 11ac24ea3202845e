from __future__ import annotations

from pathlib import Path
from random import Random

from tests.prove.stores import side_by_side

from postgres_server import Server


def test_the_stores_answer_and_hold_the_same(tmp_path: Path, postgres: Server) -> None:
    """Every verb and every work, repeated and contradicted at will, through restarts and deaths: no store differs."""
    side_by_side(tmp_path, postgres, runs=3, chance=Random(20261124))
