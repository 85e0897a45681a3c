"""What is done when something takes too long; one thread waits for all of it."""

import heapq
import itertools
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)
_order = itertools.count()


@dataclass(order=True)
class Alarm:
    """Rings ``at`` a moment of the monotonic clock, unless it is unset before."""

    at: float
    _nth: int = field(default_factory=lambda: next(_order))
    ring: Callable[[], object] | None = field(default=None, compare=False)
    rang: bool = field(default=False, compare=False)


class Alarms:
    """Alarms that nearly always are unset. A thread for each (``threading.Timer``) costs 0.4 ms while clients wait."""

    def __init__(self) -> None:
        self._set: list[Alarm] = []
        self._sooner = threading.Condition()
        self._watch: threading.Thread | None = None

    def set(self, seconds: float, ring: Callable[[], object]) -> Alarm:
        """Have something done in so many seconds. It has to be quick: others wait for it."""
        alarm = Alarm(time.monotonic() + seconds, ring=ring)
        with self._sooner:
            heapq.heappush(self._set, alarm)
            if self._watch is None or not self._watch.is_alive():  # a child that was forked has none
                self._watch = threading.Thread(target=self._wait, daemon=True, name="alarms")
                self._watch.start()
            elif self._set[0] is alarm:
                self._sooner.notify()
        return alarm

    def unset(self, alarm: Alarm) -> None:
        """Have it not done any more: when this has returned, it has either been done or never is."""
        with self._sooner:
            alarm.ring = None  # it stays among the others until its moment, which costs less than to take it out

    def _wait(self) -> None:
        with self._sooner:
            while True:
                now = time.monotonic()
                while self._set and self._set[0].at <= now:
                    _sound(heapq.heappop(self._set))
                self._sooner.wait(self._set[0].at - now if self._set else None)


def _sound(alarm: Alarm) -> None:
    if alarm.ring is None:
        return
    alarm.rang = True
    try:
        alarm.ring()
    except OSError:
        _log.info("an alarm rang for something that is gone", exc_info=True)


_ALARMS = Alarms()


@contextmanager
def cut_after(seconds: float, link: int) -> Iterator[Alarm]:
    """Cut a socket, given by its descriptor, when the block takes longer: whoever reads it finds its end, or an error.

    The alarm says whether that was done. A socket's own limit starts anew with every byte that drips in.
    """
    guard = os.dup(link)

    def sever() -> None:
        with socket.socket(fileno=os.dup(guard)) as same:
            same.shutdown(socket.SHUT_RDWR)

    alarm = _ALARMS.set(seconds, sever)
    try:
        yield alarm
    finally:
        _ALARMS.unset(alarm)
        os.close(guard)
