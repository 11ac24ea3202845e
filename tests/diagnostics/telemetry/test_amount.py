"""How much one update tells: nobody doubles it unseen."""

from __future__ import annotations

from dataclasses import dataclass

from botflight_harness.telegram import Person
from shop import Shop


@dataclass(frozen=True, slots=True)
class Told:
    """What was told until now."""

    lines: int
    spans: int
    #: Durations that were observed, by all histograms together.
    observations: float

    @classmethod
    def by(cls, shop: Shop) -> Told:
        """Count it."""
        samples = [sample for family in shop.telemetry.metrics.registry.collect() for sample in family.samples]
        return cls(
            lines=len(shop.telemetry.lines),
            spans=len(shop.telemetry.spans()),
            observations=sum(sample.value for sample in samples if sample.name.endswith("_count")),
        )

    def since(self, before: Told) -> Told:
        """What came after."""
        return Told(self.lines - before.lines, self.spans - before.spans, self.observations - before.observations)


async def test_a_message_is_told_in_so_many_lines_spans_and_observations(shop: Shop, alice: Person) -> None:
    """A known user's /start, one answer. A number that grows here grows for every update: is it worth that? Ask."""
    await alice.sends("/start")
    before = Told.by(shop)

    await alice.sends("/start")

    assert Told.by(shop).since(before) == Told(lines=4, spans=8, observations=6)


async def test_a_tap_is_told_in_so_many_lines_spans_and_observations(shop: Shop, alice: Person) -> None:
    """A tap that draws another screen: an answer to the tap and an edit."""
    await alice.sends("/start")
    before = Told.by(shop)

    await alice.taps("models")

    assert Told.by(shop).since(before) == Told(lines=5, spans=10, observations=8)
