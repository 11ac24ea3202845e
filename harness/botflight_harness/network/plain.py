"""Runs a command where the kernel does not help: Python alone is kept from the network, and the run says so."""

import subprocess
import sys

from botflight_harness.network import notice
from botflight_harness.network.plan import (
    NOT_FOUND,
    REFUSED_TO_RUN,
    NotFound,
    Plan,
    environment_of,
    path_of,
)
from botflight_harness.network.state import State
from botflight_harness.network.verdict import verdict


def run(plan: Plan) -> int:
    """Run the command and return its exit code, as the launcher for Linux does; 4 when the kernel is required."""
    reason = f"the kernel's layers need Linux; this is {sys.platform}"
    if plan.requires_kernel:
        notice.say(f"the kernel layer is required: {reason}")
        return REFUSED_TO_RUN
    state = State.create()
    try:
        environment = environment_of(plan, state, layers=(), refused=[reason])
        words = [path_of(plan.command[0], environment), *plan.command[1:]]
        code = subprocess.run(words, env=environment, check=False).returncode  # noqa: S603 - the given command
        return verdict(plan, state, code=code, no_routes=lambda _: None, began_with=None)
    except NotFound as error:
        notice.say(str(error))
        return NOT_FOUND
    finally:
        state.remove()
