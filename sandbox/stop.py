"""INT, TERM and HUP, all meaning the same: end in good order."""

import signal
import threading


class Stopped(Exception):
    """Somebody asked for the end."""


class Stop:
    """Remembers that somebody asked for the end. Nothing is interrupted: whoever works looks here between two steps."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def listen(self) -> None:
        """Take the three signals from now on. Call it from the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._asked.set())

    def check(self) -> None:
        """Raise ``Stopped`` if somebody asked for the end."""
        if self._asked.is_set():
            raise Stopped

    def wait(self, seconds: float) -> bool:
        """Wait, but not longer than until somebody asks for the end; say whether somebody did."""
        return self._asked.wait(seconds)
