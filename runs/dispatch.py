"""Starts what was approved, and takes up what a dead bot left."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from audit.store import Store
from core.errors import SeconderError
from core.grant import Grant
from runs import store as rows
from runs.bots.presence import Presence
from runs.model import Run
from runs.pen import Fenced
from runs.runner import Runner

_log = logging.getLogger(__name__)
POLL = 0.25  # seconds: how soon a vote from another process is noticed
MOST = 60.0  # seconds between two tries of one run that this bot could not finish
LOST_EVERY = 8  # polls between two looks for runs whose bot died


@dataclass
class Dispatcher:
    """Polls the store, so that it does not matter who voted: Slack, the command line, another bot."""

    store: Store
    runner: Runner
    presence: Presence
    claimable: Callable[[], list[Grant]]
    sweep: Callable[[], None]
    pool: ThreadPoolExecutor
    _busy: set[str] = field(default_factory=set)
    _wake: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _fallen: dict[str, tuple[float, float]] = field(default_factory=dict)  # by run: not before, and the next pause

    def wake(self) -> None:
        """Look now: something was approved."""
        self._wake.set()

    def serve(self, leaving: threading.Event) -> None:
        """Poll until the bot leaves."""
        turn = 0
        while not leaving.is_set():
            self._safely(partial(self._look, lost=turn % LOST_EVERY == 0))
            turn += 1
            self._wake.wait(POLL)
            self._wake.clear()

    def _look(self, *, lost: bool) -> None:
        for grant in self.claimable():
            self._submit(grant.request, partial(self.runner.start, grant))
        if lost:
            self.sweep()
            for run in self._orphans():
                self._submit(run.request, partial(self._take_over, run))

    def _orphans(self) -> list[Run]:
        """List runs that nobody carries out: their bot is dead, or the store failed it in the middle."""
        with self.store.reading() as session:
            unfinished = rows.unfinished(session)
        with self._guard:
            busy = set(self._busy)
        return [run for run in unfinished if run.request not in busy and not self._carried(run)]

    def _carried(self, run: Run) -> bool:
        if run.owner != self.presence.name:
            return self.presence.lives(run.owner)
        return time.monotonic() < self._again_at(run.id)

    def _again_at(self, run: str) -> float:
        """Give when a run that fell by our own fault is tried again: after longer and longer pauses."""
        not_before, pause = self._fallen.get(run, (0.0, 1.0))
        if time.monotonic() >= not_before:
            self._fallen[run] = (time.monotonic() + pause, min(MOST, 2 * pause))
        return not_before

    def _take_over(self, run: Run) -> None:
        claimed = self.runner.journal.take_over(run)
        if claimed is not None:
            self.runner.take_up(claimed)

    def _submit(self, request: str, work: Callable[[], object]) -> None:
        with self._guard:
            if request in self._busy:
                return
            self._busy.add(request)
        self.pool.submit(self._work, request, work)

    def _work(self, request: str, work: Callable[[], object]) -> None:
        try:
            self._safely(work)
        finally:
            with self._guard:
                self._busy.discard(request)

    def _safely(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Fenced as error:
            _log.warning("%s", error)
        except SeconderError:
            _log.exception("The store can't be used; trying again")
        except Exception:  # noqa: BLE001  # one of three places that catch all: the loop must live on
            _log.exception("This is a bug in Seconder")
