"""The service under diagnostics: its health, its metrics and its billing preflight, as routes and as watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.metadata import version

from starlette.routing import BaseRoute

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.health import Health
from botflight_diagnostics.prometheus import MetricsPage
from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.web import health_routes, metrics_route, preflight_route
from botflight_service.billing.quotas import day_of
from botflight_service.config import Settings
from botflight_service.lifecycle import Lifecycle, Phase
from botflight_service.storage.interface import Storage

#: How often the preflight runs by itself.
PREFLIGHT_EVERY_S = 30.0


class Diagnosis:
    """Looks at a service from outside its way of an update."""

    def __init__(
        self,
        *,
        settings: Settings,
        storage: Storage,
        lifecycle: Lifecycle,
        telemetry: Telemetry,
        reference: Callable[[int], str],
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("diagnostics")
        self._lifecycle = lifecycle
        self._metrics_page = MetricsPage(telemetry.metrics.registry)
        self.health = Health(
            started=lambda: None if lifecycle.phase not in {Phase.STARTING, Phase.RECOVERING} else "STARTING",
            ready={
                "store": lambda: None if lifecycle.takes_updates else "CLOSED",
                "draining": lambda: "DRAINING" if lifecycle.phase in {Phase.DRAINING, Phase.STOPPED} else None,
            },
            clock=telemetry.clock,
            on_lag=lambda seconds: telemetry.metrics.event_loop_lag.set(to=seconds),
        )
        self.preflight = billing_preflight(
            storage.probe(settings.partner, day_of=lambda at_ms: day_of(at_ms, settings.zone)),
            daily_limit=settings.daily_free_limit,
            reference=reference,
            clock=telemetry.clock,
            log=self._log,
        )

    async def inspect(self) -> None:
        """Run the preflight once, at the start, and log what it finds: it never stops a start."""
        report = await self.preflight.report(fresh=True)
        self._log.info("BILLING_PREFLIGHT", payload=report.payload(age_ms=0))

    async def watch(self) -> None:
        """Keep the preflight fresh and the event loop's lag known, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.health.watch())
            tasks.create_task(self.preflight.repeat(every_s=PREFLIGHT_EVERY_S))

    def routes(self) -> list[BaseRoute]:
        """`/livez /readyz /startupz /version /metrics /__diag/billing_preflight`."""
        token = self._settings.diag_token
        return [
            *health_routes(self.health, version={"service": "botflight", "version": version("botflight")}),
            metrics_route(self._metrics_page),
            preflight_route(self.preflight, token=token.get_secret_value() if token else None, log=self._log),
        ]

    def close(self) -> None:
        """Let go of the thread that renders metrics."""
        self._metrics_page.close()
