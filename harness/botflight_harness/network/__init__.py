"""No test reaches a network: a launcher, a pytest plugin, and what both stand on.

Run `python -m botflight_harness.network --require kernel -- pytest`; see docs/no-network.md.
"""

from botflight_harness.network.hook import NetworkBlocked

__all__ = ["NetworkBlocked"]
