"""Runs a module and counts what it allocates: `python -m tests.bench.counter OUT MODULE ...`.

SIGUSR1 begins. SIGUSR2 ends and writes OUT: how many blocks were asked for, by Python's allocators and by C alike.
"""

import runpy
import signal
import sys
from pathlib import Path

import memray

_RECORDS = ".allocations"


class Counter:
    """Counts all threads' allocations between two signals."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._records = out.with_suffix(_RECORDS)
        self._tracker: memray.Tracker | None = None

    def install(self) -> None:
        """Wait for the signals."""
        signal.signal(signal.SIGUSR1, lambda *_: self._begin())
        signal.signal(signal.SIGUSR2, lambda *_: self._end())

    def _begin(self) -> None:
        destination = memray.FileDestination(self._records, overwrite=True)
        self._tracker = memray.Tracker(destination=destination, trace_python_allocators=True)
        self._tracker.__enter__()

    def _end(self) -> None:
        assert self._tracker is not None
        self._tracker.__exit__(None, None, None)
        with memray.FileReader(self._records) as reader:
            written = self._out.with_suffix(".part")
            written.write_text(str(reader.metadata.total_allocations))
        self._records.unlink()
        # Last of all, for whoever waits for the file begins anew at once; and they never meet a half of it.
        written.rename(self._out)


def main() -> None:
    """Count what the arguments name."""
    _, out, module, *arguments = sys.argv
    Counter(Path(out)).install()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
