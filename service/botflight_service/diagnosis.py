"""The service under diagnostics: its health, its metrics and its two preflights, as routes and as watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from starlette.routing import BaseRoute

from botflight_diagnostics.billing_metrics import BillingMetrics
from botflight_diagnostics.billing_preflight import billing_preflight, broken_store, store_preflight
from botflight_diagnostics.combined_probe import CombinedProbe, PartnerProbe
from botflight_diagnostics.console import Console
from botflight_diagnostics.findings import SERVICE_FINDINGS
from botflight_diagnostics.health import Health
from botflight_diagnostics.mute_routes import mute_routes
from botflight_diagnostics.mutes import BookFailed, MuteRefused, Mutes, PartnerBook
from botflight_diagnostics.preflight import Preflight
from botflight_diagnostics.prometheus import MetricsPage, PreflightMetrics
from botflight_diagnostics.service_preflight import service_preflight
from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.web import (
    SERVICE_PREFLIGHT_EVENT,
    SERVICE_PREFLIGHT_PATH,
    health_routes,
    log_preflight,
    metrics_route,
    preflight_route,
)
from botflight_service.billing.quotas import day_of
from botflight_service.bot.handlers.operation import MuteImpossible
from botflight_service.config import Settings
from botflight_service.console_plots import PLOTS
from botflight_service.lifecycle import Lifecycle, Phase
from botflight_service.storage.interface import Storage
from botflight_service.vitals import Vitals

#: How often the preflights run by themselves.
PREFLIGHT_EVERY_S = 30.0
#: How often it is asked whether the store can be used: `/readyz` is of so long ago, and of the deadline, at most.
STORE_EVERY_S = 2.0
#: How often the lengths of queues are read into their gauges.
SAMPLE_EVERY_S = 1.0


class Diagnosis:
    """Looks at a service from outside its way of an update."""

    def __init__(
        self,
        *,
        settings: Settings,
        others: Sequence[Settings] = (),
        storage: Storage,
        lifecycle: Lifecycle,
        telemetry: Telemetry,
        reference: Callable[[int], str],
        vitals: Vitals,
        sample: Callable[[], None],
    ) -> None:
        """`settings` are those of the process and its first partner, `others` those of the partners beside it."""
        self._settings = settings
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("diagnostics")
        self._vitals = vitals
        self._sample = sample
        self._metrics_page = MetricsPage(telemetry.metrics.registry)
        probe = CombinedProbe(_probe_of(storage, one) for one in (settings, *others))
        self._store = store_preflight(probe, clock=telemetry.clock)
        self.health = Health(
            started=lambda: None if lifecycle.phase not in {Phase.STARTING, Phase.RECOVERING} else "STARTING",
            ready={
                "store": lambda: broken_store(self._store.last) if lifecycle.takes_updates else "CLOSED",
                "draining": lambda: "DRAINING" if lifecycle.phase in {Phase.DRAINING, Phase.STOPPED} else None,
            },
            clock=telemetry.clock,
            on_lag=lambda seconds: telemetry.metrics.event_loop_lag.set(to=seconds),
        )
        mutes = Mutes(PartnerBook(storage, settings.partner), log=self._log)
        self.preflight = billing_preflight(
            probe,
            daily_limit=settings.daily_free_limit,
            reference=reference,
            clock=telemetry.clock,
            mutes=mutes,
            log=self._log,
            on_report=BillingMetrics(telemetry.metrics),
        )
        self.service_preflight = service_preflight(
            vitals,
            clock=telemetry.clock,
            mutes=mutes,
            log=self._log,
            on_report=PreflightMetrics(telemetry.metrics, SERVICE_FINDINGS, report="service"),
        )

        self._console = Console(
            telemetry=telemetry,
            preflights={"Billing": self.preflight, "Service": self.service_preflight},
            token=settings.diag_token.get_secret_value() if settings.diag_token else None,
            about={"service": "botflight", "version": version("botflight")},
            health=self.health,
            plots=PLOTS,
        )

    async def inspect(self) -> None:
        """Run the billing preflight once, at the start, and log what it finds: it never stops a start."""
        log_preflight(self._log, "BILLING_PREFLIGHT", await self.preflight.report(fresh=True))

    async def watch(self) -> None:
        """Keep the preflights fresh and the event loop's lag known, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.health.watch())
            tasks.create_task(self._store.repeat(every_s=STORE_EVERY_S))
            tasks.create_task(self.preflight.repeat(every_s=PREFLIGHT_EVERY_S))
            tasks.create_task(self.service_preflight.repeat(every_s=PREFLIGHT_EVERY_S))
            tasks.create_task(self._vitals.watch())
            tasks.create_task(self._keep_sampling())
            tasks.create_task(self._console.watch())

    async def mute(self, code: str, *, for_ms: int, reason: str, up_to: int | None) -> Mapping[str, Any]:
        """Mute a finding of either preflight for so long from now. Raises MuteImpossible."""
        until_ms = self._telemetry.clock.time_ns() // 1_000_000 + for_ms
        try:
            return (await self._preflight_of(code).mute(code, until_ms=until_ms, reason=reason, up_to=up_to)).payload()
        except (MuteRefused, BookFailed) as refused:
            raise MuteImpossible(str(refused)) from refused

    async def unmute(self, code: str) -> bool:
        """Let a finding count again; False where it was not muted. Raises MuteImpossible."""
        try:
            return await self._preflight_of(code).unmute(code)
        except (MuteRefused, BookFailed) as refused:
            raise MuteImpossible(str(refused)) from refused

    def _preflight_of(self, code: str) -> Preflight:
        """The preflight that knows a finding; the billing preflight refuses what neither knows."""
        return self.service_preflight if code in self.service_preflight.findings else self.preflight

    def routes(self) -> list[BaseRoute]:
        """`/livez /readyz /startupz /version /metrics /__diag/ /__diag/billing_preflight /__diag/service_preflight`."""
        token = self._settings.diag_token.get_secret_value() if self._settings.diag_token else None
        return [
            *health_routes(self.health, version={"service": "botflight", "version": version("botflight")}),
            metrics_route(self._metrics_page),
            *self._console.routes(),
            preflight_route(self.preflight, token=token, log=self._log),
            *mute_routes([self.preflight, self.service_preflight], token=token),
            preflight_route(
                self.service_preflight,
                token=token,
                log=self._log,
                path=SERVICE_PREFLIGHT_PATH,
                event=SERVICE_PREFLIGHT_EVENT,
            ),
        ]

    async def close(self) -> None:
        """Let go of checks under way, before the store closes, and of the thread that renders metrics."""
        await self._store.close()
        await self.preflight.close()
        await self.service_preflight.close()
        self._metrics_page.close()

    async def _keep_sampling(self) -> None:
        while True:
            self._sample()
            await asyncio.sleep(SAMPLE_EVERY_S)


def _probe_of(storage: Storage, settings: Settings) -> PartnerProbe:
    """What the billing preflight asks of one partner."""
    probe = storage.probe(settings.partner, day_of=lambda at_ms: day_of(at_ms, settings.zone))
    return PartnerProbe(probe=probe, daily_limit=settings.daily_free_limit)
