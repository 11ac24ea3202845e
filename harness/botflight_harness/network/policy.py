"""Which destinations may be reached: this machine, and the services that were named to the launcher.

Child Pythons load this file by its path, so it imports nothing of ours and nothing that takes time.
"""

from __future__ import annotations

try:
    import _socket
except ImportError:  # pragma: no cover - a Python without sockets reaches nothing
    _socket = None  # type: ignore[assignment]  # nothing is looked up then

_HOSTS = "/etc/hosts"
_RESOLV_CONF = "/etc/resolv.conf"
_DOMAIN = 53
#: Chromium points a datagram socket here to learn whether IPv6 leads anywhere, and sends nothing
#: (net/dns/host_resolver_manager.cc). Nobody asked for that, so it is stopped and not counted.
IPV6_PROBE = "2001:4860:4860::8888"
_PROBED_PORTS = frozenset({_DOMAIN, 443})
_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "broadcasthost"})
_MAPPED = b"\0" * 10 + b"\xff\xff"
#: inet_aton takes trailing rubbish and old forms such as 127.1; only what could be a number is given to it.
_NUMERIC = frozenset("0123456789.xabcdefABCDEFX")


class Policy:
    """What may be reached.

    `services` are pairs of a host (a name or an address) and a port.
    """

    __slots__ = ("_known", "_name_servers", "_services")

    def __init__(self, services: frozenset[tuple[str, int]] = frozenset()) -> None:
        self._services = services
        self._known: frozenset[str] | None = None
        self._name_servers: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Policy:
        """Read `HOST:PORT,HOST:PORT`, as the launcher hands it to child processes."""
        pairs = (entry.rpartition(":") for entry in text.split(",") if entry)
        return cls(frozenset((host.strip("[]"), int(port)) for host, _, port in pairs))

    def allows_address(self, host: str, port: int) -> bool:
        """Tell whether a socket may be pointed at `host`, an address or a name, and `port`."""
        if (host, port) in self._services:
            return True
        packed = _packed(host)
        if packed is None:
            return self.allows_name(host)
        # A stub resolver on loopback (127.0.0.53, Docker's 127.0.0.11) asks the network in our stead.
        return _is_loopback(packed) and not (port == _DOMAIN and host in self._resolvers())

    def overlooks(self, host: str, port: int) -> bool:
        """Tell whether a blocked destination is a browser's look at the routing table."""
        return host == IPV6_PROBE and port in _PROBED_PORTS

    def allows_name(self, name: str) -> bool:
        """Tell whether looking `name` up asks no name server: an address, this machine, a line of /etc/hosts."""
        plain = name.rstrip(".").lower()
        return (
            plain in _LOCAL_NAMES
            or plain.endswith(".localhost")
            or _packed(plain) is not None
            or any(plain == host for host, _ in self._services)
            or plain in self._in_hosts_file()
        )

    def allows_reverse(self, address: str) -> bool:
        """Tell whether asking for the name of `address` stays here."""
        packed = _packed(address)
        return self.allows_name(address) if packed is None else _is_loopback(packed)

    def _in_hosts_file(self) -> frozenset[str]:
        if self._known is None:
            lines = (line.partition("#")[0].split() for line in _lines(_HOSTS))
            self._known = frozenset(name.lower() for words in lines for name in words[1:])
        return self._known

    def _resolvers(self) -> frozenset[str]:
        if self._name_servers is None:
            self._name_servers = frozenset(name_servers())
        return self._name_servers


def name_servers() -> list[str]:
    """Return the addresses of /etc/resolv.conf; without any the C library asks 127.0.0.1 (resolv.conf(5))."""
    found = [words[1] for words in map(str.split, _lines(_RESOLV_CONF)) if words[:1] == ["nameserver"] and words[1:]]
    return found or ["127.0.0.1"]


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib takes 10 ms to import
            return file.readlines()
    except OSError:
        return []


def _packed(text: str) -> bytes | None:
    """Return the address in network order, or nothing when `text` is a name."""
    plain = text.partition("%")[0]
    try:
        return _socket.inet_pton(_socket.AF_INET6 if ":" in plain else _socket.AF_INET, plain)
    except OSError:
        pass
    try:
        return _socket.inet_aton(plain) if plain and _NUMERIC.issuperset(plain) else None
    except OSError:
        return None


def _is_loopback(packed: bytes) -> bool:
    """127.0.0.0/8 and ::1; what is unspecified (0.0.0.0, ::) leads to loopback as well."""
    if len(packed) == 16 and packed.startswith(_MAPPED):  # noqa: PLR2004 - an IPv6 address
        packed = packed[12:]
    if len(packed) == 4:  # noqa: PLR2004 - an IPv4 address
        return packed[0] == 127 or packed == bytes(4)  # noqa: PLR2004 - 127.0.0.0/8, RFC 1122 3.2.1.3
    return packed in {bytes(16), bytes(15) + b"\1"}
