"""The hooks of pytest-xdist: each worker has a journal and a namespace of its own, and its findings come here."""

import shlex
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from botflight_harness.network.plugin import WATCH, WORKER_OUTPUT


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[Any]) -> None:
    """Start local workers by `env`: only so are the variables there before the interpreter is."""
    watch = config.stash.get(WATCH, None)
    if watch is None or not watch.guard.claims.has_kernel:
        return
    for spec in specs:
        if spec.popen:
            prefix = shlex.join(["env", *watch.guard.worker_variables(spec.id)])
            spec.python = f"{prefix} {spec.python or shlex.quote(sys.executable)}"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - pytest-xdist has no types
    """Take over what a worker found outside of tests. One that crashed has failed the run already."""
    watch = node.config.stash.get(WATCH, None)
    found = getattr(node, "workeroutput", {}).get(WORKER_OUTPUT)
    if watch is not None and found is not None:
        watch.wrong += [f"{node.gateway.id}: {text}" for text in found["wrong"]]
        watch.outside += [f"{node.gateway.id}, {text}" for text in found["outside"]]
