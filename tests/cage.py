"""A cage for runs that try to reach a network: every road in it leads back to loopback, and what was sent is counted.

As a command, `python cage.py RESULT -- COMMAND ...` goes into a network namespace whose default routes lead to
`lo`. So connecting works there as it does on a machine with a network, but a packet for anybody else comes back
and is lost. Nothing can leave the cage, and what tried is written down.
"""

from __future__ import annotations

import ctypes
import fcntl
import ipaddress
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from botflight_harness.network import namespace
from botflight_harness.network.loopback import SEEN_V4
from botflight_harness.network.policy import IPV6_PROBE, name_servers
from botflight_harness.network.state import without_guard

_ADD_ROUTE = 0x890B  # SIOCADDRT, linux/sockios.h
_UP = 0x1
_POLL_S = 0.05
_TIMEOUT_S = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a caged command ended: its exit code, what it said, and where its packets and questions went."""

    code: int
    output: str
    leaks: Sequence[str]


def run(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> Outcome:
    """Run a command in a cage, in `folder`, without the guard that may be around the caller."""
    result = folder / "cage.json"
    ended = subprocess.run(
        [sys.executable, __file__, str(result), "--", *command],
        cwd=folder,
        env={**without_guard(os.environ), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    leaks = json.loads(result.read_text())["leaks"] if result.exists() else ["unknown: the cage was not built"]
    return Outcome(code=ended.returncode, output=ended.stdout, leaks=leaks)


def can_be_built() -> bool:
    """Tell whether this machine lets a process have a namespace of its own."""
    if sys.platform != "linux":
        return False
    child = os.fork()
    if child == 0:
        try:
            namespace.enter()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _main(result: str, command: Sequence[str]) -> int:
    inside = namespace.enter()
    _add_roads()
    for heard in inside.name_sockets:
        heard.setblocking(False)
    before = _without_route()
    sniffer = _Sniffer([*name_servers(), IPV6_PROBE])
    code = subprocess.run(command, check=False).returncode
    sniffer.close()
    questions = ["a name server"] * sum(_asked(heard) for heard in inside.name_sockets)
    six = ["an IPv6 address"] * (_without_route() - before)
    Path(result).write_text(json.dumps({"leaks": [*sniffer.destinations, *six, *questions]}))
    return code if code >= 0 else 128 - code


def _add_roads() -> None:
    """A struct rtentry and a struct in6_rtmsg (linux/route.h, linux/ipv6_route.h): the default routes, by `lo`."""
    name = b"lo\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        device = ctypes.create_string_buffer(name)
        address = struct.pack("=HH4s8x", socket.AF_INET, 0, bytes(4))
        entry = struct.pack(
            "@L16s16s16sHhLPBBhPLLH6x",
            *(0, address, address, address, _UP, 0, 0, 0, 0, 0, 0),
            *(ctypes.addressof(device), 0, 0, 0),
        )
        fcntl.ioctl(control, _ADD_ROUTE, entry)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        index = socket.if_nametoindex("lo")
        message = struct.pack("@16s16s16sIHHILIi", bytes(16), bytes(16), bytes(16), 0, 0, 0, 1, 0, _UP, index)
        fcntl.ioctl(control, _ADD_ROUTE, message)


def _without_route() -> int:
    """Linux turns an IPv6 route by `lo` into one that rejects, after the packet was sent (net/ipv6/route.c)."""
    six = dict(line.split() for line in Path("/proc/self/net/snmp6").read_text().splitlines())
    return int(six["Ip6OutNoRoutes"])


class _Sniffer:
    """Notes for whom IPv4 packets were, unless they were for the cage's own addresses.

    Raw sockets (raw(7)), because the guard that may be around the cage refuses packet sockets.
    """

    def __init__(self, own: Sequence[str]) -> None:
        self.destinations: list[str] = []
        self._own = {ipaddress.ip_address(address).packed for address in [*own, SEEN_V4]}
        self._ready = selectors.DefaultSelector()
        for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
            tap = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
            self._ready.register(tap, selectors.EVENT_READ)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def close(self) -> None:
        """Look at what waits, and stop."""
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        while True:
            ready = self._ready.select(_POLL_S)
            for key, _ in ready:
                tap = cast("socket.socket", key.fileobj)
                self._look(tap.recv(64)[16:20])
            if not ready and self._over.is_set():
                return

    def _look(self, destination: bytes) -> None:
        if destination[0] != 127 and destination not in self._own:
            self.destinations.append(str(ipaddress.ip_address(destination)))


def _asked(heard: socket.socket) -> int:
    """How many questions wait at a name server of the cage."""
    found = 0
    while True:
        try:
            if heard.type == socket.SOCK_DGRAM:
                heard.recv(4096)
            else:
                heard.accept()[0].close()
        except BlockingIOError:
            return found
        found += 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], sys.argv[3:]))
