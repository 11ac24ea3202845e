"""A process from outside: the processor and the memory that it takes."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Watched:
    """A process by its id. Where there is no /proc it tells nothing."""

    pid: int

    def cpu_s(self) -> float | None:
        """CPU time that all its threads took so far."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) * _TICKS_S

    def memory_mib(self) -> float | None:
        """What it holds in memory."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except OSError:
            return None
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
