"""What the kernel counted: the packets for which it found no route, from any process of a namespace."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_V4 = "snmp"
_V6 = "snmp6"
_MAX_BYTES = 16_384


class Counters(NamedTuple):
    """`OutNoRoutes` of a network namespace (RFC 4293's ipSystemStatsOutNoRoutes), kept open.

    The files stay with the namespace in which they were opened, also when another process holds them.
    """

    v4: int
    v6: int | None

    @classmethod
    def here(cls) -> "Counters":
        """Open the counters of this process's namespace. Raises OSError where there are none."""
        net = Path("/proc/self/net")
        v6 = net / _V6
        return cls(
            v4=os.open(net / _V4, os.O_RDONLY | os.O_CLOEXEC),
            v6=os.open(v6, os.O_RDONLY | os.O_CLOEXEC) if v6.exists() else None,
        )

    def no_routes(self) -> int:
        """Return how often anything was sent that had nowhere to go, since the namespace began."""
        return _read(self.v4, _in_table) + (0 if self.v6 is None else _read(self.v6, _in_list))

    def descriptors(self) -> list[int]:
        """The open files, to be handed to another process."""
        return [self.v4] if self.v6 is None else [self.v4, self.v6]


def _read(descriptor: int, find: Callable[[bytes], int]) -> int:
    return find(os.pread(descriptor, _MAX_BYTES, 0))


def _in_table(text: bytes) -> int:
    """A line of names and a line of values (Documentation/networking/snmp_counter.rst)."""
    names, values = text.split(b"\n", 2)[:2]
    return int(values.split()[names.split().index(b"OutNoRoutes")])


def _in_list(text: bytes) -> int:
    """A name and a value a line."""
    start = text.index(b"Ip6OutNoRoutes")
    return int(text[start : text.index(b"\n", start)].split()[1])
