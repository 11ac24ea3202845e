"""Telemetry for bots of python-telegram-bot, which has to be installed: this package imports it."""

from botflight_diagnostics.ptb.application import observe
from botflight_diagnostics.ptb.request import ObservedRequest

__all__ = ["ObservedRequest", "observe"]
