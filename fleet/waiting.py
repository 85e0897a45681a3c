"""Programs that were started ahead and wait to be fed; whoever is to run the same words soon takes one."""

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

FRESH = 60.0  # seconds that one may wait
_END = 1.0  # seconds that one has to end when nobody feeds it

Process = subprocess.Popen[bytes]


class Waiting:
    """Keeps such programs by their words. They end by themselves when their bot dies: their stdin ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, ...], list[tuple[float, Process]]] = {}

    def have(self, argv: Sequence[str], count: int, begin: Callable[[], Process]) -> None:
        """Have so many of a program wait, of which none is about to be too old; the others are ended."""
        with self._lock:
            kept = self._kept.pop(tuple(argv), [])
        young = [one for one in kept if time.monotonic() - one[0] < FRESH / 2 and one[1].poll() is None][:count]
        for one in kept:
            if one not in young:
                _end(one[1])
        try:
            while len(young) < count:
                young.append((time.monotonic(), begin()))
        finally:
            with self._lock:
                self._kept.setdefault(tuple(argv), []).extend(young)

    def take(self, argv: Sequence[str]) -> Process | None:
        """Give one that waits, each once; end those that waited too long."""
        while True:
            with self._lock:
                kept = self._kept.get(tuple(argv))
                if not kept:
                    return None
                since, process = kept.pop()
            if time.monotonic() - since < FRESH and process.poll() is None:
                return process
            _end(process)

    def close(self) -> None:
        """End all."""
        with self._lock:
            kept = [process for waiting in self._kept.values() for _since, process in waiting]
            self._kept.clear()
        for process in kept:
            _end(process)


def _end(process: Process) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END)
        return
    process.kill()
    process.wait()
