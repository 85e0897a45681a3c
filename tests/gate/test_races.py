"""Must-pass cases 4 to 8: people and time at the same moment, held together inside their transactions."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from approvals import store as rows
from approvals.model import Request, State
from audit.store import Session
from audit.verify import verify_store
from tests.gate.scene import Scene

ROUNDS = 10_000 if os.environ.get("SECONDER_SOAK") else 2_000
FEW = max(40, ROUNDS // 20)
MEET_SECONDS = 0.004  # how long one who is inside waits for the other to knock
PAIRS = [
    ("approve", "approve"),
    ("approve", "again"),
    ("approve", "reject"),
    ("approve", "expire"),
    ("approve", "withdraw"),
    ("start", "withdraw"),
    ("start", "take back"),
    ("start", "start"),
]


@dataclass
class Meeting:
    """Two that act at once: whoever has read waits, before writing, until the other knocks at the store's door."""

    knocked: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    inside: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        if not self.inside.is_set():
            self.inside.set()
            threading.Event().wait(MEET_SECONDS)


@contextmanager
def held_between_read_and_write(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Meeting]]:
    """Every transaction that has loaded its request meets the other before it goes on."""
    meetings: list[Meeting] = []
    load = rows.load

    def meets(session: Session, request: str) -> Request | None:
        found = load(session, request)
        if meetings and session.in_transaction() and threading.current_thread() is not threading.main_thread():
            meetings[-1].read()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(rows, "load", meets)
        yield meetings


def act(scene: Scene, what: str, request: str) -> Callable[[], object]:
    late = Scene(scene.store, replace(scene.clock, at=scene.clock.at + timedelta(seconds=1800)), world=scene.world)
    grants = {grant.request: grant for grant in scene.ending.claimable()}
    return {
        "approve": lambda: scene.approves("ben", request),
        "again": lambda: scene.approves("ben", request),
        "other": lambda: scene.approves("dan", request),
        "reject": lambda: scene.rejects("dan", request),
        "withdraw": lambda: scene.gate.withdraw(scene.actor("ana"), request),
        "expire": late.ending.sweep,
        "take back": lambda: scene.gate.take_back(scene.actor("ben"), request),
        "start": lambda: scene.redeem(grants[request]),
    }[what]


def at_once(pool: ThreadPoolExecutor, meetings: list[Meeting], *acts: Callable[[], object]) -> list[object]:
    meeting = Meeting()
    meetings[:] = [meeting]

    def one(work: Callable[[], object]) -> object:
        meeting.knocked.wait(5)
        return work()

    return list(pool.map(one, acts))


def one_winner(scene: Scene, first: str, second: str, request: str, came: list[object]) -> None:
    state, record = scene.state(request), scene.record(request)
    ends = [action for action, outcome, _ in record if outcome == "success" and action in ENDS]
    assert len(ends) == len(set(ends)), record
    grants = [grant for grant in scene.ending.claimable() if grant.request == request]
    assert len(grants) == (1 if state is State.APPROVED else 0)
    won = [isinstance(one, Request) for one in came]
    if (first, second) == ("start", "start"):
        assert (won.count(True), state) == (1, State.RUNNING)
    elif first == "start":
        assert state in {State.RUNNING, State.WITHDRAWN, State.OPEN}
        assert won.count(True) == 1
    elif "expire" in (first, second):
        assert state in {State.APPROVED, State.EXPIRED}
    elif second == "withdraw":
        assert state is State.WITHDRAWN  # before the start a withdrawal always counts
    else:
        assert won.count(True) == 1
        assert state in {State.APPROVED, State.REJECTED}


ENDS = {"request.approved", "request.rejected", "request.withdrawn", "request.expired", "request.blocked"}


def rounds(scene: Scene, first: str, second: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = "other" if (first, second) == ("approve", "approve") else second
    with ThreadPoolExecutor(2) as pool, held_between_read_and_write(monkeypatch) as meetings:
        for _ in range(count):
            request = scene.asked("ana")
            if first == "start":
                scene.approves("ben", request)
            came = at_once(pool, meetings, act(scene, first, request), act(scene, seconds, request))
            meetings.clear()
            one_winner(scene, first, second, request, came)
            _end(scene, request)
    assert verify_store(scene.store.url).ok is not False


def _end(scene: Scene, request: str) -> None:
    """Keep the lists short: what is open or approved is no use to the next round."""
    with scene.store.transaction() as session:
        ended = text(
            "UPDATE request SET state = 'withdrawn' WHERE id = :id AND state IN ('open', 'approved', 'running')"
        )
        session.connection().execute(ended, {"id": request})


@pytest.mark.rounds
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{first}-{second}" for first, second in PAIRS])
def test_04_to_08_of_two_at_the_same_moment_one_wins(
    scene: Scene, first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(scene, first, second, FEW, monkeypatch)


@pytest.mark.rounds
def test_05_two_approvers_in_the_same_millisecond_thousands_of_times(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(scene, "approve", "approve", ROUNDS, monkeypatch)
