# ruff: noqa: INP001 - a folder for PYTHONPATH, not a package
"""Brings the guard into every Python that a test starts: its folder is put on PYTHONPATH.

It loads files by their path, because the child may be another Python, without the harness. The sitecustomize
that it hides runs after it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_PACKAGE = "botflight_harness.network"
_ENTER = "BOTFLIGHT_NETWORK_ENTER"


def _load(name: str) -> ModuleType:
    """Load a file of the package as the module that an import would make of it."""
    import importlib.util  # noqa: PLC0415 - late: only where it is needed

    full = f"{_PACKAGE}.{name}"
    if full not in sys.modules:
        here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes 10 ms to import
        path = os.path.join(os.path.dirname(here), f"{name}.py")  # noqa: PTH118, PTH120
        spec = importlib.util.spec_from_file_location(full, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full]


def _guard() -> None:
    if os.environ.get(_ENTER):
        from botflight_harness.network.worker import enter_own_namespace  # noqa: PLC0415 - a worker of pytest-xdist

        enter_own_namespace(os.environ)
        # pytest rewrites the assertions of what is not imported yet, and warns of what is.
        for name in [name for name in sys.modules if name.partition(".")[0] == "botflight_harness"]:
            del sys.modules[name]
    _load("policy")
    _load("journal")
    _load("hook").install(os.environ)


def _hidden() -> None:
    """Run the sitecustomize that this one stands before, as site would have."""
    import importlib.machinery  # noqa: PLC0415 - late: only where it is needed
    import importlib.util  # noqa: PLC0415 - likewise

    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    path = [entry for entry in sys.path if os.path.abspath(entry) != here]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


if sys.version_info >= (3, 10) and os.environ.get("BOTFLIGHT_NETWORK_JOURNAL"):
    _guard()
_hidden()
