"""Runs a module and samples the stacks of its threads: `python -m tests.bench.sampler OUT MODULE ...`.

SIGUSR1 begins. SIGUSR2 ends and writes OUT: a line for each stack with how often it was met, as flame graphs are
drawn from. Beside it, with the ending .threads, stands the CPU time of each thread in seconds.
"""

import gc
import json
import runpy
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

EVERY_S = 0.001


class Sampler:
    """Counts stacks in wall-clock time. The main thread's is exact; what C code takes counts for its caller."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._met: Counter[tuple[int, tuple[CodeType, ...]]] = Counter()
        self._cpu_s: dict[str, float] = {}

    def install(self) -> None:
        """Wait for the signals."""
        signal.signal(signal.SIGUSR1, lambda *_: self._begin())
        signal.signal(signal.SIGUSR2, lambda *_: self._end())
        signal.signal(signal.SIGALRM, self._sample)

    def _begin(self) -> None:
        self._cpu_s = _cpu_s()
        signal.setitimer(signal.ITIMER_REAL, EVERY_S, EVERY_S)

    def _sample(self, _signal: int, main: FrameType | None) -> None:
        for thread, frame in _frames().items():
            here = main if thread == threading.main_thread().ident else frame
            self._met[thread, _codes(here)] += 1

    def _end(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        took_s = {name: cpu_s - self._cpu_s.get(name, 0.0) for name, cpu_s in _cpu_s().items()}
        self._out.with_suffix(".threads").write_text(json.dumps(took_s))
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        self._out.write_text(
            "".join(
                f"{';'.join((names.get(thread, '?'), *map(_name, reversed(codes))))} {times}\n"
                for (thread, codes), times in self._met.items()
            )
        )


def _frames() -> dict[int, FrameType]:
    """The innermost frame of each thread.

    Without the collector: it may run a finalizer, in which the next signal would find the interpreter's lock taken, by
    us (https://github.com/python/cpython/issues/106883, before 3.12).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if collects:
            gc.enable()


def _cpu_s() -> dict[str, float]:
    threads = [(thread.name, thread.ident) for thread in threading.enumerate()]
    return {name: time.clock_gettime(time.pthread_getcpuclockid(ident)) for name, ident in threads if ident is not None}


def _codes(frame: FrameType | None) -> tuple[CodeType, ...]:
    codes = []
    while frame is not None:
        codes.append(frame.f_code)
        frame = frame.f_back
    return tuple(codes)


def _name(code: CodeType) -> str:
    return f"{_module(code.co_filename)}:{code.co_firstlineno}:{code.co_qualname}"


def _module(file: str) -> str:
    """The file as one would import it: what follows the last folder that imports are searched in."""
    if file.startswith("<"):
        return file
    parts = Path(file).with_suffix("").parts
    inside = max((at + 1 for at, part in enumerate(parts[:-1]) if _searched(part)), default=0)
    return ".".join(parts[inside:])


def _searched(folder: str) -> bool:
    return folder in {"site-packages", "service", "harness", "diagnostics"} or folder.startswith("python3.")


def main() -> None:
    """Sample what the arguments name."""
    _, out, module, *arguments = sys.argv
    Sampler(Path(out)).install()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
