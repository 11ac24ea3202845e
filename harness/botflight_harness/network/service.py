"""A service outside of the sandbox that the tests may use, and the way to it through the launcher."""

import contextlib
import socket
import threading
from collections.abc import Sequence
from typing import NamedTuple

_MAX_BYTES = 65_536
#: Connections at once, over all services; a further one waits in the listener's queue.
MAX_CONNECTIONS = 128
_CONNECT_TIMEOUT_S = 10.0


class ServiceInvalid(Exception):
    """A service that cannot be allowed; the text says why."""


class Service(NamedTuple):
    """`host` as it was written, the `address` that it stands for, and `port`."""

    host: str
    address: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Service":
        """Read HOST:PORT and look the host up. Raises ServiceInvalid."""
        host, _, port = text.rpartition(":")
        host = host.strip("[]")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - what a port is
            raise ServiceInvalid(f"{text!r} is not HOST:PORT")
        try:
            found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        except OSError as error:
            raise ServiceInvalid(f"{text!r}: {error.strerror}") from None
        return cls(host=host, address=str(found[0][4][0]), port=int(port))

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    def listen(self) -> socket.socket:
        """Listen in its stead, in the namespace of this process."""
        return socket.create_server((self.address, self.port), family=self.family, backlog=128)


def environment_value(services: Sequence[Service]) -> str:
    """The services as the audit hook's policy reads them."""
    return ",".join(f"{host}:{service.port}" for service in services for host in {service.host, service.address})


def named(services: Sequence[Service]) -> str:
    """The services for people: `db:5432, 127.0.0.1:6379`."""
    return ", ".join(f"{service.host}:{service.port}" for service in services)


class Relay:
    """Carries connections from inside to the real service; runs in the launcher, which is outside."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def accept(self, listener: socket.socket, service: Service) -> None:
        """Take a connection that waits, if there is a place for it."""
        if not self._places.acquire(blocking=False):
            return
        try:
            inside, _ = listener.accept()
        except OSError:
            self._places.release()
            return
        threading.Thread(target=self._carry, args=(inside, service), daemon=True).start()

    def _carry(self, inside: socket.socket, service: Service) -> None:
        try:
            with inside, contextlib.suppress(OSError):
                to = (service.address, service.port)
                with socket.create_connection(to, timeout=_CONNECT_TIMEOUT_S) as outside:
                    outside.settimeout(None)
                    inside.settimeout(None)
                    back = threading.Thread(target=_pump, args=(outside, inside), daemon=True)
                    back.start()
                    _pump(inside, outside)
                    back.join()
        finally:
            self._places.release()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source ends, and pass its end on."""
    with contextlib.suppress(OSError):
        while data := source.recv(_MAX_BYTES):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
