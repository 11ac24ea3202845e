"""The self-test: each layer is tried where nothing would be sent if it were dead.

Connecting a datagram socket sends nothing; it is done through the C library, below what Python wraps. Go's
builders had a kill switch that was inactive for years before anybody saw (golang/go#51444).
"""

import ctypes
import errno
import os
import socket
import struct
import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple

from botflight_harness.network.counters import Counters
from botflight_harness.network.hook import NetworkBlocked, installed
from botflight_harness.network.journal import (
    SELF_TEST_NAME,
    SELF_TEST_PORT,
    SELF_TEST_V4,
    SELF_TEST_V6,
    Journal,
)
from botflight_harness.network.kernel import call, libc, machine
from botflight_harness.network.layers import (
    AUDIT_HOOK,
    DNS_SINK,
    LANDLOCK,
    NAMESPACE,
    NOTIFY,
    PYTEST_SOCKET,
    SECCOMP,
)
from botflight_harness.network.policy import name_servers

_ANSWER_TIMEOUT_S = 5.0
_DOMAIN = 53


class Probe(NamedTuple):
    """Whether a layer did its work just now; `details` say what happened when it did not."""

    layer: str
    is_live: bool
    details: str = ""


def kernel_layers(layers: Iterable[str], journal: str) -> list[Probe]:
    """Try the kernel's layers of `layers` up to the first that is dead; `journal` is where the supervisor writes.

    The DNS sink's probe is the one that sends something, which is why the namespace around it comes before.
    """
    probes: dict[str, Callable[[], str]] = {
        NAMESPACE: _namespace,
        SECCOMP: _seccomp,
        DNS_SINK: lambda: _dns_sink(Journal(journal)),
        NOTIFY: lambda: _notify(Journal(journal)),
        LANDLOCK: _landlock,
    }
    tried: list[Probe] = []
    for layer in layers:
        tried.append(_probed(layer, probes[layer]))
        if not tried[-1].is_live:
            break
    return tried


def python_layers(layers: Iterable[str]) -> list[Probe]:
    """Try the layers inside of this interpreter."""
    probes: dict[str, Callable[[], str]] = {AUDIT_HOOK: _audit_hook, PYTEST_SOCKET: _pytest_socket}
    return [_probed(layer, probes[layer]) for layer in layers]


def packets(counters: Counters) -> int:
    """How often the kernel counts one self-test."""
    return 1 if counters.v6 is None else 2


def _probed(layer: str, probe: Callable[[], str]) -> Probe:
    try:
        details = probe()
    except OSError as error:
        details = str(error)
    return Probe(layer=layer, is_live=not details, details=details)


def _namespace() -> str:
    """The kernel finds no route, and counts that it found none."""
    counters = Counters.here()
    before = counters.no_routes()
    try:
        outcomes = [_connect_v4(SELF_TEST_V4), *([] if counters.v6 is None else [_connect_v6(SELF_TEST_V6)])]
        counted = counters.no_routes() - before
    finally:
        for descriptor in counters.descriptors():
            os.close(descriptor)
    if any(outcome != errno.ENETUNREACH for outcome in outcomes):
        return f"a way out was found ({', '.join(map(_named, outcomes))})"
    return "" if counted >= packets(counters) else "the kernel did not count what it refused"


def _seccomp() -> str:
    """A descriptor that is none: the filter says EPERM, the kernel would say EBADF."""
    try:
        call(machine().setns, -1, 0)
    except OSError as error:
        return "" if error.errno == errno.EPERM else f"setns was let through ({_named(error.errno or 0)})"
    return "setns was let through"


def _dns_sink(journal: Journal) -> str:
    """A question to the first name server is written down and answered."""
    before = journal.size()
    server = next((name for name in name_servers() if ":" not in name), None)
    if server is None:
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_ANSWER_TIMEOUT_S)
        sent = _send_v4(asking, _query(SELF_TEST_NAME), server)
        if sent < 0:
            return f"nothing could be sent to {server}"
        asking.recv(512)
    return "" if _appeared(journal, before, SELF_TEST_NAME) else "the name was not written down"


def _notify(journal: Journal) -> str:
    before = journal.size()
    outcome = _connect_v4(SELF_TEST_V4)
    if outcome != errno.ENETUNREACH or not _appeared(journal, before, SELF_TEST_V4):
        return f"the call was not asked about ({_named(outcome)})"
    return ""


def _landlock() -> str:
    """A closed port of loopback: Landlock says EACCES, where nothing listens the kernel says ECONNREFUSED."""
    outcome = _connect_v4("127.0.0.1", kind=socket.SOCK_STREAM)
    return "" if outcome == errno.EACCES else f"a closed port was let through ({_named(outcome)})"


def _audit_hook() -> str:
    hook = installed()
    if hook is None:
        return "it was never installed"
    before = hook.journal.size()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        try:
            socket.socket.__base__.connect(trying, (SELF_TEST_V4, SELF_TEST_PORT))  # type: ignore[union-attr]
        except NetworkBlocked:
            return "" if _appeared(hook.journal, before, SELF_TEST_V4) else "the attempt was not written down"
        except OSError as error:
            return f"the call came to the kernel ({error.strerror})"
    return "the call went through"


def _pytest_socket() -> str:
    """Its own switch, as its markers and fixtures use it."""
    import pytest_socket  # noqa: PLC0415 - only where it is installed

    before = socket.socket
    pytest_socket.disable_socket()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            socket.socket().close()
    except pytest_socket.SocketBlockedError:
        return ""
    finally:
        pytest_socket.enable_socket()
        socket.socket = before  # type: ignore[misc]  # what pytest-socket replaced
    return "a socket was made"


def _connect_v4(host: str, *, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    return _connect(socket.AF_INET, kind, _address_v4(host, SELF_TEST_PORT))


def _connect_v6(host: str) -> int:
    address = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", SELF_TEST_PORT, 0)
    return _connect(socket.AF_INET6, socket.SOCK_DGRAM, address + socket.inet_pton(socket.AF_INET6, host) + bytes(4))


def _connect(family: socket.AddressFamily, kind: socket.SocketKind, address: bytes) -> int:
    """connect(2) itself. Returns its errno, 0 when it succeeded."""
    with socket.socket(family, kind) as trying:
        result = libc().connect(trying.fileno(), address, len(address))
        return ctypes.get_errno() if result else 0


def _send_v4(asking: socket.socket, data: bytes, host: str) -> int:
    address = _address_v4(host, _DOMAIN)
    sent: int = libc().sendto(asking.fileno(), data, len(data), 0, address, len(address))
    return sent


def _address_v4(host: str, port: int) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


def _query(name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def _appeared(journal: Journal, before: int, destination: str) -> bool:
    attempts, _ = journal.since(before)
    return any(destination in attempt.destination for attempt in attempts)


def _named(code: int) -> str:
    return errno.errorcode.get(code, str(code)) if code else "success"
