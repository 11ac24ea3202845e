"""Health for orchestrators: is the process alive, has it started, shall it get traffic."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from botflight_diagnostics.preflight import Pause
from botflight_diagnostics.telemetry.clock import Clock, SystemClock

#: Tells why a condition is not met, as a code; None when it is. Looks at state that is at hand: it is asked often.
Condition = Callable[[], str | None]

LAG_EVERY_S: Final = 0.5

#: An event loop that was this late is taken for dead.
LAG_LIMIT_MS: Final = 5000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An answer to an orchestrator."""

    ok: bool
    #: What was looked at: "ok", or the reason why not.
    checks: Mapping[str, str]
    #: Values beside them.
    meta: Mapping[str, float]


class Health:
    """Answers from state that is at hand; none of the answers waits for anything.

    `ready` are the conditions to get traffic, by name: `{"store": lambda: None if store.is_open else "CLOSED"}`.
    `started` is the one that ends the start; once met it stays so. `on_lag` is told each measured lag, in seconds.
    """

    def __init__(
        self,
        *,
        started: Condition,
        ready: Mapping[str, Condition],
        clock: Clock | None = None,
        on_lag: Callable[[float], object] = lambda _: None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._started = started
        self._ready = dict(ready)
        self._clock = clock or SystemClock()
        self._on_lag = on_lag
        self._pause = pause
        self._has_started = False
        self.lag_ms = 0.0

    def live(self) -> Verdict:
        """Tell whether the event loop turns: it does, or nobody would answer; a very late one is taken for dead."""
        reason = "ok" if self.lag_ms < LAG_LIMIT_MS else "EVENT_LOOP_LATE"
        return Verdict(ok=reason == "ok", checks={"event_loop": reason}, meta={"lag_ms": round(self.lag_ms, 1)})

    def ready(self) -> Verdict:
        """Tell whether to send traffic here."""
        conditions = {"started": self._started, **self._ready}
        checks = {name: condition() or "ok" for name, condition in conditions.items()}
        return Verdict(ok=set(checks.values()) == {"ok"}, checks=checks, meta={})

    def startup(self) -> Verdict:
        """Tell whether the start is over."""
        reason = None if self._has_started else self._started()
        self._has_started = reason is None
        return Verdict(ok=self._has_started, checks={"started": reason or "ok"}, meta={})

    async def watch(self) -> None:
        """Measure the event loop's lag, until cancelled."""
        while True:
            began_ns = self._clock.monotonic_ns()
            await self._pause(LAG_EVERY_S)
            self.lag_ms = max(0.0, (self._clock.monotonic_ns() - began_ns) / 1e6 - LAG_EVERY_S * 1000)
            self._on_lag(self.lag_ms / 1000)
