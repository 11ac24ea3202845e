"""Every signal that the service emits, as data: the documentation and the metrics are made from it."""

from botflight_diagnostics.telemetry.catalogue.entries import EventSpec, Label, MetricSpec, SpanSpec
from botflight_diagnostics.telemetry.catalogue.events import EVENTS
from botflight_diagnostics.telemetry.catalogue.metrics import MAX_SERIES, METRICS, OTHER, UPDATE_TYPES
from botflight_diagnostics.telemetry.catalogue.spans import SPANS

__all__ = [
    "EVENTS",
    "MAX_SERIES",
    "METRICS",
    "OTHER",
    "SPANS",
    "UPDATE_TYPES",
    "EventSpec",
    "Label",
    "MetricSpec",
    "SpanSpec",
]
