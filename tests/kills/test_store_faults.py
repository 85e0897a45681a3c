"""A store that is full, read-only or locked just when it is needed: no effect without its intent, no outcome lost."""

import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from actions import promote
from approvals.ending import Ending
from approvals.lease import Book
from approvals.model import State
from audit.store import Store, StoreUnavailable, open_store, sqlite_path
from audit.verify import verify_store
from core.grant import Grant
from core.plan import Kind, Risk
from runs import store as rows
from runs.journal import Journal
from runs.runner import Runner
from tests.fixtures.house import IN_FORCE, a_plan, step
from tests.kills.fleet import Fleet, effects
from tests.kills.invariants import hold
from tests.kills.scene import Scene
from tests.kills.trouble import PATIENCE, Impatient, Trouble, Troubled
from tests.kills.worker import CLOCK

SOAK = bool(os.environ.get("SECONDER_SOAK"))  # read at once: tests see an environment without it
LOCKED = 35.0 if SOAK else 0.5  # seconds
FAT = "x" * 20_000  # no page has room for it: it needs new ones
STEPS = tuple(
    replace(step(name, kind), args={"pad": FAT})
    for name, kind in [("first", Kind.PROBE), ("second", Kind.IDEMPOTENT), ("third", Kind.PROBE), ("fourth", Kind.LOOK)]
)
PLAN = replace(a_plan(Risk.CHANGE, STEPS), version=promote.SPEC.version)
MOMENTS = ["redeem", *(f"{what} {n}" for n in range(1, len(STEPS) + 1) for what in ("intent", "outcome")), "end"]
CASES = [(kind, at) for kind in ("full", "read-only", "locked") for at in MOMENTS if (kind, at) != ("full", "end")]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene.opened(tmp_path) as opened:
        yield opened


def runner_on(store: Store, scene: Scene, trouble: Trouble | None = None) -> Runner:
    book = Book(IN_FORCE, CLOCK)
    journal = Troubled(store, book, CLOCK, "bot-1", trouble) if trouble else Journal(store, book, CLOCK, "bot-2")
    return Runner(journal, Fleet(scene.effects, scene.store))


def claimable(scene: Scene) -> list[Grant]:
    return Ending(scene.store, IN_FORCE, CLOCK).claimable()


def another_bot_does_what_is_left(scene: Scene) -> None:
    runner = runner_on(scene.store, scene)
    with scene.store.reading() as session:
        left = rows.unfinished(session)
    for run in left:
        claimed = runner.journal.take_over(run)
        assert claimed is not None
        runner.take_up(claimed)
    for grant in claimable(scene):
        runner.start(grant)


def happened_before(at: str) -> int:
    """Give how many effects there are at a moment."""
    what, _, number = at.partition(" ")
    return {"redeem": 0, "end": len(STEPS)}[what] if not number else int(number) - (what == "intent")


@pytest.mark.parametrize(("kind", "at"), CASES, ids=[f"{kind} at {at}" for kind, at in CASES])
def test_a_store_that_fails_at_any_moment_stops_the_run_there_and_another_bot_goes_on(
    scene: Scene, kind: str, at: str
) -> None:
    opened = open_store(scene.store.url)
    store = opened if SOAK else Impatient(opened.engine, opened.url)
    trouble = Trouble(kind, at, store)
    request = scene.approved(PLAN)
    (grant,) = claimable(scene)
    began = time.monotonic()
    try:
        with pytest.raises(StoreUnavailable):
            runner_on(store, scene, trouble).start(grant)
        assert len(effects(scene.effects)) == happened_before(at)
        time.sleep(max(0.0, LOCKED - (time.monotonic() - began)) if kind == "locked" else 0.0)
    finally:
        trouble.goes()
        store.close()
    another_bot_does_what_is_left(scene)
    assert scene.state(request) is State.SUCCEEDED
    (run,) = hold(scene.store, scene.effects)
    assert [one.text for one in run.steps][2] in {"third done", "found done after a restart of the bot"}
    again = (
        2 if at in {"outcome 2", "intent 3", "outcome 4"} else 1
    )  # these may be repeated; the first two are one write
    assert len(effects(scene.effects)) == len(STEPS) + again - 1


@pytest.mark.parametrize("kind", ["full", "read-only", "locked"])
def test_a_store_that_can_not_be_written_at_the_start_is_said_and_is_good_once_that_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if not SOAK:
        monkeypatch.setattr("audit.store.BUSY_SECONDS", PATIENCE)
    opened = open_store(f"sqlite:///{tmp_path / 'fresh.db'}")
    with opened.reading():
        pass  # the file is there, and empty
    trouble = Trouble(kind, "boot", opened)
    trouble.comes("boot")
    try:
        with pytest.raises(StoreUnavailable) as told:
            opened.prepare()
        assert "Without a record nothing more is started." in told.value.hint
    finally:
        trouble.goes()
    opened.prepare()
    opened.close()
    assert verify_store(opened.url).ok is True


def test_a_file_that_may_only_be_read_starts_nothing(scene: Scene) -> None:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{sqlite_path(scene.store.url)}?mode=ro", isolation_level=None, uri=True)

    store = Store(create_engine("sqlite://", creator=connect), scene.store.url)
    request = scene.approved(PLAN)
    (grant,) = claimable(scene)
    with pytest.raises(StoreUnavailable, match="readonly"):
        runner_on(store, scene).start(grant)
    store.close()
    assert (effects(scene.effects), scene.state(request)) == ([], State.APPROVED)
    another_bot_does_what_is_left(scene)
    assert scene.state(request) is State.SUCCEEDED
    hold(scene.store, scene.effects)
