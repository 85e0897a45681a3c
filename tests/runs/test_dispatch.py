"""Nothing is left lying: what a dead bot had, and what the store failed this bot in."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import State
from audit.store import Store, StoreUnavailable
from runs.bots.presence import Presence
from runs.dispatch import Dispatcher
from runs.journal import Journal
from runs.owner import Owner, enter
from runs.runner import Runner
from tests.fixtures.house import StandingClock, book, clock, gate, grants, store
from tests.fixtures.site import until
from tests.runs.test_runner import World, approved, recorded, state_of

__all__ = ["book", "clock", "gate", "store"]


@dataclass(frozen=True)
class Failing(Journal):
    """A journal over a store that is full just when a step's outcome is written."""

    full: list[str] = field(default_factory=list)

    def outcome(self, *args: object, **more: object) -> None:
        if self.full:
            self.full.pop()
            raise StoreUnavailable("The store can't be used: it is full.")
        super().outcome(*args, **more)  # type: ignore[arg-type]


@dataclass
class Bench:
    """One bot's dispatcher over a world."""

    gate: Gate
    world: World
    journal: Failing
    owner: Owner
    folder: Path
    leaving: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self) -> Iterator[None]:
        presence = Presence(self.journal.store, self.journal.clock, self.owner, self.folder)
        presence.beat()
        pool = ThreadPoolExecutor(2)
        dispatcher = Dispatcher(
            self.journal.store,
            Runner(self.journal, self.world, self.leaving),
            presence,
            lambda: grants(self.gate),
            lambda: None,
            pool,
        )
        thread = threading.Thread(target=dispatcher.serve, args=(self.leaving,))
        thread.start()
        try:
            yield
        finally:
            self.leaving.set()
            dispatcher.wake()
            thread.join()
            pool.shutdown()


@pytest.fixture
def bench(gate: Gate, store: Store, book: Book, clock: StandingClock, tmp_path: Path) -> Iterator[Bench]:
    owner = enter(tmp_path / "owners")
    yield Bench(gate, World(), Failing(store, book, clock, owner.name), owner, tmp_path / "owners")
    owner.leave()


def test_a_run_whose_outcome_could_not_be_written_is_taken_up_by_the_same_bot(bench: Bench, store: Store) -> None:
    bench.journal.full.append("once")
    request = approved(bench.gate)
    with bench.serving():
        until(lambda: state_of(bench.gate, request) is State.SUCCEEDED)
    assert bench.world.effects == ["first", "second", "third", "fourth"]
    assert [outcome for outcome, _ in recorded(store, "run.started")] == ["success", "success"]


def test_a_run_of_a_dead_bot_is_taken_over_and_one_of_a_living_bot_is_not(bench: Bench, tmp_path: Path) -> None:
    request = approved(bench.gate)
    other = enter(tmp_path / "owners")
    (grant,) = grants(bench.gate)
    begun = replace(bench.journal, owner=other.name).begin(grant)
    with bench.serving():
        bench.leaving.wait(1.5)
        assert state_of(bench.gate, request) is State.RUNNING
        other.leave()
        until(lambda: state_of(bench.gate, request) is State.SUCCEEDED)
    assert begun is not None
    assert bench.world.effects == ["first", "second", "third", "fourth"]
