"""Nobody waits for a word for longer than Slack's three seconds: what takes longer says so, once."""

import heapq
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

AFTER = 2.0  # seconds: with what Slack itself takes, the word is there within 3
Say = Callable[[str, Mapping[str, object]], None]


@dataclass
class Patience:
    """One thread that watches everything that is being worked on; ``say`` tells who waits that it goes on."""

    say: Say
    after: float = AFTER
    _due: list[tuple[float, str]] = field(default_factory=list)
    _waiting: dict[str, tuple[str, Mapping[str, object]]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, key: str, kind: str, body: Mapping[str, object]) -> None:
        """Begin to watch a payload that came in."""
        with self._changed:
            self._waiting[key] = (kind, body)
            heapq.heappush(self._due, (time.monotonic() + self.after, key))
            self._changed.notify()

    def end(self, key: str) -> None:
        """Stop watching it: it was dealt with."""
        with self._changed:
            self._waiting.pop(key, None)

    def serve(self, leaving: threading.Event) -> None:
        """Watch until the bot leaves."""
        while not leaving.is_set():
            for kind, body in self._late():
                threading.Thread(target=self.say, args=(kind, body), name="patience", daemon=True).start()

    def _late(self) -> list[tuple[str, Mapping[str, object]]]:
        """Wait for what is due next, a second at most, and give what has waited for too long."""
        with self._changed:
            pause = self._due[0][0] - time.monotonic() if self._due else 1.0
            if pause > 0:
                self._changed.wait(min(pause, 1.0))
            late = []
            while self._due and self._due[0][0] <= time.monotonic():
                _, key = heapq.heappop(self._due)
                if key in self._waiting:
                    late.append(self._waiting.pop(key))
            return late
