"""The control API: a simulated Telegram driven over HTTP, from a test in any language."""

from botflight_harness.control.routes import ROOT
from botflight_harness.control.worlds import WORLDS_MOST, Worlds

__all__ = ["ROOT", "WORLDS_MOST", "Worlds"]
