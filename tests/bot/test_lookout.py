"""What is urgent is looked at while it waits for people, so that its run need not begin with a look."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from actions.contract import Action, Opening, StepCode
from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Request, Verdict
from audit.store import Store
from bot.carrier import ActionCarrier
from bot.sites import Sites
from bot.texts import Texts
from bot.watching.lookout import FRESH, PAUSE, Lookout
from core.errors import Unreachable
from core.outcome import Evidence, Outcome, Probe, Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Spec
from runs.journal import Journal
from runs.model import Run, RunState
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
    glanced: threading.Event = field(default_factory=threading.Event)
    hangs: threading.Event = field(default_factory=threading.Event)
    carrier: ActionCarrier = field(init=False)
    lookout: Lookout = field(init=False)

    def __post_init__(self) -> None:
        opening = Opening(lambda _site, _args, _count: None, lambda _site, _args: self._glance())
        first = StepCode(lambda _at, _args: Evidence(""), lambda _at, _args: Probe.NOT_DONE, opening)
        steps = {"first": first}
        action = Action(SPEC, dict, lambda _asked, _site: self._look(), _refusal, lambda _asked, found: found, steps)
        sites = Sites({"main": inventory()}, Path("/nonexistent"))
        looking = ActionCarrier({"promote": action}, sites, Texts())
        self.lookout = Lookout(self.store, self.gate, self.clock, looking, lambda: self.seconds)
        self.carrier = replace(looking, seen=self.lookout.seen)

    def _look(self) -> Plan | Refusal:
        self.looks += 1
        if isinstance(self.seen, Unreachable):
            raise self.seen
        return self.seen

    def _glance(self) -> None:
        self.glanced.set()
        self.hangs.wait(20)

    def asked(self, plan: Plan = URGENT) -> Request:
        self.seen = plan
        agreed = self.carrier.replan(plan)
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
        run = self.journal.begin(grant, self.carrier.seen_since(grant.plan_hash))
        assert isinstance(run, Run)
        return run


def looks(run: Run) -> bool:
    """Say whether a run that begins looks at the cluster, and does not take it for what it was a moment ago."""
    return run.state is RunState.CHECKING


def _refusal(_asked: object, found: Plan | Refusal) -> Refusal | None:
    return found if isinstance(found, Refusal) else None


@pytest.fixture
def scene(gate: Gate, store: Store, clock: StandingClock, book: Book) -> Iterator[Scene]:
    made = Scene(gate, store, clock, Journal(store, book, clock, "bot-1"))
    yield made
    made.hangs.set()


def test_a_run_begins_with_what_was_seen_a_moment_ago_while_its_request_waited(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.look()
    scene.later(PAUSE)
    run = scene.begun(request)
    assert not looks(run)
    assert run.begun(1)


def test_what_was_seen_too_long_ago_is_looked_at_anew(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.look()
    scene.later(FRESH + 0.1)
    assert looks(scene.begun(request))


def test_only_what_clients_wait_for_is_looked_at_while_it_waits(scene: Scene) -> None:
    request = scene.asked(a_plan())
    scene.lookout.look()
    assert scene.looks == 0
    assert looks(scene.begun(request))


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
    assert looks(scene.begun(request))


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
    assert looks(scene.begun(request))


def test_what_is_decided_is_not_looked_at_any_more(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.look()
    scene.gate.withdraw(actor("ana"), request.id)
    scene.later(FRESH + PAUSE)
    scene.lookout.look()
    assert scene.looks == 1
    assert scene.lookout.seen(request.plan_hash) is None


def test_what_the_first_step_looks_at_is_looked_at_while_an_approval_is_counted(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.deciding(request.id)
    assert not scene.glanced.wait(0.1), "nobody has looked at the rest"
    scene.lookout.look()
    scene.lookout.deciding("r-other")
    assert not scene.glanced.wait(0.1)
    scene.lookout.deciding(request.id)
    assert scene.glanced.wait(5)
    assert looks(scene.begun(request)) is False, "nor does anybody wait for a look that hangs"


def test_what_was_seen_too_long_ago_is_not_worth_a_glance(scene: Scene) -> None:
    request = scene.asked()
    scene.lookout.look()
    scene.later(FRESH + 0.1)
    scene.lookout.deciding(request.id)
    assert not scene.glanced.wait(0.1)
