"""A bot that is killed at any boundary of any step of any action: nothing is done twice, no run stays stuck."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from actions.catalogue import OWN
from approvals.model import State
from core.plan import Kind, Plan
from tests.kills.fleet import BREAKS
from tests.kills.invariants import hold
from tests.kills.plans import PLANS
from tests.kills.points import back, forth
from tests.kills.scene import Nursery, Scene

BESIDE = 2  # nurseries at a time


@pytest.fixture(scope="module")
def nurseries() -> Iterator[list[Nursery]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Nursery.opened()) for _ in range(BESIDE)]


def survived(
    folder: Path,
    nurseries: Sequence[Nursery],
    plan: Plan,
    places: Sequence[str],
    *,
    seen: bool = False,
    breaks: int = 0,
) -> None:
    """See that a run comes to its end, and to the right one, wherever its bot is killed."""

    def part(n: int) -> None:
        with Scene.opened(folder / str(n)) as scene:
            killed_at(scene, nurseries[n], plan, places[n::BESIDE], seen=seen, breaks=breaks)

    with ThreadPoolExecutor(BESIDE) as pool:
        list(pool.map(part, range(BESIDE)))


def killed_at(scene: Scene, nursery: Nursery, plan: Plan, places: Sequence[str], *, seen: bool, breaks: int) -> None:
    """Have one bot after the other take up what the last one left, and die in a request of its own."""
    asked = {BREAKS: breaks} if breaks else {}
    deaths = {at: scene.approved(plan, **asked) for at in places}
    for at, request in deaths.items():
        assert nursery.bears(scene.errand(request, at, seen=seen)) == -signal.SIGKILL, at
    assert nursery.bears(scene.errand(seen=seen)) == 0
    assert len(hold(scene.store, scene.effects)) == len(places)
    ended = {at: scene.state(request) for at, request in deaths.items()}
    assert ended == {at: State.FAILED if asked else expected(plan, at) for at in places}


def expected(plan: Plan, at: str) -> State:
    """Only a step that nobody can look up leaves its run to people."""
    number, _, moment = at.partition(" ")
    under_way = number.isdigit() and moment in {"after-intent", "in-effect", "after-effect"}
    lost = under_way and plan.steps[int(number) - 1].kind is Kind.OPAQUE
    return State.UNKNOWN if lost else State.SUCCEEDED


def breaking(plan: Plan) -> int:
    """Give the last step before which everything can still be taken back; 0 where nothing ever is."""
    point = next((n for n, step in enumerate(plan.steps, start=1) if step.ponr), len(plan.steps))
    known = plan.steps[point - 1].kind is not Kind.OPAQUE
    return point if known and any(step.undo for step in plan.steps[:point]) else 0


def test_the_plans_have_every_step_and_every_undo_of_every_action() -> None:
    for action in OWN:
        steps = [step for plan in PLANS.values() if plan.action == action.spec.name for step in plan.steps]
        names = {step.name for step in steps} | {step.undo.name for step in steps if step.undo}
        assert set(action.steps or {}) <= names, action.spec.name


@pytest.mark.parametrize("name", PLANS)
def test_a_run_whose_bot_is_killed_at_any_boundary_ends_and_did_nothing_twice(
    tmp_path: Path, nurseries: list[Nursery], name: str
) -> None:
    survived(tmp_path, nurseries, PLANS[name], forth(PLANS[name]))


@pytest.mark.parametrize("name", [name for name, plan in PLANS.items() if plan.urgent])
def test_so_does_one_that_begins_without_a_look(tmp_path: Path, nurseries: list[Nursery], name: str) -> None:
    survived(tmp_path, nurseries, PLANS[name], forth(PLANS[name], seen=True), seen=True)


@pytest.mark.parametrize("name", [name for name, plan in PLANS.items() if breaking(plan)])
def test_a_run_whose_bot_is_killed_at_any_boundary_of_the_way_back_is_taken_back(
    tmp_path: Path, nurseries: list[Nursery], name: str
) -> None:
    breaks = breaking(PLANS[name])
    survived(tmp_path, nurseries, PLANS[name], back(PLANS[name], breaks), breaks=breaks)
