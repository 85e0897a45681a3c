"""Must-pass cases 9 to 11, 20, 22, 25 and 27: restarts, what changed meanwhile, windows of time, and atomic records."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from approvals.model import State, Wish
from approvals.moves import GRANT_SECONDS
from approvals.windows import Window
from core.facts import Fact
from core.outcome import Outcome, Probe, Refusal
from core.plan import Kind, Step
from runs import store as runs
from runs.model import Run, RunState
from tests.fixtures.house import StandingClock
from tests.gate.scene import Scene, code, strict

NIGHT = Window("night", "Europe/Berlin", frozenset(range(7)), "22:00", "02:00")
ALWAYS = frozenset(range(7))


def after_a_restart(scene: Scene) -> Scene:
    """The same store, and nothing that was in memory."""
    return Scene(scene.store, scene.clock, world=scene.world)


def test_09_a_restart_between_request_and_click_loses_nothing(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.store.engine.dispose()
    after = after_a_restart(scene)
    after.approves("ben", request)
    assert after.state(request) is State.APPROVED


def test_10_what_was_approved_before_a_restart_starts_once_after_it(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    after = after_a_restart(scene)
    (grant,) = after.ending.claimable()
    after.runner("bot-2").start(grant)
    assert code(scene.runner().start(grant)) == "GRANT-INVALID"
    assert scene.world.effects == ["first", "second", "third", "fourth"]
    assert scene.state(request) is State.SUCCEEDED


def test_10_what_was_approved_and_not_started_in_time_is_not_started_at_all(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    scene.clock.forward(GRANT_SECONDS)
    after = after_a_restart(scene)
    assert after.ending.claimable() == []
    assert code(after.runner().start(grant)) == "GRANT-INVALID"
    after.ending.sweep()
    assert (scene.state(request), scene.world.effects) == (State.EXPIRED, [])


class Died(BaseException):
    """The process is gone."""


def test_11_a_step_that_nobody_can_look_up_is_never_run_again(scene: Scene) -> None:
    opaque = Step("first", {}, "do first", Kind.OPAQUE, 5.0)
    scene.world.plan = replace(scene.world.plan, steps=(opaque, *scene.world.plan.steps[1:]))
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()

    def dies(_name: str) -> None:
        raise Died

    scene.world.after = dies
    with pytest.raises(Died):
        scene.runner("bot-1").start(grant)
    scene.world.after = lambda _name: None
    after = scene.runner("bot-2")
    with scene.store.reading() as session:
        (left,) = runs.unfinished(session)
    claimed = after.journal.take_over(left)
    assert claimed is not None
    ended = after.take_up(claimed)
    assert (ended.state, scene.state(request)) == (RunState.UNKNOWN, State.UNKNOWN)
    assert scene.world.effects == ["first"]
    assert code(after.start(grant)) == "GRANT-INVALID"


@pytest.mark.parametrize(
    "facts",
    [
        (Fact("primary", "main", "db3"), Fact("lag", "db2", 0, 16, "bytes")),
        (Fact("primary", "main", "db1"), Fact("lag", "db2", 17, 16, "bytes")),
        (Fact("primary", "main", "db1"), Fact("lag", "db2", None, 16, "bytes")),
        (Fact("primary", "main", "db1"),),
        (
            Fact("primary", "main", "db1"),
            Fact("lag", "db2", 0, 16, "bytes"),
            Fact("system identifier", "main", "7301"),
        ),
    ],
    ids=["another primary", "lag above its budget", "lag unknown", "lag gone", "another system identifier"],
)
def test_20_what_changed_since_people_looked_stops_it_before_the_first_effect(
    scene: Scene, facts: tuple[Fact, ...]
) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    scene.world.again = replace(scene.world.plan, facts=facts)
    (grant,) = scene.ending.claimable()
    scene.runner().start(grant)
    found = scene.gate.find(request)
    assert found is not None
    assert (found.state, scene.world.effects) == (State.OUTDATED, [])
    assert len(found.changes) == 1


def test_20_what_stays_within_its_budget_is_no_change(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    scene.world.again = replace(
        scene.world.plan, facts=(Fact("primary", "main", "db1"), Fact("lag", "db2", 16, 16, "bytes"))
    )
    (grant,) = scene.ending.claimable()
    scene.runner().start(grant)
    assert scene.state(request) is State.SUCCEEDED


def test_22_of_two_approved_on_one_cluster_the_second_is_not_started(scene: Scene) -> None:
    first, second = scene.asked("ana"), scene.asked("dan")
    for request in (first, second):
        scene.approves("ben", request)
    grants = {grant.request: grant for grant in scene.ending.claimable()}
    run = scene.runner("bot-1").journal.begin(grants[first])
    assert isinstance(run, Run)
    assert code(scene.runner("bot-2").start(grants[second])) == "CLUSTER-BUSY"
    assert scene.state(second) is State.BLOCKED
    scene.runner("bot-1").journal.end(run, Outcome.SUCCEEDED)
    assert scene.state(first) is State.SUCCEEDED


@pytest.mark.parametrize("moment", ["open", "vote", "reject", "withdraw", "take back", "expire", "redeem", "hold"])
def test_25_state_and_record_are_written_together_or_not_at_all(
    scene: Scene, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = scene.asked("ana")
    if moment in {"take back", "redeem"}:
        scene.approves("ben", request)
    grants = scene.ending.claimable()
    if moment == "expire":
        scene.clock.forward(1800)
    before, found = scene.record(), scene.gate.find(request)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr("audit.adding.add", broken)
    acts: dict[str, Callable[[], object]] = {
        "open": lambda: scene.asks("dan"),
        "vote": lambda: scene.approves("ben", request),
        "reject": lambda: scene.rejects("ben", request),
        "withdraw": lambda: scene.gate.withdraw(scene.actor("ana"), request),
        "take back": lambda: scene.gate.take_back(scene.actor("ben"), request),
        "expire": scene.ending.sweep,
        "redeem": lambda: scene.runner().start(grants[0]),
        "hold": lambda: scene.holds.put(scene.actor("cy"), "main", "no"),
    }
    with pytest.raises(RuntimeError):
        acts[moment]()
    monkeypatch.undo()
    assert (scene.record(), scene.gate.find(request)) == (before, found)
    assert scene.ending.claimable() == (grants if moment != "expire" else [])
    assert len(scene.gate.listed()) == 1
    assert scene.holds.standing() == []


def at(text: str) -> StandingClock:
    return StandingClock(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "free"),
    [
        ("2026-07-04T19:59", False),  # 21:59 in Berlin
        ("2026-07-04T20:00", True),
        ("2026-07-04T23:59", True),  # 01:59 of the next day
        ("2026-07-05T00:00", False),
        ("2026-10-24T20:00", True),  # the night in which clocks go back
        ("2026-10-25T00:59", True),
        ("2026-10-25T01:00", False),
        ("2026-03-28T21:00", True),  # the night in which they go forward
        ("2026-03-29T01:00", False),
    ],
)
def test_27_what_may_only_start_at_night_starts_at_night(scene: Scene, now: str, *, free: bool) -> None:
    scene.clock = at(now)
    scene.rule = strict(allowed=((NIGHT,),))
    came = scene.asks("ana")
    assert (not isinstance(came, Refusal)) is free
    if isinstance(came, Refusal):
        assert came.code == "OUTSIDE-WINDOW"
        assert "--at" in came.hint


def test_27_a_window_that_closes_before_the_start_blocks_it(scene: Scene) -> None:
    scene.clock = at("2026-07-04T23:50")
    scene.rule = strict(allowed=((NIGHT,),))
    request = scene.asked("ana")
    scene.approves("ben", request)
    scene.clock.forward(600)
    (grant,) = scene.ending.claimable()
    assert code(scene.runner().start(grant)) == "OUTSIDE-WINDOW"
    assert (scene.state(request), scene.world.effects) == (State.BLOCKED, [])


def test_27_a_freeze_that_begins_before_the_start_blocks_it(scene: Scene) -> None:
    year_end = Window("year-end", "Europe/Berlin", ALWAYS, "00:00", "00:00", "2026-12-20T00:00", "2027-01-07T00:00")
    scene.clock = at("2026-12-19T22:55")
    scene.rule = strict(frozen=(year_end,))
    request = scene.asked("ana")
    scene.approves("ben", request)
    scene.clock.forward(301)
    (grant,) = scene.ending.claimable()
    assert code(scene.runner().start(grant)) == "FROZEN"
    assert scene.state(request) is State.BLOCKED
    assert code(scene.asks("ana")) == "FROZEN"


def test_what_is_approved_now_starts_later_and_looks_again_then(scene: Scene) -> None:
    later = scene.clock.now() + timedelta(hours=4)
    request = scene.asked("ana", wish=Wish(start_at=later))
    scene.approves("ben", request)
    assert scene.ending.claimable() == []
    scene.clock.forward(4 * 3600 - 1)
    scene.ending.sweep()
    assert (scene.state(request), scene.ending.claimable()) == (State.APPROVED, [])
    scene.clock.forward(1)
    (grant,) = scene.ending.claimable()
    scene.world.again = replace(scene.world.plan, facts=(Fact("primary", "main", "db3"),))
    scene.runner().start(grant)
    assert (scene.state(request), scene.world.effects) == (State.OUTDATED, [])


def test_what_should_have_started_while_the_bot_was_away_expires(scene: Scene) -> None:
    request = scene.asked("ana", wish=Wish(start_at=scene.clock.now() + timedelta(hours=4)))
    scene.approves("ben", request)
    scene.clock.forward(4 * 3600 + GRANT_SECONDS)
    assert scene.ending.claimable() == []
    scene.ending.sweep()
    assert scene.state(request) is State.EXPIRED


def test_what_is_for_later_has_to_be_approved_before(scene: Scene) -> None:
    request = scene.asked("ana", wish=Wish(start_at=scene.clock.now() + timedelta(minutes=10)))
    scene.clock.forward(600)
    assert code(scene.approves("ben", request)) == "EXPIRED"


def test_a_grant_that_is_redeemed_early_starts_nothing(scene: Scene) -> None:
    request = scene.asked("ana", wish=Wish(start_at=scene.clock.now() + timedelta(hours=1)))
    scene.approves("ben", request)
    early = Scene(scene.store, StandingClock(scene.clock.now() + timedelta(hours=1)), world=scene.world)
    (grant,) = early.ending.claimable()
    assert code(scene.runner().start(grant)) == "GRANT-INVALID"
    assert scene.state(request) is State.APPROVED


def test_a_step_that_was_looked_up_as_done_is_not_done_again(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    scene.world.probes = {"first": Probe.DONE}

    def fails(name: str) -> None:
        if name == "first":
            raise RuntimeError("the connection was lost")

    scene.world.after = fails
    scene.runner().start(grant)
    assert scene.state(request) is State.SUCCEEDED
    assert scene.world.effects.count("first") == 1
