"""A program of the demo that should run all the time, and is started again when it ends."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sandbox.leash import leashed

_PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds before each start after an early end; after the last we give up
_STEADY_S = 10.0  # whoever ran so long is started again as if for the first time


@dataclass
class Child:
    """One program. Call ``start`` and ``tend`` from the main thread only: the leash is held by the thread."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    started: Callable[[psutil.Process], object]
    gave_up: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _since: float = 0.0
    _early_ends: int = 0
    _due: float = 0.0
    _wanted: bool = field(default=False)

    @property
    def pid(self) -> int | None:
        """Give its process id, or None while it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it, in a session of its own, so that the terminal's signals reach only us."""
        self._wanted = True
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                leashed(list(self.argv)),
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._since = time.monotonic()
        self.started(psutil.Process(self._process.pid))

    def tend(self) -> None:
        """Start it again if it ended: at once after a long run, later and later after early ends, then no more."""
        if not self._wanted or self.gave_up or self.pid is not None:
            return
        now = time.monotonic()
        if not self._due:
            self._early_ends = 0 if now - self._since > _STEADY_S else self._early_ends + 1
            if self._early_ends > len(_PAUSES):
                self.gave_up = True
                return
            self._due = now + (_PAUSES[self._early_ends - 1] if self._early_ends else 0.0)
        if now >= self._due:
            self._due = 0.0
            self.start()

    def crash(self) -> bool:
        """Kill it, as a crash would; ``tend`` starts it again. Says whether there was something to kill."""
        process = self._process
        if process is None or process.poll() is not None:
            return False
        self._early_ends, self.gave_up = 0, False
        process.kill()
        process.wait()
        return True

    def stop(self, patience: float) -> None:
        """End it: TERM, and KILL after ``patience`` seconds."""
        self._wanted = False
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def last_words(self, size: int = 1200) -> str:
        """Give the end of its log."""
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""
