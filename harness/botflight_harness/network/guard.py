"""The guard of one pytest process: it tries the layers, and takes what was tried since it last looked."""

import importlib.util
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botflight_harness.network import notice
from botflight_harness.network.counters import Counters
from botflight_harness.network.hook import JOURNAL, install
from botflight_harness.network.journal import Attempt, Journal
from botflight_harness.network.layers import AUDIT_HOOK, KERNEL, NAMESPACE, PYTEST_SOCKET
from botflight_harness.network.state import (
    ENTER,
    LAYERS,
    MAIN,
    REFUSED,
    Accounted,
    State,
    label_of,
    with_child_folder,
)

if TYPE_CHECKING:
    from botflight_harness.network.probe import Probe

_CURRENT_TEST = "PYTEST_CURRENT_TEST"
NOT_LAUNCHED = "the kernel's layers (run it by: python -m botflight_harness.network -- pytest)"
_WORKER = "PYTEST_XDIST_WORKER"


@dataclass(frozen=True, slots=True)
class Claims:
    """Which layers stand around this process, and why others do not."""

    layers: tuple[str, ...]
    refused: str

    @property
    def has_kernel(self) -> bool:
        """Tell whether programs in any language are kept from the network."""
        return not KERNEL.isdisjoint(self.layers)


class Guard:
    """Watches this process and its children from the moment it is made.

    `owns_state` says that nobody else removes the folder at the end.
    """

    def __init__(self, *, state: State, label: str, claims: Claims, owns_state: bool) -> None:
        self.claims = claims
        self.state = state
        self.label = label
        self._owns_state = owns_state
        self._journal: Journal = state.journal(label)
        self._offset = self._journal.size()
        self._counters = Counters.here() if NAMESPACE in claims.layers else None
        self._counted = self._counters.no_routes() if self._counters is not None else 0
        self.account()

    @classmethod
    def start(cls) -> "Guard":
        """Put the audit hook in place, in this process and for its children, and begin to watch."""
        environment = os.environ
        launched = JOURNAL in environment
        environment.setdefault(REFUSED, "" if launched else NOT_LAUNCHED)
        state = State.of(environment[JOURNAL]) if launched else State.create()
        label = environment.get(_WORKER) or (label_of(environment[JOURNAL]) if launched else MAIN)
        environment[JOURNAL] = state.prepare(label)
        environment["PYTHONPATH"] = with_child_folder(environment)
        install(environment)
        layers = tuple(name for name in environment.get(LAYERS, "").split(",") if name)
        claims = Claims(layers=layers, refused=environment[REFUSED])
        return cls(state=state, label=label, claims=claims, owns_state=not launched)

    def take(self) -> list[Attempt]:
        """Return the attempts since the last call, those of the self-test left out."""
        if self._counters is not None:
            counted = self._counters.no_routes()
            if counted > self._counted:
                # Into the journal and out of it again: what is summed up at the end is there.
                self._journal.record(notice.counted(counted - self._counted, test=os.environ.get(_CURRENT_TEST, "")))
                self._counted = counted
        if self._journal.size() == self._offset:
            return []
        written, self._offset = self._journal.since(self._offset)
        return [attempt for attempt in written if not attempt.is_self_test]

    def self_test(self) -> "list[Probe]":
        """Try every layer; what the probes do counts as nobody's attempt."""
        from botflight_harness.network import probe  # noqa: PLC0415 - late: ctypes takes 5 ms

        probes = probe.kernel_layers(self.claims.layers, self._journal.path) + probe.python_layers(self.in_python())
        if self._counters is not None:
            self._counted += probe.packets(self._counters)
        self.account()
        return probes

    def account(self) -> None:
        """Note what was taken, so that whoever looks after the end begins there."""
        self.state.account(self.label, Accounted(journal_bytes=self._offset, no_routes=self._counted))

    def total(self) -> int:
        """How many attempts there were in all processes of the run."""
        written = (self.state.journal(label).since()[0] for label in self.state.labels())
        return sum(not attempt.is_self_test for attempts in written for attempt in attempts)

    def close(self) -> None:
        """Stop watching. What was not taken is left to the launcher."""
        if self._counters is not None:
            for descriptor in self._counters.descriptors():
                os.close(descriptor)
            self._counters = None
        if self._owns_state:
            for name in (JOURNAL, REFUSED):
                os.environ.pop(name, None)
            self.state.remove()

    def worker_variables(self, label: str) -> list[str]:
        """The variables with which a worker of pytest-xdist gets a journal and a namespace of its own."""
        own = [f"{ENTER}={label}"] if self._counters is not None else []
        return [f"{JOURNAL}={self.state.prepare(label)}", *own]

    def in_python(self) -> list[str]:
        """The layers inside of the interpreter."""
        return [AUDIT_HOOK, *([PYTEST_SOCKET] if importlib.util.find_spec("pytest_socket") else [])]
