"""What people read: the header and the summary of pytest, the launcher's last word, and what was tried."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from botflight_harness.network.journal import Attempt

#: What is said where the kernel does not help.
PYTHON_ONLY = "disabled at Python level only; subprocesses and C libraries are NOT covered"

#: Attempts that are listed; the rest is counted.
MAX_LISTED = 20
LAYER_OF_COUNTER = "the kernel, which found no route"


class Status(NamedTuple):
    """The layers that are live after a self-test of `tried` layers, and why others are not there."""

    live: Sequence[str]
    tried: int
    has_kernel: bool
    refused: str = ""
    services: Sequence[str] = ()


def say(text: str) -> None:
    """Speak as the launcher, to standard error."""
    sys.stderr.write(f"NETWORK: {text}\n")
    sys.stderr.flush()


def counted(number: int, *, test: str = "") -> Attempt:
    """What the kernel counted and nobody named: a C library or another program made it."""
    return Attempt(
        layer=LAYER_OF_COUNTER,
        call=f"{number} packet{'s' * (number != 1)} from a C library or another program",
        destination="an address outside of this machine",
        test=test,
    )


def listed(attempts: Sequence[Attempt]) -> list[str]:
    """A line for each attempt, up to a limit."""
    lines = [f"  {attempt}" for attempt in attempts[:MAX_LISTED]]
    return lines if len(attempts) <= MAX_LISTED else [*lines, f"  and {len(attempts) - MAX_LISTED} more"]


def late(attempts: Sequence[Attempt]) -> str:
    """What happened after the last test."""
    return "\n".join([f"{count(len(attempts))} blocked after the end of the run:", *listed(attempts)])


def count(number: int) -> str:
    """`1 attempt`, `2 attempts`."""
    return f"{number} attempt{'s' * (number != 1)}"


def line(status: Status, *, attempts: int | None = None) -> str:
    """The line of the header, and of the summary with the number of attempts."""
    word = "disabled" if status.has_kernel else PYTHON_ONLY
    missing = f"; not live: {status.refused}" if status.refused else ""
    allowed = ", ".join(["loopback", "unix sockets", *status.services])
    told = (
        f"NETWORK: {word} (layers live: {', '.join(status.live) or 'none'}; "
        f"self-test {len(status.live)}/{status.tried}; allowed: {allowed}{missing})"
    )
    return told if attempts is None else f"{told}: {count(attempts)} blocked"


def failure(test: str, attempts: Sequence[Attempt]) -> str:
    """The reason for which a test fails."""
    lines = [f"The network is disabled, and {test} tried to reach it ({count(len(attempts))} blocked):"]
    hint = "Serve it on loopback, or let the launcher allow it: --allow-service HOST:PORT"
    return "\n".join([*lines, *listed(attempts), hint])
