"""A network namespace of one's own: loopback and nothing else, with a place for name servers to be heard.

user_namespaces(7), network_namespaces(7).
"""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from botflight_harness.network import loopback
from botflight_harness.network.counters import Counters
from botflight_harness.network.kernel import CLONE_NEWNET, CLONE_NEWUSER, drop_capabilities, unshare
from botflight_harness.network.policy import IPV6_PROBE, name_servers
from botflight_harness.network.service import Service

_DOMAIN = 53
#: linux/in6.h. An address is tentative for a moment after it is given, and cannot be bound otherwise (RFC 4862).
_IPV6_FREEBIND = 78
_ID_FILES = ("uid_map", "gid_map")


class Namespace(NamedTuple):
    """What the supervisor is handed: sockets and files stay with the namespace in which they were opened."""

    counters: Counters
    name_sockets: Sequence[socket.socket]
    service_sockets: Sequence[socket.socket]


def enter(*, services: Sequence[Service] = (), keeps_running: bool = False) -> Namespace:
    """Move this process, which must have one thread, into a namespace of its own.

    `keeps_running` says that no other program follows, so that the capabilities, which an ordinary user has
    over the new namespace until then, are given up here. Raises OSError where namespaces are refused.
    """
    _leave(privileged=os.geteuid() == 0)
    servers = [*name_servers(), IPV6_PROBE]
    found = loopback.bring_up([*servers, *(service.address for service in services)])
    entered = Namespace(
        counters=Counters.here(),
        name_sockets=[made for server in servers if _is_here(server, found) for made in _heard_at(server)],
        service_sockets=[service.listen() for service in services],
    )
    if keeps_running and os.geteuid() != 0:
        drop_capabilities()
    return entered


def _is_here(address: str, found: Sequence[str]) -> bool:
    return address in found or address.startswith("127.") or address == "::1"


def _heard_at(server: str) -> list[socket.socket]:
    """Listen as the name server, in both of the ways in which it is asked (RFC 7766)."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    made = []
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        heard = socket.socket(family, kind)
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            heard.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
        heard.bind((server, _DOMAIN))
        if kind == socket.SOCK_STREAM:
            heard.listen()
        made.append(heard)
    return made


def _leave(*, privileged: bool) -> None:
    """Keep the ids: mapped to root, libpq would log in as root.

    Root gets every id mapped, because it may go on as another user (an embedded PostgreSQL does); only a
    process that stays behind may write such a map.
    """
    if not privileged:
        uid, gid = os.geteuid(), os.getegid()
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        _write_maps("self", {"uid_map": f"{uid} {uid} 1", "gid_map": f"{gid} {gid} 1"}, deny_groups=True)
        return
    maps = {name: _identity(Path(f"/proc/self/{name}").read_text("ascii")) for name in _ID_FILES}
    with _Writer(maps):
        unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _identity(outer: str) -> str:
    """Every id that exists here, as itself; each line of a map is first id inside, first outside, how many."""
    lines = (line.split() for line in outer.splitlines())
    return "\n".join(f"{inside} {inside} {count}" for inside, _, count in lines)


def _write_maps(process: str, maps: dict[str, str], *, deny_groups: bool) -> None:
    folder = Path("/proc") / process
    if deny_groups:
        (folder / "setgroups").write_text("deny")
    for name in _ID_FILES:
        (folder / name).write_text(maps[name])


class _Writer:
    """A child that stays in the old namespace until the new one needs its maps."""

    def __init__(self, maps: dict[str, str]) -> None:
        self._maps = maps

    def __enter__(self) -> None:
        reader, self._go = os.pipe()
        parent = os.getpid()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._go)
            os._exit(self._wait_and_write(reader, parent))
        os.close(reader)

    def _wait_and_write(self, reader: int, parent: int) -> int:
        """Returns the errno, as an exit code."""
        if not os.read(reader, 1):
            return 0
        try:
            _write_maps(str(parent), self._maps, deny_groups=False)
        except OSError as error:
            return error.errno or 1
        return 0

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            os.write(self._go, b"!")
        os.close(self._go)
        code = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        if kind is None and code:
            raise OSError(code, f"writing the id maps: {os.strerror(code)}")
