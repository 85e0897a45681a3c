"""Whose turn it is to write, within one process: in the order in which they came."""

import threading
from collections import deque


class Turns:
    """A lock that nobody misses by sleeping. Whoever leaves hands it to the one who has waited longest."""

    def __init__(self) -> None:
        """Nobody has it yet."""
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    def take(self, wait: float, *, first: bool = False) -> bool:
        """Wait at most so many seconds for the turn, before all others if ``first``; say whether it came."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            ticket = threading.Event()
            if first:
                self._waiting.appendleft(ticket)
            else:
                self._waiting.append(ticket)
        if ticket.wait(wait):
            return True
        with self._guard:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return False
            return True  # it came just now

    def leave(self) -> None:
        """Hand the turn on."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
