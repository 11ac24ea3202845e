"""The launcher's loop: it stays outside, answers for the name servers and carries connections to allowed services."""

import contextlib
import json
import os
import selectors
import socket
import time
from collections.abc import Callable, Sequence

from botflight_harness.network import names
from botflight_harness.network.counters import Counters
from botflight_harness.network.journal import Attempt
from botflight_harness.network.namespace import Namespace
from botflight_harness.network.notify import Notifications
from botflight_harness.network.service import Relay, Service
from botflight_harness.network.state import State

LAYER = "the DNS sink"

_MAX_PACKET_BYTES = 4_096
_MAX_DESCRIPTORS = 64
_ANNOUNCE_TIMEOUT_S = 10.0
_ACCEPTED = b"+"

Act = Callable[[], None]


def announce(path: str, label: str, namespace: Namespace) -> None:
    """Hand a namespace's sockets and counters to the launcher that listens at `path`. Raises OSError."""
    sockets = [*namespace.name_sockets, *namespace.service_sockets]
    descriptors = [*namespace.counters.descriptors(), *(made.fileno() for made in sockets)]
    head = {
        "label": label,
        "counters": len(namespace.counters.descriptors()),
        "names": len(namespace.name_sockets),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
        way.settimeout(_ANNOUNCE_TIMEOUT_S)
        way.connect(path)
        socket.send_fds(way, [json.dumps(head).encode()], descriptors)
        if way.recv(1) != _ACCEPTED:
            raise ConnectionError("the launcher did not take the namespace")
    for made in sockets:
        made.close()


class Supervisor:
    """Waits for all that the sandboxed processes need, until the command ends."""

    def __init__(self, *, state: State, services: Sequence[Service]) -> None:
        self._state = state
        self._services = services
        self._relay = Relay()
        self._selector = selectors.DefaultSelector()
        self._counters: dict[str, Counters] = {}
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(state.socket)
        self._door.listen()
        self._on(self._door, self._take_namespace)

    def serve_notifications(self, notifications: Notifications) -> None:
        """Answer what the kernel asks about addresses, in the fallback."""
        self._on(notifications, notifications.answer)

    def wait_for(self, descriptor: int, *, timeout_s: float | None = None) -> bool:
        """Serve until `descriptor` can be read. Returns whether that came in time."""
        ended: list[bool] = []
        self._selector.register(descriptor, selectors.EVENT_READ, lambda: ended.append(True))
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            while not ended and (deadline is None or time.monotonic() < deadline):
                self._serve(timeout_s=None if deadline is None else max(0.0, deadline - time.monotonic()))
        finally:
            self._selector.unregister(descriptor)
        return bool(ended)

    def drain(self) -> None:
        """Serve what waits already."""
        while self._serve(timeout_s=0):
            pass

    def close(self) -> None:
        """Close what was taken and opened."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def no_routes(self, label: str) -> int | None:
        """What the kernel counted in the namespace of `label`, if it has one."""
        counters = self._counters.get(label)
        return None if counters is None else counters.no_routes()

    def _serve(self, *, timeout_s: float | None) -> int:
        ready = self._selector.select(timeout_s)
        for key, _ in ready:
            act: Act = key.data
            act()
        return len(ready)

    def _on(self, source: "socket.socket | Notifications", act: Act) -> None:
        self._selector.register(source, selectors.EVENT_READ, act)

    def _take_namespace(self) -> None:
        way, _ = self._door.accept()
        with way:
            way.settimeout(_ANNOUNCE_TIMEOUT_S)
            data, descriptors, _, _ = socket.recv_fds(way, _MAX_PACKET_BYTES, _MAX_DESCRIPTORS)
            if not data:
                return
            head = json.loads(data)
            counted = descriptors[: head["counters"]]
            self._counters[head["label"]] = Counters(v4=counted[0], v6=counted[1] if len(counted) > 1 else None)
            sockets = [socket.socket(fileno=number) for number in descriptors[head["counters"] :]]
            for number, made in enumerate(sockets):
                made.setblocking(False)
                if number < head["names"]:
                    self._on(made, self._name_server(made, head["label"]))
                else:
                    self._on(made, self._service(made))
            way.send(_ACCEPTED)

    def _service(self, listener: socket.socket) -> Act:
        address, port = listener.getsockname()[:2]
        service = next(known for known in self._services if (known.address, known.port) == (address, port))
        return lambda: self._relay.accept(listener, service)

    def _name_server(self, made: socket.socket, label: str) -> Act:
        if made.type == socket.SOCK_DGRAM:
            return lambda: self._answer_datagram(made, label)
        return lambda: self._accept_stream(made, label)

    def _answer_datagram(self, made: socket.socket, label: str) -> None:
        with contextlib.suppress(OSError):  # whoever asked may be gone
            packet, sender = made.recvfrom(_MAX_PACKET_BYTES)
            answer = self._answer(packet, label)
            if answer is not None:
                made.sendto(answer, sender)

    def _accept_stream(self, made: socket.socket, label: str) -> None:
        with contextlib.suppress(OSError):
            way, _ = made.accept()
            way.setblocking(False)
            self._on(way, lambda: self._answer_stream(way, label))

    def _answer_stream(self, way: socket.socket, label: str) -> None:
        """One question a connection, in one piece, as resolvers on loopback send it; two bytes give its length."""
        self._selector.unregister(way)
        with way, contextlib.suppress(OSError):
            answer = self._answer(way.recv(_MAX_PACKET_BYTES)[2:], label)
            if answer is not None:
                way.send(len(answer).to_bytes(2) + answer)

    def _answer(self, packet: bytes, label: str) -> bytes | None:
        asked = names.question(packet)
        if asked is None:
            return None
        service = names.service_named(asked, self._services)
        if service is None:
            self._state.journal(label).record(Attempt(layer=LAYER, call="name look-up", destination=asked.name))
        return names.answer(packet, asked, service)


def close_inherited_sockets() -> None:
    """Close the sockets of other machines that were open before: a namespace does not take them away."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        number = int(name)
        if number > 2 and _is_internet(number):  # noqa: PLR2004 - standard error is the last that stays
            os.close(number)


def _is_internet(descriptor: int) -> bool:
    try:
        copy = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return False
    with copy:
        return copy.family in {socket.AF_INET, socket.AF_INET6}
