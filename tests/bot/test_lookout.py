"""What is urgent is looked at while it waits for people, so that its run need not begin with a look."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from actions.contract import Action
from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Request, Verdict
from audit.store import Store
from bot.carrier import ActionCarrier
from bot.sites import Sites
from bot.texts import Texts
from bot.watching.lookout import FRESH, PAUSE, Lookout
from core.errors import Unreachable
from core.outcome import Outcome, Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Spec
from runs.journal import Journal
from runs.model import Run
from tests.fixtures.house import TYPED, StandingClock, a_plan, actor, book, clock, gate, grants, store
from tests.fixtures.views import inventory

__all__ = ["book", "clock", "gate", "store"]
SPEC = Spec("promote", "postgres", "Make a standby the primary", Risk.DESTRUCTIVE, Lock.CLUSTER, 60, 1, ())
URGENT = replace(a_plan(), urgent=True)


@dataclass
class Scene:
    """A failover that waits for its second person, and all that is seen of its cluster, look by look."""

    gate: Gate
    store: Store
    clock: StandingClock
    journal: Journal
    seen: Plan | Refusal | Unreachable = URGENT
    looks: int = 0
    seconds: float = 1000.0
    carrier: ActionCarrier = field(init=False)
    lookout: Lookout = field(init=False)

    def __post_init__(self) -> None:
        action = Action(SPEC, dict, lambda _asked, _site: self._look(), _refusal, lambda _asked, found: found, {})
        sites = Sites({"main": inventory()}, Path("/nonexistent"))
        looking = ActionCarrier({"promote": action}, sites, Texts())
        self.lookout = Lookout(self.store, self.gate, self.clock, looking, lambda: self.seconds)
        self.carrier = replace(looking, fresh=self.lookout.fresh)

    def _look(self) -> Plan | Refusal:
        self.looks += 1
        if isinstance(self.seen, Unreachable):
            raise self.seen
        return self.seen

    def asked(self, plan: Plan = URGENT) -> Request:
        self.seen = plan
        agreed = self.carrier.look_again(plan)
        assert isinstance(agreed, Plan)
        self.looks = 0
        opened = self.gate.open(actor("ana"), agreed, origin=f"t{self.seconds}", channel="ops")
        assert isinstance(opened, Request)
        return opened

    def later(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.forward(seconds)

    def begun(self, request: Request) -> Run:
        self.gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
        (grant,) = grants(self.gate)
        run = self.journal.begin(grant)
        assert isinstance(run, Run)
        return run

    def looks_of(self, run: Run) -> int:
        """Give how often the cluster is looked at when a run begins."""
        before = self.looks
        self.carrier.replan(run.plan)
        return self.looks - before


def _refusal(_asked: object, found: Plan | Refusal) -> Refusal | None:
    return found if isinstance(found, Refusal) else None


@pytest.fixture
def scene(gate: Gate, store: Store, clock: StandingClock, book: Book) -> Scene:
    return Scene(gate, store, clock, Journal(store, book, clock, "bot-1"))


def test_a_run_begins_with_what_was_seen_a_moment_ago_while_its_request_waited(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.look()
    scene.later(PAUSE)
    run = scene.begun(request)
    assert scene.looks_of(run) == 0
    assert scene.carrier.replan(run.plan) == request.plan


def test_what_was_seen_too_long_ago_is_looked_at_anew(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.look()
    scene.later(FRESH + 0.1)
    assert scene.looks_of(scene.begun(request)) == 1


def test_only_what_clients_wait_for_is_looked_at_while_it_waits(scene: Scene) -> None:
    request = scene.asked(a_plan())
    scene.lookout.look()
    assert scene.looks == 0
    assert scene.looks_of(scene.begun(request)) == 1


def test_what_another_version_of_the_bot_had_planned_is_not_looked_at(scene: Scene) -> None:
    scene.asked(replace(URGENT, version=2))
    scene.lookout.look()
    assert scene.looks == 0


def test_it_is_looked_at_again_and_again_but_not_all_the_time(scene: Scene) -> None:
    scene.asked()
    for _ in range(5):
        scene.lookout.look()
        scene.later(PAUSE / 2)
    assert scene.looks == 3


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(replace(a_plan(primary="db3"), urgent=True), id="another primary"),
        pytest.param(Refusal("PROMOTE-LOSS", "db2 lacks too much."), id="a refusal"),
        pytest.param(Unreachable("db2 does not answer."), id="no answer"),
    ],
)
def test_what_differs_from_the_agreed_plan_is_looked_at_anew_when_the_run_begins(
    scene: Scene, seen: Plan | Refusal | Unreachable
) -> None:
    request = scene.asked()
    scene.seen = seen
    scene.lookout.look()
    scene.seen = URGENT
    run = scene.begun(request)
    assert scene.looks_of(run) == 1
    assert scene.carrier.replan(run.plan) == request.plan


def test_what_another_run_did_on_the_cluster_meanwhile_is_looked_at(scene: Scene) -> None:
    request = scene.asked()
    other = scene.asked(replace(a_plan(), target="db3"))
    scene.seen = URGENT
    scene.lookout.look()
    scene.later(1)
    scene.gate.vote(actor("ben"), other.id, Verdict.APPROVE, typed=replace(TYPED, target="db3"))
    (grant,) = grants(scene.gate)
    run = scene.journal.begin(grant)
    assert isinstance(run, Run)
    scene.journal.end(run, Outcome.SUCCEEDED)
    assert scene.looks_of(scene.begun(request)) == 1


def test_what_is_decided_is_not_looked_at_any_more(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.look()
    scene.gate.withdraw(actor("ana"), request.id)
    scene.later(FRESH + PAUSE)
    scene.lookout.look()
    assert scene.looks == 1
    assert scene.lookout.fresh(request.plan) is None
