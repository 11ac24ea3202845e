"""What the console plots of this service beside its updates: lanes, the outbox, Telegram and the provider."""

from botflight_diagnostics.console import Plot, Quantiles, Rate, Value

PLOTS = (
    Plot(
        title="Lanes",
        unit="",
        sources=(Value("botflight_lanes", "lanes at work"), Value("botflight_updates_undone", "updates not yet done")),
    ),
    Plot(
        title="Outbox",
        unit="",
        sources=(Value("botflight_outbox_messages", "messages waiting"),),
    ),
    Plot(
        title="Age of the oldest",
        unit="s",
        sources=(
            Value("botflight_updates_undone_oldest_seconds", "update"),
            Value("botflight_outbox_oldest_seconds", "message"),
        ),
    ),
    Plot(
        title="Calls to Telegram", unit="a second", sources=(Rate("botflight_telegram_requests_total", by="outcome"),)
    ),
    Plot(
        title="Calls to the provider",
        unit="a second",
        sources=(Rate("botflight_provider_requests_total", by="outcome"),),
    ),
    Plot(
        title="Time of a provider call", unit="ms", sources=(Quantiles("botflight_provider_request_duration_seconds"),)
    ),
)
