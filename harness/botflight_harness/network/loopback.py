"""The loopback interface of a fresh namespace: brought up, and given the addresses that programs expect of it."""

import fcntl
import socket
import struct
from collections.abc import Iterable

# linux/sockios.h and net/if.h
_GET_FLAGS = 0x8913
_SET_FLAGS = 0x8914
_SET_ADDRESS = 0x8916
_SET_NETMASK = 0x891C
_UP = 0x1

_INTERFACE = "lo"
#: glibc's getaddrinfo with AI_ADDRCONFIG overlooks 127.0.0.1 and ::1, so localhost would have no address
#: (check_pf.c). These two are seen, and lead nowhere else.
SEEN_V4 = "127.0.0.2"
SEEN_V6 = "fd00::1"
_ITS_OWN = frozenset({bytes([127, 0, 0, 1]), bytes(15) + b"\1"})


def bring_up(addresses: Iterable[str] = ()) -> list[str]:
    """Bring loopback up with its own addresses and `addresses`. Returns those of them that it has now.

    Raises OSError when this process may not configure its namespace.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", _INTERFACE.encode(), 0)
        flags = struct.unpack_from("H", fcntl.ioctl(control, _GET_FLAGS, request), 16)[0]
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH14x", _INTERFACE.encode(), flags | _UP))
    wanted = [*dict.fromkeys([SEEN_V4, SEEN_V6, *addresses])]
    return [address for number, address in enumerate(wanted, 1) if _give(address, number)]


def _give(address: str, number: int) -> bool:
    """Add an address; a scoped one belongs to an interface that is not here, and IPv6 may be off."""
    if "%" in address:
        return False
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address)
    except OSError:
        return False
    if packed in _ITS_OWN:
        return True
    return _give_v6(packed) if family == socket.AF_INET6 else _give_v4(packed, number)


def _give_v4(packed: bytes, number: int) -> bool:
    """An alias of the interface (netdevice(7)), because it takes no netlink."""
    alias = f"{_INTERFACE}:{number}".encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command, value in ((_SET_ADDRESS, packed), (_SET_NETMASK, b"\xff" * 4)):
            fcntl.ioctl(control, command, struct.pack("16sHH4s8x", alias, socket.AF_INET, 0, value))
    return True


def _give_v6(packed: bytes) -> bool:
    """A struct in6_ifreq: the address, the length of its prefix, the interface (linux/ipv6.h)."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
            index = socket.if_nametoindex(_INTERFACE)
            fcntl.ioctl(control, _SET_ADDRESS, struct.pack("=16sIi", packed, 128, index))
    except OSError:
        return False
    return True
