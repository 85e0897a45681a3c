"""A store that is full, read-only or locked from one moment of a run on, until that is mended."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import event

from audit.guard import authorize
from audit.store import Session, Store, sqlite_path
from core.grant import Grant
from core.outcome import Evidence, Outcome, Refusal
from core.plan import Step
from runs.journal import Journal
from runs.model import Run, StepState

PATIENCE = 0.2  # seconds that an impatient store waits for a lock; the product's waits five
_LOCKS = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1],isolation_level=None);c.execute('BEGIN IMMEDIATE');"
_LOCKS += "print(1,flush=True);sys.stdin.read()"
_PRAGMAS = {
    "full": ("max_page_count=1", "max_page_count=1073741823"),
    "read-only": ("query_only=ON", "query_only=OFF"),
}


@dataclass
class Trouble:
    """What comes over a store at one moment (``intent 2``, say)."""

    kind: str
    at: str
    store: Store
    on: bool = False
    lockers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        event.listen(self.store.engine, "checkout", self._checked_out)

    def comes(self, at: str) -> None:
        """Begin, if this is the moment."""
        if at != self.at or self.on:
            return
        self.on = True
        if self.kind == "full":
            with closing(sqlite3.connect(sqlite_path(self.store.url))) as connection:
                connection.execute("VACUUM")  # else pages that were given back take what comes
        if self.kind == "locked":
            argv = [sys.executable, "-I", "-S", "-c", _LOCKS, str(sqlite_path(self.store.url))]
            locker = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.lockers.append(locker)
            assert locker.stdout is not None
            assert locker.stdout.readline() == b"1\n"

    def goes(self) -> None:
        """Be over."""
        self.on, self.at = False, ""
        while self.lockers:
            locker = self.lockers.pop()
            locker.communicate(timeout=30)
            assert locker.returncode == 0

    def _checked_out(self, connection: sqlite3.Connection, *_more: object) -> None:
        connection.set_authorizer(None)  # ours lets nobody do that
        for kind, (there, gone) in _PRAGMAS.items():
            connection.execute(f"PRAGMA {there if self.on and kind == self.kind else gone}").close()
        connection.set_authorizer(authorize)


@dataclass(frozen=True)
class Impatient(Store):
    """A store that gives a lock up soon, so that tests need not wait."""

    @contextmanager
    def transaction(self, wait: float = PATIENCE, *, first: bool = False) -> Iterator[Session]:
        with super().transaction(wait, first=first) as session:
            yield session


@dataclass(frozen=True)
class Troubled(Journal):
    """A journal whose store gets into trouble right before one of its transactions."""

    trouble: Trouble

    def begin(self, grant: Grant, seen_since: str | None = None) -> Run | Refusal:
        self.trouble.comes("redeem")
        return super().begin(grant, seen_since)

    def set_out(self, run: Run) -> Run:
        self.trouble.comes("intent 1")
        return super().set_out(run)

    def intent(self, run: Run, n: int, step: Step, *, undo: bool = False) -> Run:
        self.trouble.comes(f"intent {n}")
        return super().intent(run, n, step, undo=undo)

    def outcome(self, run: Run, n: int, step: Step, state: StepState, shown: Evidence) -> None:
        self.trouble.comes(f"outcome {n}")
        super().outcome(run, n, step, state, shown)

    def onward(self, run: Run, n: int, step: Step, shown: Evidence) -> Run:
        for at in (f"outcome {n}", f"intent {n + 1}"):
            self.trouble.comes(at)
        return super().onward(run, n, step, shown)

    def end(self, run: Run, outcome: Outcome, error: str = "") -> None:
        self.trouble.comes("end")
        super().end(run, outcome, error)
