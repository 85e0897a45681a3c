"""Shows how far a step is, but not more often than people can read."""

import time
from collections.abc import Mapping

from runs.journal import Journal
from runs.model import Run

EVERY = 0.5  # seconds between two writes of a step's progress


class Reporter:
    """Writes a step's progress, but not more often than people can read."""

    def __init__(self, journal: Journal, run: Run, n: int) -> None:
        self._journal, self._run, self._n = journal, run, n
        self._last = 0.0

    def report(self, done: int, total: int, note: str) -> None:
        """Write how much of how much is done; what comes too soon is left out."""
        now = time.monotonic()
        if now - self._last >= EVERY:
            self._last = now
            shown: Mapping[str, object] = {"n": self._n, "done": done, "total": total, "note": note}
            self._journal.progress(self._run, shown)
