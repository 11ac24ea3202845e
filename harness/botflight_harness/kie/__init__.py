"""kie.ai, simulated: tasks on a clock, errors in its words, callbacks, credits and limits, for any client."""

from botflight_harness.kie.callbacks import Delivery
from botflight_harness.kie.refusals import KieRefusal
from botflight_harness.kie.server import kie_app
from botflight_harness.kie.tasks import Task
from botflight_harness.kie.world import FakeKie

__all__ = ["Delivery", "FakeKie", "KieRefusal", "Task", "kie_app"]
