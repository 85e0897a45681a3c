"""A run: intent before effect, outcome after it, at most once, whatever dies."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import State
from audit import store as audit_rows
from audit.store import Store
from audit.verify import verify_store
from core.errors import StepFailed, Unreachable
from core.facts import Fact
from core.outcome import Evidence, Probe, Refusal
from core.plan import Kind, Plan, Risk, Step
from core.step import StepContext
from runs import store as rows
from runs.journal import Journal
from runs.model import Run, RunState, StepState
from runs.owner import enter, lives
from runs.pen import Fenced
from runs.runner import TAKE_UP_SECONDS, Runner
from tests.fixtures.house import STEPS, StandingClock, a_plan, actor, book, clock, gate, grants, step, store

__all__ = ["book", "clock", "gate", "store"]


class Died(BaseException):
    """The process is gone: nothing of ours catches this."""


@dataclass
class World:
    """A cluster of one number per step; effects are counted."""

    plan: Plan = field(default_factory=a_plan)
    effects: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _name: None
    after: Callable[[str], None] = lambda _name: None
    probes: dict[str, Probe] = field(default_factory=dict)
    again: Plan | Refusal | None = None
    since: str | None = None
    looks: int = 0
    notes: list[str] = field(default_factory=list)
    unreachable: bool = False

    def version(self, action: str) -> int | None:
        return {"promote": self.plan.version}.get(action)

    def seen_since(self, plan_hash: str) -> str | None:
        return self.since if plan_hash == self.plan.plan_hash else None

    def replan(self, plan: Plan) -> Plan | Refusal:
        self.looks += 1
        return self.again or plan

    def leave_notes(self, plan: Plan, run: str) -> None:
        assert plan.steps
        if self.unreachable:
            raise Unreachable("db2 does not answer.")
        self.notes.append(run)

    def do(self, plan: Plan, step: Step, context: StepContext) -> Evidence:
        assert plan.steps
        self.before(step.name)
        self.effects.append(step.name)
        self.after(step.name)
        context.report(1, 1, "done")
        return Evidence(f"{step.name} done", {"name": step.name})

    def probe(self, plan: Plan, step: Step, context: StepContext) -> Probe:
        assert plan.steps
        assert context.run
        default = Probe.DONE if step.name in self.effects else Probe.NOT_DONE
        return self.probes.get(step.name, default)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def journal(store: Store, book: Book, clock: StandingClock) -> Journal:
    return Journal(store, book, clock, "bot-1")


@pytest.fixture
def runner(journal: Journal, world: World) -> Runner:
    return Runner(journal, world)


def approved(gate: Gate, plan: Plan | None = None) -> str:
    request = gate.open(actor("ana"), plan or a_plan(Risk.CHANGE), origin="t", channel="ops")
    assert not isinstance(request, Refusal), request
    return request.id


def start(gate: Gate, runner: Runner) -> Run:
    (grant,) = grants(gate)
    came = runner.start(grant)
    assert isinstance(came, Run)
    return came


def state_of(gate: Gate, request: str) -> State:
    found = gate.find(request)
    assert found is not None
    return found.state


def recorded(store: Store, *actions: str) -> list[tuple[str, str | None]]:
    with store.reading() as session:
        return [(row.outcome, row.step) for row in audit_rows.tail(session, 1000) if row.action in actions]


def resumed(journal: Journal, world: World, store: Store, owner: str = "bot-2") -> Run | None:
    """What the next bot makes of what the dead one left."""
    after = Runner(replace(journal, owner=owner), world)
    with store.reading() as session:
        left = rows.unfinished(session)
    ended = None
    for run in left:
        claimed = after.journal.take_over(run)
        assert claimed is not None
        ended = after.take_up(claimed)
    return ended


def test_a_plan_is_carried_out_in_order_and_recorded(gate: Gate, runner: Runner, world: World, store: Store) -> None:
    request = approved(gate)
    run = start(gate, runner)
    assert world.effects == ["first", "second", "third", "fourth"]
    assert (run.outcome, state_of(gate, request)) == ("succeeded", State.SUCCEEDED)
    assert recorded(store, "step.intent", "step.outcome")[:3] == [
        ("intent", "1 first"),
        ("success", "1 first"),
        ("intent", "2 second"),
    ]
    assert world.notes == [run.id]


def test_the_intent_is_committed_before_the_effect(gate: Gate, runner: Runner, world: World, store: Store) -> None:
    seen = []
    world.before = lambda name: seen.append((name, recorded(store, "step.intent")[-1][1]))
    approved(gate)
    start(gate, runner)
    assert seen[0] == ("first", "1 first")
    assert seen[3] == ("fourth", "4 fourth")


def test_a_used_grant_starts_nothing(gate: Gate, runner: Runner, world: World) -> None:
    approved(gate)
    (grant,) = grants(gate)
    runner.start(grant)
    before = list(world.effects)
    assert isinstance(runner.start(grant), Refusal)
    assert world.effects == before


def test_a_changed_cluster_stops_it_before_the_first_effect(gate: Gate, runner: Runner, world: World) -> None:
    request = approved(gate)
    world.again = a_plan(Risk.CHANGE, primary="db3")
    start(gate, runner)
    found = gate.find(request)
    assert found is not None
    assert (world.effects, found.state) == ([], State.OUTDATED)
    assert found.changes == ("primary of main: db1 → db3",)


def test_a_budget_that_is_exceeded_stops_it(gate: Gate, runner: Runner, world: World) -> None:
    request = approved(gate)
    plan = a_plan(Risk.CHANGE)
    world.again = replace(plan, facts=(plan.facts[0], Fact("lag", "db2", 17, 16, "bytes")))
    start(gate, runner)
    assert (world.effects, state_of(gate, request)) == ([], State.OUTDATED)


def test_a_refusal_at_the_second_look_blocks_it(gate: Gate, runner: Runner, world: World) -> None:
    request = approved(gate)
    world.again = Refusal("PROMOTE-LAG", "db2 lags.", "Wait.")
    start(gate, runner)
    assert (world.effects, state_of(gate, request)) == ([], State.BLOCKED)


def test_without_by_hand_commands_on_the_node_nothing_starts(gate: Gate, runner: Runner, world: World) -> None:
    world.unreachable = True
    request = approved(gate)
    start(gate, runner)
    assert (world.effects, state_of(gate, request)) == ([], State.BLOCKED)


def test_one_run_per_cluster(gate: Gate, journal: Journal, world: World) -> None:
    approved(gate)
    second = approved(gate)
    first_grant, second_grant = grants(gate)
    refused: list[object] = []
    world.before = lambda name: refused.append(journal.begin(second_grant)) if name == "first" else None
    Runner(journal, world).start(first_grant)
    assert isinstance(refused[0], Refusal)
    assert refused[0].code == "CLUSTER-BUSY"
    assert state_of(gate, second) is State.BLOCKED


def test_a_failing_step_is_taken_back_before_the_point_of_no_return(gate: Gate, runner: Runner, world: World) -> None:
    def fails(name: str) -> None:
        if name == "second":
            raise StepFailed("the gate did not hold")

    world.before = fails
    request = approved(gate)
    run = start(gate, runner)
    assert world.effects == ["first", "undo_second", "undo_first"]
    assert (run.outcome, state_of(gate, request)) == ("failed", State.FAILED)
    assert "the gate did not hold" in run.error


def test_behind_the_point_of_no_return_nothing_is_taken_back(gate: Gate, runner: Runner, world: World) -> None:
    def fails(name: str) -> None:
        if name == "fourth":
            raise StepFailed("db3 does not follow")

    world.before = fails
    approved(gate)
    run = start(gate, runner)
    assert world.effects == ["first", "second", "third"]
    assert run.outcome == "failed"


def test_the_step_at_the_point_itself_is_taken_back_when_it_was_not_done(
    gate: Gate, runner: Runner, world: World
) -> None:
    def fails(name: str) -> None:
        if name == "third":
            raise StepFailed("another primary appeared")

    world.before = fails
    approved(gate)
    run = start(gate, runner)
    assert world.effects == ["first", "second", "undo_second", "undo_first"]
    assert run.outcome == "failed"


def test_an_error_after_the_effect_is_looked_up(gate: Gate, runner: Runner, world: World) -> None:
    def cut(name: str) -> None:
        if name == "third":
            raise Unreachable("connection lost")

    world.after = cut
    approved(gate)
    run = start(gate, runner)
    assert run.outcome == "succeeded"
    assert world.effects.count("third") == 1


def test_what_can_not_be_known_is_said_and_never_repeated(
    gate: Gate, runner: Runner, world: World, store: Store
) -> None:
    def cut(name: str) -> None:
        if name == "third":
            raise Unreachable("connection lost")

    world.after, world.probes = cut, {"third": Probe.UNKNOWN}
    request = approved(gate)
    run = start(gate, runner)
    assert (run.state, run.outcome, state_of(gate, request)) == (RunState.UNKNOWN, "unknown", State.UNKNOWN)
    assert world.effects.count("third") == 1
    assert resumed(runner.journal, world, store) is None
    approved(gate)
    (grant,) = grants(gate)
    assert isinstance(runner.start(grant), Refusal), "an unknown result holds the cluster"


def test_stop_takes_back_what_was_done(gate: Gate, runner: Runner, world: World, store: Store) -> None:
    def stop(name: str) -> None:
        if name == "first":
            with store.transaction() as session:
                (run,) = rows.unfinished(session)
                assert rows.ask_stop(session, run.id, "ben")

    world.after = stop
    request = approved(gate)
    run = start(gate, runner)
    assert world.effects == ["first", "undo_first"]
    assert (run.outcome, state_of(gate, request)) == ("cancelled", State.CANCELLED)


def test_an_undo_that_fails_ends_unknown(gate: Gate, runner: Runner, world: World) -> None:
    def fails(name: str) -> None:
        if name in {"second", "undo_first"}:
            raise StepFailed("no")

    world.before = fails
    request = approved(gate)
    start(gate, runner)
    assert state_of(gate, request) is State.UNKNOWN


BOUNDARIES = [(when, one.name) for one in STEPS for when in ("before", "after")]


@pytest.mark.parametrize(("when", "name"), BOUNDARIES, ids=[f"{when} {name}" for when, name in BOUNDARIES])
def test_a_bot_that_dies_at_any_boundary_does_nothing_twice(
    gate: Gate, journal: Journal, world: World, store: Store, when: str, name: str
) -> None:
    def dies(at: str) -> None:
        if at == name:
            setattr(world, when, lambda _name: None)
            raise Died

    setattr(world, when, dies)
    request = approved(gate)
    (grant,) = grants(gate)
    with pytest.raises(Died):
        Runner(journal, world).start(grant)
    assert resumed(journal, world, store) is not None
    assert world.effects == ["first", "second", "third", "fourth"]
    assert state_of(gate, request) is State.SUCCEEDED
    intents = [step for outcome, step in recorded(store, "step.intent") if outcome == "intent"]
    assert {f"{n} {one.name}" for n, one in enumerate(STEPS, start=1)} <= set(intents)
    assert verify_store(store.url).ok is True


@pytest.mark.parametrize("kind", [Kind.LOOK, Kind.IDEMPOTENT])
def test_a_step_that_may_be_repeated_is(gate: Gate, journal: Journal, world: World, store: Store, kind: Kind) -> None:
    def dies(_name: str) -> None:
        world.after = lambda _name: None
        raise Died

    world.after = dies
    plan = a_plan(Risk.CHANGE, steps=(step("only", kind),))
    approved(gate, plan)
    (grant,) = grants(gate)
    with pytest.raises(Died):
        Runner(journal, world).start(grant)
    resumed(journal, world, store)
    assert world.effects == ["only", "only"]


def test_an_opaque_step_is_left_to_people(gate: Gate, journal: Journal, world: World, store: Store) -> None:
    def dies(_name: str) -> None:
        raise Died

    world.after = dies
    request = approved(gate, a_plan(Risk.CHANGE, steps=(step("only", Kind.OPAQUE),)))
    (grant,) = grants(gate)
    with pytest.raises(Died):
        Runner(journal, world).start(grant)
    resumed(journal, world, store)
    assert (world.effects, state_of(gate, request)) == (["only"], State.UNKNOWN)


def die_in(name: str, gate: Gate, journal: Journal, world: World) -> str:
    def dies(at: str) -> None:
        if at == name:
            world.before = lambda _name: None
            raise Died

    world.before = dies
    request = approved(gate)
    (grant,) = grants(gate)
    with pytest.raises(Died):
        Runner(journal, world).start(grant)
    return request


def test_an_updated_bot_does_not_go_on_with_an_old_plan(
    gate: Gate, journal: Journal, world: World, store: Store
) -> None:
    request = die_in("second", gate, journal, world)
    world.plan = replace(world.plan, version=2)
    resumed(journal, world, store)
    assert (world.effects, state_of(gate, request)) == (["first"], State.UNKNOWN)


def test_a_bot_that_comes_back_too_late_takes_it_back(
    gate: Gate, journal: Journal, world: World, store: Store, clock: StandingClock
) -> None:
    request = die_in("second", gate, journal, world)
    clock.forward(TAKE_UP_SECONDS + 1)
    resumed(journal, world, store)
    assert (world.effects, state_of(gate, request)) == (["first", "undo_second", "undo_first"], State.FAILED)


def test_an_approved_run_that_never_began_does_not_begin_hours_later(
    gate: Gate, journal: Journal, world: World, store: Store, clock: StandingClock
) -> None:
    request = approved(gate)
    (grant,) = grants(gate)
    assert isinstance(journal.begin(grant), Run)
    clock.forward(TAKE_UP_SECONDS + 1)
    resumed(journal, world, store)
    assert (world.effects, state_of(gate, request)) == ([], State.BLOCKED)


def test_an_approved_run_that_never_began_begins_when_the_bot_is_soon_back(
    gate: Gate, journal: Journal, world: World, store: Store
) -> None:
    request = approved(gate)
    (grant,) = grants(gate)
    assert isinstance(journal.begin(grant), Run)
    resumed(journal, world, store)
    assert state_of(gate, request) is State.SUCCEEDED


def test_too_late_behind_the_point_of_no_return_is_for_people(
    gate: Gate, journal: Journal, world: World, store: Store, clock: StandingClock
) -> None:
    request = die_in("fourth", gate, journal, world)
    clock.forward(TAKE_UP_SECONDS + 1)
    resumed(journal, world, store)
    assert (world.effects, state_of(gate, request)) == (["first", "second", "third"], State.UNKNOWN)


def test_a_fenced_bot_writes_nothing_more(gate: Gate, journal: Journal, store: Store) -> None:
    approved(gate)
    (grant,) = grants(gate)
    run = journal.begin(grant)
    assert isinstance(run, Run)
    other = replace(journal, owner="bot-2")
    assert other.take_over(run) is not None
    with pytest.raises(Fenced):
        journal.intent(run, 1, run.plan.steps[0])
    with store.reading() as session:
        now = rows.load(session, run.id)
    assert now is not None
    assert now.steps[0].state is StepState.PENDING


def test_an_owner_lives_as_long_as_its_process_holds_the_lock(tmp_path: Path) -> None:
    owner = enter(tmp_path)
    assert lives(tmp_path, owner.name)
    owner.lock.close()
    assert not lives(tmp_path, owner.name)
    assert not lives(tmp_path, "a-container-that-is-gone:1:o-x")
