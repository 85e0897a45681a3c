"""A bot that dies while it takes up what another one left: the second death does no harm either."""

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from approvals.model import State
from core.plan import Plan
from runs import store as rows
from tests.kills.fleet import BLIND, BREAKS, effects
from tests.kills.invariants import hold
from tests.kills.plans import OPAQUE, PLANS
from tests.kills.scene import Nursery, Scene

DIED = -signal.SIGKILL


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery.opened() as opened:
        yield opened


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene.opened(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("second", ["3 before-intent", "3 in-effect", "before end", "after end", "2 after-effect"])
def test_a_second_death_in_the_taking_up_does_nothing_twice(scene: Scene, nursery: Nursery, second: str) -> None:
    request = scene.approved(PLANS["switchover"])
    for at in ("2 in-effect", second):
        assert nursery.bears(scene.errand(request, at)) == DIED
    assert nursery.bears(scene.errand()) == 0
    hold(scene.store, scene.effects)
    assert scene.state(request) is State.SUCCEEDED


UNSEEN = {"opaque": OPAQUE, "not to be looked up": replace(PLANS["switchover"], asked={BLIND: True})}


@pytest.mark.parametrize("name", UNSEEN)
def test_a_step_that_nobody_can_look_up_is_not_done_again_by_whoever_finds_it_unknown(
    scene: Scene, nursery: Nursery, name: str
) -> None:
    request = scene.approved(UNSEEN[name])
    for at in ("2 in-effect", "2 after-commit"):
        assert nursery.bears(scene.errand(request, at)) == DIED
    assert nursery.bears(scene.errand()) == 0
    assert Counter(one.n for one in effects(scene.effects))[2] == 1
    hold(scene.store, scene.effects)
    assert scene.state(request) is State.UNKNOWN


def test_a_stopped_run_whose_bot_dies_on_the_way_back_still_ends_as_stopped(scene: Scene, nursery: Nursery) -> None:
    request = scene.approved(PLANS["switchover"])
    assert nursery.bears(scene.errand(request, "2 after-commit")) == DIED
    with scene.store.transaction() as session:
        (run,) = rows.unfinished(session)
        assert rows.ask_stop(session, run.id, "ben")
    assert nursery.bears(scene.errand(request, "undo 2 in-effect")) == DIED
    assert nursery.bears(scene.errand()) == 0
    hold(scene.store, scene.effects)
    assert scene.state(request) is State.CANCELLED


def test_why_a_run_was_taken_back_outlives_the_bot(scene: Scene, nursery: Nursery) -> None:
    plan: Plan = PLANS["switchover"]
    request = scene.approved(plan, **{BREAKS: 4})
    assert nursery.bears(scene.errand(request, "undo 2 in-effect")) == DIED
    assert nursery.bears(scene.errand()) == 0
    (run,) = hold(scene.store, scene.effects)
    assert "What must be so is not." in run.error
