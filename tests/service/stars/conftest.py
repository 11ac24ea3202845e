from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "json", "postgresql"])
def kept_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each store that outlives its process, new and empty."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return {"sqlite": f"sqlite:///{tmp_path}/shop.sqlite", "json": f"json://{tmp_path}/shop"}[request.param]
