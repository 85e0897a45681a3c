"""A forged, used, expired or altered grant starts nothing, whoever brings it."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from approvals.model import State
from approvals.moves import GRANT_SECONDS
from core.grant import Grant
from core.plan import Risk
from tests.gate.scene import Scene, a_plan, code


def granted(scene: Scene) -> tuple[str, Grant]:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    return request, grant


@pytest.mark.parametrize("part", ["request", "plan_hash", "token"])
def test_a_forged_grant_starts_nothing(scene: Scene, part: str) -> None:
    request, grant = granted(scene)
    assert code(scene.runner().start(replace(grant, **{part: "forged"}))) == "GRANT-INVALID"
    assert (scene.state(request), scene.world.effects) == (State.APPROVED, [])
    assert scene.ending.claimable() == [grant]


def test_a_grant_made_up_for_an_open_request_starts_nothing(scene: Scene) -> None:
    request = scene.asked("ana")
    found = scene.gate.find(request)
    assert found is not None
    assert code(scene.runner().start(Grant(request, found.plan_hash, "x"))) == "GRANT-INVALID"
    assert (scene.state(request), scene.world.effects) == (State.OPEN, [])


def test_the_grant_of_one_request_starts_no_other(scene: Scene) -> None:
    _, grant = granted(scene)
    other = scene.asked("ana")
    assert code(scene.runner().start(replace(grant, request=other))) == "GRANT-INVALID"
    assert scene.state(other) is State.OPEN


def test_a_used_grant_starts_nothing_more(scene: Scene) -> None:
    _, grant = granted(scene)
    scene.runner().start(grant)
    done = list(scene.world.effects)
    for owner in ("bot-1", "bot-2"):
        assert code(scene.runner(owner).start(grant)) == "GRANT-INVALID"
    assert scene.world.effects == done


def test_an_expired_grant_starts_nothing(scene: Scene) -> None:
    _, grant = granted(scene)
    scene.clock.forward(GRANT_SECONDS)
    assert code(scene.runner().start(grant)) == "GRANT-INVALID"
    assert scene.world.effects == []


@pytest.mark.parametrize("end", ["withdrawn", "taken back", "outdated"])
def test_the_grant_of_what_has_ended_starts_nothing(scene: Scene, end: str) -> None:
    request, grant = granted(scene)
    if end == "withdrawn":
        scene.gate.withdraw(scene.actor("ana"), request)
    elif end == "taken back":
        scene.gate.take_back(scene.actor("ben"), request)
    else:
        scene.rule = replace(scene.rule, approvals=2)
        scene.ending.sweep()
    assert scene.ending.claimable() == []
    assert code(scene.runner().start(grant)) == "GRANT-INVALID"
    assert scene.world.effects == []


def test_after_a_vote_was_taken_back_the_old_grant_is_worth_nothing_even_when_it_is_approved_again(
    scene: Scene,
) -> None:
    request, old = granted(scene)
    scene.gate.take_back(scene.actor("ben"), request)
    scene.approves("dan", request)
    assert code(scene.runner().start(old)) == "GRANT-INVALID"
    (new,) = scene.ending.claimable()
    assert new.token != old.token


def test_a_plan_that_was_altered_in_the_store_is_not_carried_out(scene: Scene) -> None:
    request, grant = granted(scene)
    with scene.store.transaction() as session:
        altered = text("UPDATE request SET plan = replace(plan, 'db2', 'db3') WHERE id = :id")
        session.connection().execute(altered, {"id": request})
    scene.runner().start(grant)
    assert (scene.state(request), scene.world.effects) == (State.OUTDATED, [])


def test_a_votes_row_that_nobody_cast_does_not_start_anything(scene: Scene) -> None:
    request = scene.asked("ana")
    with scene.store.transaction() as session:
        forged = text(
            "INSERT INTO vote (request, person, verdict, at, account, reason)"
            " VALUES (:id, 'ben', 'approve', '2026-03-01T03:00:00.000000Z', '', '')"
        )
        session.connection().execute(forged, {"id": request})
    assert scene.ending.claimable() == []
    assert scene.state(request) is State.OPEN


@pytest.mark.parametrize("risk", [Risk.CHANGE, Risk.DESTRUCTIVE])
def test_what_changes_anything_starts_with_a_grant_only(scene: Scene, risk: Risk) -> None:
    request = scene.asked("ana", a_plan(risk))
    assert len(scene.ending.claimable()) == (1 if risk is Risk.CHANGE else 0)
    assert scene.state(request) is (State.APPROVED if risk is Risk.CHANGE else State.OPEN)
    assert scene.world.effects == []
