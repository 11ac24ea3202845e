"""A live page about a service: its preflights, its last minutes as plots, its last updates with spans and lines."""

from botflight_diagnostics.console.console import Console
from botflight_diagnostics.console.plots import Plot, Quantiles, Rate, Value

__all__ = ["Console", "Plot", "Quantiles", "Rate", "Value"]
