"""What the launcher is asked to do, and what the command finds around it."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from botflight_harness.network.hook import ALLOW, JOURNAL
from botflight_harness.network.service import Service, environment_value
from botflight_harness.network.state import LAYERS, MAIN, REFUSED, REQUIRE, State, with_child_folder, without_guard

FAILED = 1
#: What is asked for or claimed is not there. pytest's own code for a run that could not start is the same.
REFUSED_TO_RUN = 4
NOT_FOUND = 127


class NotFound(Exception):
    """The command cannot be run."""


class Plan(NamedTuple):
    """What to run, with which services in reach, and whether the kernel's layers must be there."""

    command: Sequence[str]
    services: Sequence[Service] = ()
    requires_kernel: bool = False


def environment_of(plan: Plan, state: State, *, layers: Sequence[str], refused: Sequence[str]) -> dict[str, str]:
    """The command's environment: no proxies, and the way to the journal."""
    outer = without_guard(os.environ)
    kept = {name: value for name, value in outer.items() if not name.lower().endswith("_proxy")}
    required = {REQUIRE: "kernel"} if plan.requires_kernel else {}
    return {
        **kept,
        **required,
        "PYTHONPATH": with_child_folder(kept),
        JOURNAL: state.journal(MAIN).path,
        ALLOW: environment_value(plan.services),
        LAYERS: ",".join(layers),
        REFUSED: "; ".join(refused),
    }


def path_of(name: str, environment: Mapping[str, str]) -> str:
    """A bare name is looked for beside this interpreter first: `pytest` is that of this environment."""
    if os.sep not in name:
        beside = Path(sys.executable).with_name(name)
        if beside.is_file():
            return str(beside)
    import shutil  # noqa: PLC0415 - late: it takes 2 ms

    found = shutil.which(name, path=environment.get("PATH"))
    if found is None:
        raise NotFound(f"{name}: command not found")
    return found
