"""A power cut: from one moment on nothing is written any more, and of what was not synced any part may be lost."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from random import Random

#: What a disk writes whole, at the least.
SECTOR_BYTES = 512


class PowerCut(OSError):
    """Nothing works any more."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "the power is off")


class Power:
    """Power that goes off at a moment of the disk's own counting."""

    def __init__(self, chance: Random, *, after: int) -> None:
        self.chance = chance
        self._left = after
        self.is_off = False

    def check(self) -> None:
        """Raise PowerCut once the power is off."""
        if self.is_off:
            raise PowerCut

    def use(self) -> None:
        """Do something on the disk, perhaps the last thing that is not done. Raises PowerCut."""
        self._left -= 1
        self.is_off = self.is_off or self._left < 0
        self.check()


#: Bytes that were written at an offset; None for a file that was cut to that length.
Write = tuple[int, bytes | None]


class Platter:
    """What of a file a disk really has."""

    def __init__(self, content: bytes = b"") -> None:
        self._durable = bytearray(content)
        self._unsynced: list[Write] = []

    def write(self, offset: int, content: bytes) -> None:
        """Take a write, which may stay in a cache."""
        self._unsynced.append((offset, content))

    def cut(self, length: int) -> None:
        """Take a change of length, which may stay in a cache."""
        self._unsynced.append((length, None))

    def sync(self) -> None:
        """Keep all that was written."""
        _write(self._durable, self._unsynced)
        self._unsynced.clear()

    def seen(self) -> bytes:
        """What a running process reads."""
        content = bytearray(self._durable)
        _write(content, self._unsynced)
        return bytes(content)

    def left(self, chance: Random) -> bytes:
        """What is there after the cut: all that was synced, and of the rest whatever chance has left."""
        content = bytearray(self._durable)
        how = chance.random()
        if how < 1 / 4:
            return bytes(content)
        # All of it but the end of the last write, or any sectors of it, in any order.
        _write(content, list(_torn(self._unsynced, chance) if how < 1 / 2 else _sectors(self._unsynced, chance)))
        return bytes(content)


def _write(content: bytearray, writes: Sequence[Write]) -> None:
    """Do writes, one after the other; a gap before one is zero."""
    for offset, written in writes:
        if written is None:
            del content[offset:]
            continue
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(written)] = written


def _torn(writes: Sequence[Write], chance: Random) -> Iterator[Write]:
    """The first of the writes, the last of those not whole."""
    kept = chance.randint(0, len(writes))
    yield from writes[:kept]
    if kept < len(writes):
        offset, written = writes[kept]
        if written is not None:
            yield offset, written[: chance.randint(0, len(written))]


def _sectors(writes: Sequence[Write], chance: Random) -> Iterator[Write]:
    """Some sectors of each write, whichever the disk came to."""
    share = chance.random()
    for offset, written in writes:
        if written is None:
            if chance.random() < share:
                yield offset, None
            continue
        position = 0
        while position < len(written):
            end = min(len(written), position + SECTOR_BYTES - (offset + position) % SECTOR_BYTES)
            if chance.random() < share:
                yield offset + position, written[position:end]
            position = end
