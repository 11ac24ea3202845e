"""No test reaches a network: a launcher, a pytest plugin, and what both stand on.

Run `python -m botflight_harness.network --require kernel -- pytest`; see docs/no-network.md.
"""

# Bound here, because a child Python has loaded these three by their paths before their package.
from botflight_harness.network import hook, journal, policy
from botflight_harness.network.hook import NetworkBlocked

__all__ = ["NetworkBlocked", "hook", "journal", "policy"]
