"""What was read a moment ago, or is being read, and need not be read again."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait

_MOST = 64  # readings


class Kept:
    """The last readings, each with when it began. Whoever asks for one that is under way waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: dict[Hashable, tuple[float, Future[object]]] = {}

    def get(self, key: Hashable, read: Callable[[], object], seconds: float) -> object:
        """Give what was read for a key, no longer ago than that, else read it; a reading that failed is none."""
        with self._lock:
            last = self._readings.get(key)
        if last is not None:
            began, before = last
            left = began + seconds - time.monotonic()
            wait([before], min(max(0.0, left), threading.TIMEOUT_MAX))
            if before.done() and before.exception() is None and time.monotonic() - began < seconds:
                return before.result()
        mine: Future[object] = Future()
        self._put(key, mine)
        try:
            found = read()
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(found)
        return found

    def _put(self, key: Hashable, reading: Future[object]) -> None:
        with self._lock:
            self._readings.pop(key, None)
            while len(self._readings) >= _MOST:
                del self._readings[next(iter(self._readings))]
            self._readings[key] = time.monotonic(), reading
