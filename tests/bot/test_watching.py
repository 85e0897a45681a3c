"""Whether a primary could be changed is looked at by itself; a turn is told once, and one odd look is no turn."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlmodel import select, update

from actions import ready
from actions.contract import Action
from actions.promote import Asked, Found
from approvals.debts.ledger import Reviews
from approvals.gate import Gate
from approvals.holds.book import Holds
from approvals.inforce.book import ConfigurationBook
from audit.store import AuditEvent, Store
from bot.announcer import Announcer
from bot.settings_rules import rules_of
from bot.sites import Sites
from bot.texts import Texts
from bot.watching.watch import Watch
from core.clock import stamp
from core.errors import Unreachable
from fleet.inventory import Cluster
from fleet.postgres.candidate import choose
from fleet.postgres.loss import Loss
from fleet.postgres.view import ClusterView
from fleet.site import Site
from runs.store import RunRow
from tests.fixtures.house import StandingClock, clock, gate, store
from tests.fixtures.outbox import outbox_of
from tests.fixtures.slack_hands import Hands
from tests.fixtures.views import HERE, cluster_view, dead, inventory, primary, standby

__all__ = ["clock", "gate", "store"]
pytest_plugins = ["tests.fixtures.slack_standin"]

YES = cluster_view()
NO = cluster_view(primary(), standby("db2", replay_paused=True), standby("db3", replay_paused=True))
DEAD = cluster_view(dead("db1"), standby("db2"), standby("db3"))


@dataclass
class Scene:
    """A watch over clusters that nobody runs, and the channel that hears of it."""

    store: Store
    gate: Gate
    clock: StandingClock
    client: WebClient
    hands: Hands
    seen: list[ClusterView | None] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    cluster: Cluster = field(default_factory=inventory)

    def _look(self, asked: Asked, _site: Site) -> Found:
        view = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if view is None:
            raise Unreachable("db1 does not answer.")
        loss = Loss(100, 1, 1, HERE, HERE - 100) if view.primary is None else None
        return Found(view, self.cluster, choose(view, self.cluster, asked.node), None, loss)

    @property
    def watch(self) -> Watch:
        action = Action(ready.SPEC, Asked, self._look, ready.refuse, answer=ready.answer)
        sites = Sites({"main": self.cluster}, Path("/nonexistent"))
        return Watch(self.store, self.clock, action, sites, self.waited.append)

    def looks(self, *seen: ClusterView | None) -> list[str]:
        """Look once at what is given look by look, let two bots tell what they find untold, and read the channel."""
        self.seen = list(seen)
        self.clock.forward(3600)
        self.watch.look("slot")
        for _bot in range(2):
            self.announcer.look()
        return [str(message["text"]) for message in self.hands.messages()]

    @property
    def announcer(self) -> Announcer:
        book = ConfigurationBook(self.store, self.clock, rules_of)
        return Announcer(
            self.gate,
            book,
            Holds(self.store, self.clock),
            Reviews(self.store, self.gate.rules, self.clock),
            Texts(),
            outbox_of(self.store, self.clock, self.client),
            "/db",
            "ops",
            {"main": "ops"},
            self.watch,
        )

    def recorded(self) -> list[str]:
        with self.store.reading() as session:
            events = session.exec(select(AuditEvent).where(AuditEvent.action == "action.read")).all()
        return [event.actor for event in events]


@pytest.fixture
def scene(store: Store, gate: Gate, clock: StandingClock, client: WebClient, hands: Hands) -> Scene:
    return Scene(store, gate, clock, client, hands)


def test_only_what_turns_is_told_once_and_recorded(scene: Scene) -> None:
    assert scene.looks(YES) == []
    assert scene.looks(YES) == []
    (no,) = scene.looks(NO)
    assert no.startswith("main could not switch over any more: No standby can take over.")
    assert scene.looks(NO) == [no]
    again = scene.looks(YES)
    assert again[1:] == ["main could switch from db1 to db2 again."]
    assert scene.looks(YES) == again
    assert scene.recorded() == ["system"] * 3
    shown = str(scene.hands.messages()[0]["blocks"])
    assert "Replay is paused on db2." in shown
    assert "/db ready main" in shown


def test_the_first_answer_is_told_if_it_is_a_no(scene: Scene) -> None:
    assert len(scene.looks(NO)) == 1


def test_a_look_that_a_second_one_does_not_bear_out_is_no_turn(scene: Scene) -> None:
    scene.looks(YES)
    for odd in (NO, None, DEAD):
        assert scene.looks(odd, YES) == []
    assert scene.waited == [5.0] * 3


def test_what_can_not_be_looked_at_twice_is_a_no_with_that_reason(scene: Scene) -> None:
    scene.looks(YES)
    assert scene.looks(None) == ["main could not switch over any more: db1 does not answer."]


def test_a_primary_that_is_gone_is_another_answer_though_a_standby_could_take_over(scene: Scene) -> None:
    scene.looks(YES)
    assert scene.looks(DEAD) == ["main could fail over to db2; nobody accepts writes."]


def test_slack_that_is_away_loses_no_turn(scene: Scene) -> None:
    scene.looks(YES)
    scene.hands.act("faults", method="chat.postMessage", error="internal_error", times=2)
    assert scene.looks(NO) == []
    assert len(scene.looks(NO)) == 1


def test_while_a_run_holds_the_cluster_nobody_looks(scene: Scene) -> None:
    scene.looks(YES)
    held: dict[str, Any] = {
        "request": "r-1",
        "cluster": "main",
        "action": "promote",
        "plan": "{}",
        "plan_hash": "h",
        "risk": "destructive",
    }
    at = stamp(scene.clock.now())
    with scene.store.transaction() as session:
        session.add(
            RunRow(id="run-1", lock="cluster", state="running", owner="bot", heartbeat_at=at, started_at=at, **held)
        )
    assert scene.looks(DEAD) == []
    with scene.store.transaction() as session:
        session.exec(update(RunRow).values(state="ended"))
    assert len(scene.looks(NO)) == 1


def test_two_bots_that_look_at_the_same_moment_tell_and_record_it_once(scene: Scene) -> None:
    scene.looks(YES)
    scene.seen = [NO]
    with ThreadPoolExecutor() as pool:
        list(pool.map(Watch.look, [scene.watch, scene.watch], ["slot", "slot"]))
    assert len(scene.looks(NO)) == 1
    assert scene.recorded() == ["system"] * 2


def test_a_bot_that_leaves_believes_nothing_new(scene: Scene) -> None:
    scene.looks(YES)
    scene.seen = [NO]
    replace(scene.watch, pause=lambda _seconds: True).look("slot")
    assert scene.recorded() == ["system"]


def test_where_nobody_is_meant_to_be_promoted_nobody_looks(scene: Scene) -> None:
    scene.cluster = inventory("db1")
    assert scene.looks(None) == []
    assert scene.recorded() == []


def test_a_look_that_breaks_in_a_way_that_nobody_foresaw_disturbs_nothing(scene: Scene) -> None:
    scene.seen = []
    scene.watch.look("slot")
    assert scene.recorded() == []
