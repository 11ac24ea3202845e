"""The fuzz of the bot in a small dose, from seeds that stay; `make prove` runs it in full."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.fuzz.objects import Objects
from tests.fuzz.strange import KINDS
from tests.prove.fuzz import WEATHERS, fuzz

from botflight_harness.telegram import schema

UPDATES = 250


@pytest.mark.parametrize("weather", WEATHERS)
async def test_whatever_is_sent_is_answered_and_the_money_adds_up(weather: str, tmp_path: Path) -> None:
    """No update of any kind fails; nobody who writes or taps meets silence; each task is ordered and charged once."""
    counts = await fuzz(UPDATES, weather)(Random(f"small dose {weather}"), tmp_path)

    assert counts["updates"] >= UPDATES
    assert counts["attempts"] > 0


def test_every_kind_of_update_can_be_drawn() -> None:
    """Bot API 10.3 has 27, and each is drawn with all that it must hold."""
    fields = schema.load().fields("Update")
    objects = Objects(Random(1), now_s=1_790_000_000)

    drawn = {kind: objects.draw(fields[kind].type) for kind in KINDS}

    assert len(drawn) == 27
    for kind, payload in drawn.items():
        needed = {field.name for field in schema.load().fields(fields[kind].type).values() if field.required}
        assert needed <= payload.keys()
