"""A folder, for the store in JSON, on a disk that loses power."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.prove.power import Platter, Power

Names = dict[str, Platter]


class PowerlessFolder:
    """A `Folder` in memory: files lose what was not synced, and the folder names that were not."""

    name = "the folder"

    def __init__(self, power: Power, files: dict[str, bytes]) -> None:
        self._power = power
        self._durable: Names = {name: Platter(content) for name, content in files.items()}
        self._names: Names = dict(self._durable)
        self._unsynced: list[Callable[[Names], object]] = []

    def left(self) -> dict[str, bytes]:
        """What is there after the cut: the synced names, and the first of the changes after them."""
        names = dict(self._durable)
        for change in self._unsynced[: self._power.chance.randint(0, len(self._unsynced))]:
            change(names)
        return {name: platter.left(self._power.chance) for name, platter in names.items()}

    def names(self) -> set[str]:
        """What is in it."""
        return set(self._names)

    def lines(self, name: str) -> Iterator[bytes]:
        """A file's lines."""
        yield from self._names[name].seen().splitlines(keepends=True)

    def create(self, name: str) -> PowerlessFile:
        """A new file."""
        self._power.use()
        platter = Platter()
        self._change(lambda names: names.__setitem__(name, platter))
        return PowerlessFile(self._power, platter)

    def append(self, name: str) -> PowerlessFile:
        """A file to be written at its end."""
        return PowerlessFile(self._power, self._names[name])

    def rename(self, name: str, to: str) -> None:
        """Give a file another name."""
        self._power.use()
        self._change(lambda names: names.__setitem__(to, names.pop(name)))

    def remove(self, name: str) -> None:
        """Remove a file."""
        self._power.use()
        self._change(lambda names: names.pop(name))

    def sync(self) -> None:
        """Keep the names."""
        self._power.use()
        self._durable = dict(self._names)
        self._unsynced.clear()

    def _change(self, change: Callable[[Names], object]) -> None:
        change(self._names)
        self._unsynced.append(change)


class PowerlessFile:
    """A `File` that loses what was not synced."""

    def __init__(self, power: Power, platter: Platter) -> None:
        self._power = power
        self._platter = platter
        self._length = len(platter.seen())

    def write(self, content: bytes) -> None:
        """Append; the power may go in the middle."""
        self._power.check()
        self._platter.write(self._length, content)
        self._length += len(content)
        self._power.use()

    def sync(self) -> None:
        """Keep what was written."""
        self._power.use()
        self._platter.sync()

    def cut(self, length: int) -> None:
        """Forget what is beyond."""
        self._power.use()
        self._platter.cut(length)
        self._length = length

    def close(self) -> None:
        """Nothing is left to do."""
