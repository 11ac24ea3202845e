"""A worker of pytest-xdist goes into a namespace of its own, so that what the kernel counts is that worker's."""

import os
import sys
from collections.abc import MutableMapping

from botflight_harness.network import namespace
from botflight_harness.network.hook import ALLOW, JOURNAL
from botflight_harness.network.kernel import Unsupported
from botflight_harness.network.service import Service
from botflight_harness.network.state import ENTER, State
from botflight_harness.network.supervisor import announce

_REFUSED = 4


def enter_own_namespace(environment: MutableMapping[str, str]) -> None:
    """Enter and tell the launcher. Called as the interpreter starts, while there is one thread.

    Ends the process when that is refused: Python goes on after an error in its sitecustomize.
    """
    label = environment.pop(ENTER)
    services = _services(environment.get(ALLOW, ""))
    try:
        entered = namespace.enter(services=services, keeps_running=True)
        announce(State.of(environment[JOURNAL]).socket, label, entered)
    except (OSError, Unsupported) as error:
        sys.stderr.write(f"NETWORK: worker {label} got no namespace of its own: {error}\n")
        sys.stderr.flush()
        os._exit(_REFUSED)


def _services(text: str) -> list[Service]:
    """The allowed services by their addresses alone; names are for the name server."""
    entries = [entry.rpartition(":") for entry in text.split(",") if entry]
    found = [Service(host=host, address=host, port=int(port)) for host, _, port in entries]
    return [service for service in found if _is_address(service.address)]


def _is_address(text: str) -> bool:
    import ipaddress  # noqa: PLC0415 - late: only with services

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
