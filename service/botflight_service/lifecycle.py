"""Where the service stands between its start and its end, and what it may do there."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """The phases, in the order in which a service goes through them."""

    STARTING = "starting"  # the store is closed: updates are asked to come again
    RECOVERING = "recovering"  # the store is open: updates are kept, but not yet processed
    READY = "ready"
    DRAINING = "draining"  # finishing what is in hand; nothing new is taken
    STOPPED = "stopped"


_ORDER = tuple(Phase)


class Lifecycle:
    """The phase of one service. It only ever goes forward."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        #: What keeps it from going on, for /readyz; no secrets.
        self.failure: str | None = None

    def enter(self, phase: Phase) -> None:
        """Go on to a later phase; an earlier one is ignored, so that a late start never undoes a stop."""
        if _ORDER.index(phase) > _ORDER.index(self.phase):
            self.phase = phase

    @property
    def takes_updates(self) -> bool:
        """Whether an update can be kept now."""
        return self.phase in {Phase.RECOVERING, Phase.READY}

    @property
    def ready(self) -> bool:
        """Whether updates are processed as they come."""
        return self.phase is Phase.READY
