"""A run of a plan that was seen to hold a moment ago begins at once: clients may be waiting."""

import threading
from dataclasses import replace

import pytest

from approvals.gate import Gate
from approvals.model import State
from audit.store import Store
from core.clock import stamp
from core.outcome import Outcome, Probe, Refusal
from core.plan import Kind, Lock, Plan, Risk
from runs.journal import Journal
from runs.model import Run, RunState, StepState
from runs.runner import TAKE_UP_SECONDS, Runner
from tests.fixtures.house import StandingClock, a_plan, book, clock, gate, grants, step, store
from tests.runs.test_runner import Died, World, approved, journal, recorded, resumed, runner, start, state_of

__all__ = ["book", "clock", "gate", "journal", "runner", "store"]
PLAN = a_plan(Risk.CHANGE)


@pytest.fixture
def world(clock: StandingClock) -> World:
    """One in which a look that began right now gave the plan."""
    return World(PLAN, since=stamp(clock.now()))


def other_run(gate: Gate, journal: Journal, lock: Lock = Lock.CLUSTER) -> Run:
    approved(gate, replace(PLAN, lock=lock))
    (grant,) = grants(gate)
    run = journal.begin(grant)
    assert isinstance(run, Run)
    return run


def test_it_looks_no_more_and_its_first_intent_is_committed_with_its_beginning(
    gate: Gate, runner: Runner, world: World, store: Store
) -> None:
    seen: list[list[tuple[str, str | None]]] = []
    world.before = lambda _name: seen.append(recorded(store, "run.started", "step.intent"))
    request = approved(gate, PLAN)
    run = start(gate, runner)
    assert seen[0] == [("success", None), ("intent", "1 first")]
    assert (world.looks, world.effects) == (0, ["first", "second", "third", "fourth"])
    assert (run.outcome, state_of(gate, request), world.notes) == ("succeeded", State.SUCCEEDED, [run.id])


def test_its_by_hand_commands_lie_there_before_the_first_effect(gate: Gate, runner: Runner, world: World) -> None:
    noted: list[int] = []
    world.before = lambda _name: noted.append(len(world.notes))
    approved(gate, PLAN)
    start(gate, runner)
    assert noted[0] == 1


def test_without_by_hand_commands_nothing_is_done_and_the_step_is_said_not_to_have_begun(
    gate: Gate, runner: Runner, world: World, store: Store
) -> None:
    world.unreachable = True
    request = approved(gate, PLAN)
    run = start(gate, runner)
    assert (world.effects, state_of(gate, request)) == ([], State.BLOCKED)
    assert (run.steps[0].state, run.steps[0].text) == (StepState.SKIPPED, "It was not begun.")
    assert (run.state, run.left) == (RunState.ENDED, "Nothing had been changed.")
    assert recorded(store, "step.intent", "step.outcome") == [("intent", "1 first"), ("failure", "1 first")]


def test_a_run_since_then_has_it_looked_at_again(
    gate: Gate, journal: Journal, runner: Runner, world: World, clock: StandingClock
) -> None:
    clock.forward(1)
    journal.end(other_run(gate, journal), Outcome.SUCCEEDED)
    clock.forward(1)
    approved(gate, PLAN)
    assert start(gate, runner).outcome == "succeeded"
    assert world.looks == 1


@pytest.mark.parametrize("ends", [True, False])
def test_so_does_one_that_was_under_way_then(
    gate: Gate, journal: Journal, runner: Runner, world: World, clock: StandingClock, *, ends: bool
) -> None:
    pause = other_run(gate, journal, Lock.NONE)
    clock.forward(1)
    world.since = stamp(clock.now())
    clock.forward(1)
    if ends:
        journal.end(pause, Outcome.SUCCEEDED)
    world.again = Refusal("PROMOTE-LAG", "db2 lags.", "Wait.")
    request = approved(gate, PLAN)
    start(gate, runner)
    assert (world.looks, state_of(gate, request)) == (1, State.BLOCKED)


def test_a_run_that_ended_before_that_look_is_no_reason_to_look_again(
    gate: Gate, journal: Journal, runner: Runner, world: World, clock: StandingClock
) -> None:
    journal.end(other_run(gate, journal), Outcome.SUCCEEDED)
    clock.forward(1)
    world.since = stamp(clock.now())
    approved(gate, PLAN)
    start(gate, runner)
    assert world.looks == 0


def test_a_bot_that_leaves_begins_nothing_at_once(gate: Gate, journal: Journal, world: World, store: Store) -> None:
    leaving = threading.Event()
    leaving.set()
    approved(gate, PLAN)
    run = start(gate, Runner(journal, world, leaving))
    assert (run.state, world.effects) == (RunState.CHECKING, [])
    assert recorded(store, "step.intent") == []


def test_a_first_step_of_which_nobody_could_tell_is_announced_by_itself(
    gate: Gate, runner: Runner, world: World, store: Store
) -> None:
    world.plan = a_plan(Risk.CHANGE, steps=(step("only", Kind.OPAQUE),))
    approved(gate, world.plan)
    (grant,) = grants(gate)
    begun = runner.journal.begin(grant, world.since)
    assert isinstance(begun, Run)
    assert (begun.state, begun.steps[0].state) == (RunState.RUNNING, StepState.PENDING)
    assert recorded(store, "step.intent") == []


@pytest.mark.parametrize("dies", ["before its notes", "in its first step"])
def test_who_takes_it_up_lays_its_by_hand_commands_down(
    gate: Gate, journal: Journal, world: World, store: Store, dies: str
) -> None:
    request = left_behind(gate, journal, world, in_step=dies == "in its first step")
    world.notes.clear()
    run = resumed(journal, world, store)
    assert run is not None
    assert (world.notes, state_of(gate, request)) == ([run.id], State.SUCCEEDED)
    assert world.effects == ["first", "second", "third", "fourth"]


def test_who_takes_it_up_goes_on_when_they_can_not_be_laid_down(
    gate: Gate, journal: Journal, world: World, store: Store
) -> None:
    request = left_behind(gate, journal, world, in_step=True)
    world.unreachable = True
    assert resumed(journal, world, store) is not None
    assert state_of(gate, request) is State.SUCCEEDED


def test_who_comes_back_too_late_takes_it_back(
    gate: Gate, journal: Journal, world: World, store: Store, clock: StandingClock
) -> None:
    request = left_behind(gate, journal, world, in_step=False)
    world.probes = {"first": Probe.NOT_DONE}
    clock.forward(TAKE_UP_SECONDS + 1)
    resumed(journal, world, store)
    assert (world.effects, state_of(gate, request)) == (["undo_first"], State.FAILED)


def left_behind(gate: Gate, journal: Journal, world: World, *, in_step: bool) -> str:
    """Have a bot die right after it began a run at once, or in the first step."""

    def dies(_name: str) -> None:
        world.before = lambda _name: None
        raise Died

    request = approved(gate, PLAN)
    (grant,) = grants(gate)
    if in_step:
        world.before = dies
        with pytest.raises(Died):
            Runner(journal, world).start(grant)
    else:
        begun = journal.begin(grant, world.since)
        assert isinstance(begun, Run)
        assert begun.begun(1)
    return request


def test_a_plan_that_nobody_has_looked_at_is_looked_at(gate: Gate, runner: Runner, world: World) -> None:
    other: Plan = a_plan(Risk.CHANGE, primary="db3")
    world.again = other
    approved(gate, other)
    start(gate, runner)
    assert world.looks == 1
