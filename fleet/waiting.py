"""What was opened or started ahead and waits; whoever needs such a thing soon takes one."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

FRESH = 60.0  # seconds that one may wait
Thing = TypeVar("Thing")


class Waiting(Generic[Thing]):
    """Keeps such things by what they are for. ``lives`` says whether one still does, ``end`` ends one."""

    def __init__(self, lives: Callable[[Thing], bool], end: Callable[[Thing], object]) -> None:
        self._lives, self._end = lives, end
        self._lock = threading.Lock()
        self._kept: dict[Hashable, list[tuple[float, Thing]]] = {}

    def have(self, key: Hashable, count: int, begin: Callable[[], Thing]) -> None:
        """Have so many wait, of which none is about to be too old; the others are ended. Raises as ``begin`` does."""
        with self._lock:
            kept = self._kept.pop(key, [])
        young = [one for one in kept if time.monotonic() - one[0] < FRESH / 2 and self._lives(one[1])][:count]
        for one in kept:
            if one not in young:
                self._end(one[1])
        try:
            while len(young) < count:
                young.append((time.monotonic(), begin()))
        finally:
            with self._lock:
                self._kept.setdefault(key, []).extend(young)

    def take(self, key: Hashable) -> Thing | None:
        """Give one that waits and lives, each once; end those that do not, or waited too long."""
        while True:
            with self._lock:
                kept = self._kept.get(key)
                if not kept:
                    return None
                since, thing = kept.pop()
            if time.monotonic() - since < FRESH and self._lives(thing):
                return thing
            self._end(thing)

    def close(self) -> None:
        """End all."""
        with self._lock:
            kept = [thing for waiting in self._kept.values() for _since, thing in waiting]
            self._kept.clear()
        for thing in kept:
            self._end(thing)
