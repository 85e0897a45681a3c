"""The head goes to places outside Slack; a place that is silent holds nothing up and is caught up later."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from audit import ledger
from audit import store as audit_rows
from audit.anchors.keys import PUBLIC, private, public
from audit.anchors.line import Read, read
from audit.ledger import Event
from audit.store import Store
from audit.verify import verify_store
from bot.anchoring import Anchoring
from bot.anchors_read import _heads
from bot.places import Place, places
from bot.settings_file import AnchorsTable
from bot.sites import Sites
from core.clock import stamp
from core.errors import SeconderError
from core.plan import Risk
from runs.model import RunState
from runs.store import RunRow
from tests.fixtures.house import StandingClock, clock, store

__all__ = ["clock", "store"]
NOWHERE = Sites({}, Path("/nonexistent"))


@dataclass
class Scene:
    """A record with a few lines, and a file that anchors go to."""

    store: Store
    clock: StandingClock
    home: Path
    down: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.home / "elsewhere.jsonl"

    def anchoring(self, *more: Place) -> Anchoring:
        found = places(AnchorsTable(file=str(self.file)), NOWHERE)
        kept = [replace(place, put=self.unless_down(place.put)) for place in found]
        return Anchoring(self.store, self.clock, private(self.home), [*kept, *more], timedelta(days=1))

    def unless_down(self, put: Callable[[str], None]) -> Callable[[str], None]:
        def take(line: str) -> None:
            if self.down:
                raise OSError(self.down[0])
            put(line)

        return take

    def says(self, count: int = 1) -> None:
        with self.store.transaction() as session:
            for _ in range(count):
                ledger.append(session, self.clock, Event("action.read", "success", "ana"))

    def ended(self, risk: Risk) -> None:
        at = stamp(self.clock.now())
        words = dict.fromkeys(("id", "request", "cluster", "action", "plan", "plan_hash", "owner"), "x")
        more = {
            "risk": risk.value,
            "lock": "cluster",
            "state": RunState.ENDED.value,
            "heartbeat_at": at,
            "started_at": at,
            "ended_at": at,
        }
        with self.store.transaction() as session:
            session.add(RunRow.model_validate({**words, **more}))

    def kept(self) -> Read:
        return read(self.file.read_text().splitlines(), public([self.home / PUBLIC]))

    def recorded(self, action: str) -> list[str]:
        with self.store.reading() as session:
            return [row.outcome for row in audit_rows.tail(session, 100) if row.action == action]


@pytest.fixture
def scene(store: Store, clock: StandingClock, tmp_path: Path) -> Scene:
    made = Scene(store, clock, tmp_path)
    made.says(3)
    return made


def test_a_head_is_written_down_at_the_first_look_and_then_once_a_day(scene: Scene) -> None:
    for hours in (0, 1, 22, 2, 23):
        scene.clock.forward(hours * 3600)
        scene.anchoring().look()
        scene.says()
    assert [anchor.seq for anchor in scene.kept().anchors] == [3, 7]
    assert scene.recorded("audit.anchored") == ["success", "success"]
    heads = [anchor.head for anchor in scene.kept().anchors]
    assert verify_store(scene.store.url, heads).anchors_checked == 2


@pytest.mark.parametrize(("risk", "count"), [(Risk.DESTRUCTIVE, 2), (Risk.CHANGE, 1)])
def test_a_destructive_run_is_followed_by_an_anchor(scene: Scene, risk: Risk, count: int) -> None:
    scene.anchoring().look()
    scene.clock.forward(60)
    scene.ended(risk)
    for _ in range(3):
        scene.anchoring().look()
    assert len(scene.kept().anchors) == count


def test_a_place_that_is_silent_is_said_once_and_gets_all_of_it_later_in_order(scene: Scene) -> None:
    anchoring = scene.anchoring()
    scene.down.append("No route to host")
    for _ in range(3):
        anchoring.look()
        scene.clock.forward(86400)
    assert (anchoring.silent(), scene.file.exists()) == ({f"file:{scene.file}": "No route to host"}, False)
    assert scene.recorded("audit.degraded") == ["failure"]
    scene.down.clear()
    anchoring.look()
    assert (scene.kept().faults, len(scene.kept().anchors)) == ((), 4)
    assert scene.recorded("audit.degraded") == ["failure", "success"]


def test_one_silent_place_keeps_nothing_from_the_others(scene: Scene) -> None:
    def refuse(_line: str) -> None:
        raise SeconderError("gone")

    anchoring = scene.anchoring()
    anchoring.places = [Place("gone", refuse), *anchoring.places]
    anchoring.look()
    assert (len(scene.kept().anchors), anchoring.silent()) == (1, {"gone": "gone"})


def test_a_record_cut_or_written_anew_is_found_by_what_lies_elsewhere(scene: Scene) -> None:
    scene.anchoring().look()
    (anchor,) = scene.kept().anchors
    forged = replace(anchor.head, hash="0" * 64)
    for head, kind in ((forged, "rewritten"), (replace(anchor.head, seq=99), "truncated")):
        report = verify_store(scene.store.url, [head])
        assert report.bad is not None
        assert (report.ok, report.bad.kind) == (False, kind)


def test_syslog_gets_a_line(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loghost:
        loghost.bind(("127.0.0.1", 0))
        loghost.settimeout(5)
        (place,) = places(AnchorsTable(syslog=f"127.0.0.1:{loghost.getsockname()[1]}"), NOWHERE)
        scene.anchoring(place).look()
        said = loghost.recv(4096).decode()
    assert said.startswith("<109>seconder: {")
    assert read([said.removeprefix("<109>seconder: ")], public([scene.home / PUBLIC])).faults == ()


def test_without_a_place_nothing_is_written_down(scene: Scene) -> None:
    anchoring = scene.anchoring()
    anchoring.places = []
    anchoring.look()
    assert scene.recorded("audit.anchored") == []


def test_the_foot_of_a_card_is_read_as_a_head() -> None:
    card = {"blocks": [{"type": "context", "elements": [{"text": "`r-1` · audit #4182 9f3c00aa"}]}]}
    assert [(head.seq, head.hash) for head in _heads(card)] == [(4182, "9f3c00aa")]
    assert [head.seq for head in _heads({"text": f"audit #7 `{'ab' * 8}` · today"})] == [7]
