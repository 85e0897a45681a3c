"""What is asked by itself: once for each slot, in a person's name, through the same gate; a "no" is told."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from slack_sdk import WebClient

from approvals.model import State
from audit.store import Store
from bot.scheduled import Scheduled
from bot.settings_file import ScheduleTable
from bot.texts import Texts
from core.plan import Risk
from tests.fixtures.house import store
from tests.fixtures.outbox import outbox_of
from tests.fixtures.slack_hands import Hands
from tests.gate.scene import Scene
from tests.gate.test_entry_points import Plugin, road_of

__all__ = ["store"]
pytest_plugins = ["tests.fixtures.slack_standin"]
NIGHT, NEXT = "2026-03-02T02:30:00.000000Z", "2026-03-03T02:30:00.000000Z"


@dataclass
class Desk:
    """Schedules over a gate and a stand-in."""

    scene: Scene
    client: WebClient
    hands: Hands
    folder: Path
    risk: Risk = Risk.DESTRUCTIVE
    woken: list[int] = field(default_factory=list)

    def asks(self, slot: str, run: str = "wipe main", person: str = "ana") -> None:
        road, _ = road_of(self.scene, Plugin(self.risk, self.risk), self.folder)
        outbox = outbox_of(self.scene.store, self.scene.clock, self.client)
        wake = lambda: self.woken.append(1)  # noqa: E731
        table = ScheduleTable.model_validate({"run": run, "as": person, "at": "02:30"})
        Scheduled(road, self.scene.gate, outbox, Texts(), "ops", "/db", wake).ask("nightly", table, slot)

    def texts(self) -> list[str]:
        return [str(message["text"]) for message in self.hands.messages()]


@pytest.fixture
def desk(store: Store, client: WebClient, hands: Hands, tmp_path: Path) -> Desk:
    return Desk(Scene(store), client, hands, tmp_path)


def test_a_slot_is_asked_for_once_however_often_its_bot_dies_before_it_could_say_so(desk: Desk) -> None:
    for slot in (NIGHT, NIGHT, NEXT, NIGHT):
        desk.asks(slot)
    requests = desk.scene.gate.listed()
    assert sorted(request.origin for request in requests) == [f"schedule:nightly/{NIGHT}", f"schedule:nightly/{NEXT}"]
    assert {(request.requester, request.state) for request in requests} == {("ana", State.OPEN)}
    assert (len(desk.woken), desk.texts()) == (2, [])


def test_in_whose_name_it_is_asked_can_not_approve_it(desk: Desk) -> None:
    desk.asks(NIGHT)
    (request,) = desk.scene.gate.listed()
    desk.scene.approves("ana", request.id)
    assert desk.scene.state(request.id) is State.OPEN


@pytest.mark.parametrize(
    ("run", "person", "said"),
    [
        ("wipe main", "cy", "was refused"),
        ("wipe main", "zoe", "zoe is not in the roster"),
        ("whipe main", "ana", "was refused"),
    ],
    ids=["somebody who may not ask", "somebody who has left", "a word that is none"],
)
def test_a_no_is_told_in_the_channel_once_and_nothing_is_asked(desk: Desk, run: str, person: str, said: str) -> None:
    for _ in range(3):
        desk.asks(NIGHT, run, person)
    assert desk.scene.gate.listed() == []
    (text,) = desk.texts()
    assert said in text
    assert "nightly" in text
