"""The audit hook: it stops Python's own sockets and look-ups before the kernel sees them, and names who tried.

Child Pythons load this file by its path, so it imports nothing of ours but its two neighbours, and nothing that
takes time. An audit hook cannot be removed (PEP 578), which is why there is one for a process and it lasts.
"""

from __future__ import annotations

import os
import sys

from botflight_harness.network.journal import Attempt, Journal
from botflight_harness.network.policy import Policy

try:
    import _socket
except ImportError:  # pragma: no cover - a Python without sockets reaches nothing
    _socket = None  # type: ignore[assignment]  # then there are no events of sockets either

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes 5 ms to import
    from collections.abc import Callable, Mapping
    from socket import socket as Socket  # noqa: N812 - the class, beside `_socket`
    from typing import Any

LAYER = "the audit hook"

JOURNAL = "BOTFLIGHT_NETWORK_JOURNAL"
ALLOW = "BOTFLIGHT_NETWORK_ALLOW"
_CURRENT_TEST = "PYTEST_CURRENT_TEST"

#: socket(7): the families that stay on this machine or that the policy looks into. Netlink talks to the kernel.
_INTERNET = frozenset(getattr(_socket, name) for name in ("AF_INET", "AF_INET6") if hasattr(_socket, name))
_STAYING = frozenset(
    getattr(_socket, name) for name in ("AF_UNIX", "AF_NETLINK", "AF_ROUTE", "AF_SYSTEM") if hasattr(_socket, name)
)
_UNSAID = -1
_MAX_FRAMES = 200


class NetworkBlocked(RuntimeError):
    """Something tried to reach a network while it is disabled; the text says what, where to, and from which line.

    It is no OSError, so that what expects networks to fail now and then does not take it for that.
    """


class Hook:
    """Watches the audit events of sockets (docs.python.org/3/library/audit_events.html).

    `journal` takes the attempts; it may be replaced while the process lives.
    """

    __slots__ = ("_checks", "journal", "policy")

    def __init__(self, *, policy: Policy, journal: Journal) -> None:
        self.policy = policy
        self.journal = journal
        self._checks: dict[str, Callable[..., None]] = {
            "socket.__new__": self._made,
            "socket.connect": self._connected,
            "socket.sendto": self._sent,
            "socket.sendmsg": self._sent_message,
            "socket.bind": self._bound,
            "socket.getaddrinfo": self._looked_up,
            "socket.gethostbyname": self._looked_up,
            "socket.gethostbyaddr": self._looked_back,
            "socket.getnameinfo": self._looked_back,
        }

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at an audit event; nearly all of them are somebody else's, so this is kept short."""
        check = self._checks.get(event)
        if check is not None:
            check(*arguments)

    def check(self, sock: Socket, address: object, *, call: str) -> None:
        """Block `call` on a socket when `address` may not be reached.

        Raises NetworkBlocked, after the attempt is recorded.
        """
        if not isinstance(address, tuple) or len(address) < 2 or not _is_internet(sock):  # noqa: PLR2004 - host, port
            return
        host, port = _text(address[0]), address[1]
        if not self.policy.allows_address(host, port):
            if call.startswith("socket.connect"):
                # `create_connection` closes after an OSError alone; left open, it would be a warning elsewhere.
                sock.close()
            self._block(call, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def _made(self, _sock: object, family: int, _type: int, _protocol: int) -> None:
        if family != _UNSAID and family not in _INTERNET and family not in _STAYING:
            self._block("socket.socket", f"address family {int(family)}")
        _ask_before_names_are_resolved(self)

    def _connected(self, sock: Socket, address: object) -> None:
        self.check(sock, address, call="socket.connect")

    def _sent(self, sock: Socket, address: object) -> None:
        self.check(sock, address, call="socket.sendto")

    def _sent_message(self, sock: Socket, address: object) -> None:
        self.check(sock, address, call="socket.sendmsg")

    def _bound(self, sock: Socket, address: object) -> None:
        """An address of one's own reaches nothing, but a name is looked up."""
        if isinstance(address, tuple) and _is_internet(sock) and not self.policy.allows_name(_text(address[0])):
            self._block("socket.bind", _text(address[0]))

    def _looked_up(self, host: object, *_rest: object) -> None:
        if host is not None and not self.policy.allows_name(_text(host)):
            self._block("name look-up", _text(host))

    def _looked_back(self, address: object) -> None:
        host = _text(address[0] if isinstance(address, tuple) else address)
        if not self.policy.allows_reverse(host):
            self._block("reverse look-up", host)

    def _block(self, call: str, destination: str) -> None:
        where = _caller()
        program = "" if "_pytest.runner" in sys.modules else " ".join(sys.orig_argv)
        self.journal.record(
            Attempt(
                layer=LAYER,
                call=call,
                destination=destination,
                test=os.environ.get(_CURRENT_TEST, ""),
                where=where,
                pid=os.getpid(),
                program=program,
            )
        )
        raise NetworkBlocked(
            f"the network is disabled: {call} to {destination} at {where} was blocked. "
            "Serve it on loopback, or let the launcher allow it: --allow-service HOST:PORT"
        )


def installed() -> Hook | None:
    """Return the hook of this process, if it has one."""
    found: Hook | None = getattr(sys, "_botflight_network_hook", None)
    return found


def install(environment: Mapping[str, str]) -> Hook:
    """Put the hook in place, once for a process; repeating it changes the journal alone."""
    journal = Journal(environment[JOURNAL])
    hook = installed()
    if hook is None:
        hook = Hook(policy=Policy.parse(environment.get(ALLOW, "")), journal=journal)
        sys._botflight_network_hook = hook  # type: ignore[attr-defined] # noqa: SLF001 - as lasting as the hook
        sys.addaudithook(hook)
    hook.journal = journal
    return hook


def _ask_before_names_are_resolved(hook: Hook) -> None:
    """`connect((name, port))` resolves the name before its audit event (CPython's Modules/socketmodule.c).

    Done as sockets are made, because pytest-socket puts the methods back at the end of each test.
    """
    sockets = sys.modules.get("socket")
    if sockets is None:
        return
    for name in ("connect", "connect_ex", "sendto"):
        method = getattr(sockets.socket, name)
        if not hasattr(method, "asks_first"):
            setattr(sockets.socket, name, _asking(hook, method, call=f"socket.{name}"))


def _asking(hook: Hook, method: Callable[..., Any], *, call: str) -> Callable[..., Any]:
    def asked(self: Socket, *arguments: Any) -> Any:  # noqa: ANN401 - as the method that it stands before
        if arguments:
            hook.check(self, arguments[-1], call=call)
        return method(self, *arguments)

    asked.asks_first = True  # type: ignore[attr-defined]  # seen when the next socket is made
    return asked


def _is_internet(sock: Socket) -> bool:
    return sock.family in _INTERNET


def _text(host: object) -> str:
    return host.decode("utf-8", "replace") if isinstance(host, bytes | bytearray) else str(host)


def _caller() -> str:
    """The innermost line that is neither Python's nor a library's; the innermost of all when there is none."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to walk the stack
    innermost = ""
    standard = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120 - pathlib takes 10 ms to import
    for _ in range(_MAX_FRAMES):
        name = frame.f_code.co_filename
        if name != __file__:
            line = f"{name}:{frame.f_lineno}"
            innermost = innermost or line
            foreign = name.startswith((standard, "<frozen")) or f"{os.sep}site-packages{os.sep}" in name
            if not foreign:
                return line
        if frame.f_back is None:
            break
        frame = frame.f_back
    return innermost
