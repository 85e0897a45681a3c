"""INT, TERM and HUP, all meaning the same: end in good order."""

import _thread
import signal
import threading
from collections.abc import Callable


def at_the_end(work: Callable[[], object]) -> None:
    """Have it done, by a thread of its own, when INT, TERM or HUP comes. Call this from the main thread.

    A handler runs in the middle of the main thread. Where that waits for an event it may just hold the event's lock,
    and to set it right there would wait for ever.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _thread.start_new_thread(work, ()))


class Stopped(Exception):
    """Somebody asked for the end."""


class Stop:
    """Remembers that somebody asked for the end. Nothing is interrupted: whoever works looks here between two steps."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def listen(self) -> None:
        """Take the three signals from now on. Call it from the main thread."""
        at_the_end(self._asked.set)

    def check(self) -> None:
        """Raise ``Stopped`` if somebody asked for the end."""
        if self._asked.is_set():
            raise Stopped

    def wait(self, seconds: float) -> bool:
        """Wait, but not longer than until somebody asks for the end; say whether somebody did."""
        return self._asked.wait(seconds)
