"""What the record says of each step of a request's life, whole: who, what, on what, and why."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from approvals.model import Verdict, Wish
from core.grant import Grant
from core.outcome import Outcome
from runs.model import Run
from tests.gate.scene import DBA, Scene, a_plan, strict

PARAMS = {"action": "promote", "asked": {"cluster": "main", "node": "db2"}}
ANA, BEN = {"account": "T0OTHER/U9ANA"}, {"account": "T0SITE/U0BEN"}
Line = tuple[str, str, str, Any, Any]


def said(scene: Scene, request: str) -> list[Line]:
    """The lines of a request: action, outcome, actor, source, detail. What all have in common is held here."""
    query = text("SELECT body FROM audit_event WHERE request = :id ORDER BY seq")
    with scene.store.reading() as session:
        bodies = [json.loads(body) for (body,) in session.connection().execute(query, {"id": request})]
    lines = []
    for body in bodies:
        assert body["target"] == "main/db2"
        if body["action"].startswith(("request.", "auth.")):
            assert body["params"] == PARAMS
        lines.append((body["action"], body["outcome"], body["actor"], body["source"], body["detail"]))
    return lines


def until(scene: Scene, seconds: int) -> str:
    return f"{scene.clock.now() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000000Z"


def test_a_request_that_is_approved(scene: Scene) -> None:
    request = scene.asked("ana", wish=Wish(reason="new kernel"))
    scene.approves("ben", request)
    opened = {"plan_hash": a_plan().plan_hash, "reason": "new kernel", "emergency": False}
    assert said(scene, request) == [
        ("request.opened", "success", "ana", ANA, opened),
        ("request.voted", "success", "ben", BEN, {"verdict": "approve", "reason": ""}),
        ("request.approved", "success", "system", {}, {"by": ["ben"], "needed": 1, "until": until(scene, 900)}),
    ]


def test_what_is_for_later_is_approved_until_later(scene: Scene) -> None:
    request = scene.asked("ana", wish=Wish(start_at=scene.clock.now() + timedelta(seconds=600)))
    scene.approves("ben", request)
    assert said(scene, request)[-1][4] == {"by": ["ben"], "needed": 1, "until": until(scene, 1500)}
    found = scene.gate.find(request)
    assert found is not None
    assert found.expires_at == scene.clock.now() + timedelta(seconds=600)


def test_ends_that_people_make(scene: Scene) -> None:
    rejected, withdrawn = scene.asked("ana"), scene.asked("ana")
    scene.gate.vote(scene.actor("ben"), rejected, Verdict.REJECT, "not today")
    scene.gate.withdraw(scene.actor("ana"), withdrawn)
    assert said(scene, rejected)[1:] == [
        ("request.voted", "success", "ben", BEN, {"verdict": "reject", "reason": "not today"}),
        ("request.rejected", "success", "ben", BEN, {"note": "not today"}),
    ]
    assert said(scene, withdrawn)[1:] == [("request.withdrawn", "success", "ana", ANA, {})]
    ended = [scene.gate.find(request) for request in (rejected, withdrawn)]
    assert [(one.ended_by, one.note, one.ended_at) for one in ended if one] == [
        ("ben", "not today", scene.clock.now()),
        ("ana", "", scene.clock.now()),
    ]


def test_ends_that_nobody_makes(scene: Scene) -> None:
    outdated = scene.asked("ana")
    scene.rule = strict(approvals=2)
    scene.ending.sweep()
    expired = scene.asked("ana")
    scene.clock.forward(1800)
    scene.ending.sweep()
    changes = ["the policy changed since this was asked"]
    assert said(scene, outdated)[1:] == [("request.outdated", "success", "system", {}, {"changes": changes})]
    assert said(scene, expired)[1:] == [("request.expired", "success", "system", {}, {})]
    found = scene.gate.find(outdated)
    assert found is not None
    assert (found.changes, found.ended_by) == (tuple(changes), "system")


def test_what_was_blocked_says_by_what(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    scene.holds.put(scene.actor("cy"), "main", "storage")
    scene.runner().start(scene.ending.claimable()[0])
    note = "main is on hold: storage (cy, 2026-03-01 03:00 UTC). Two people lift it: lift main."
    assert said(scene, request)[-1] == ("request.blocked", "success", "system", {}, {"note": note})


def test_a_no_is_recorded_with_its_code_and_words(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("cy", request)
    message = "This needs approval from dba, and cy is not in it."
    denied = {"code": "NOT-YOURS-TO-APPROVE", "message": message}
    assert said(scene, request)[-1] == ("auth.denied", "denied", "cy", {"account": "T0SITE/U0CY"}, denied)
    found = scene.gate.find(request)
    assert found is not None
    assert scene.gate.may_stop(scene.actor("cy"), found) is not None
    assert said(scene, request)[-1][4]["code"] == "NOT-YOURS-TO-STOP"
    assert scene.gate.precheck(scene.actor("ana"), request) is not None
    assert said(scene, request)[-1][4]["code"] == "OWN-REQUEST"


def test_what_is_taken_back_stopped_and_settled(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    scene.gate.take_back(scene.actor("ben"), request)
    assert said(scene, request)[-1] == ("request.voted", "success", "ben", BEN, {"verdict": "taken back"})
    found = scene.gate.find(request)
    assert found is not None
    version = found.version
    with scene.store.transaction() as session:
        scene.gate.note_stop(session, scene.actor("ben"), found)
        scene.gate.note_settlement(session, scene.actor("ben"), found, happened=True)
        scene.gate.note_settlement(session, scene.actor("ana"), found, happened=False)
    assert said(scene, request)[-3:] == [
        ("request.voted", "success", "ben", BEN, {"verdict": "stop"}),
        ("request.voted", "success", "ben", BEN, {"verdict": "settle: happened"}),
        ("request.voted", "success", "ana", ANA, {"verdict": "settle: did not happen"}),
    ]
    found = scene.gate.find(request)
    assert found is not None
    assert found.version == version + 3


def test_an_emergency_and_its_review(scene: Scene) -> None:
    scene.rule = strict(emergency=DBA, review=3600)
    request = scene.asked("ana", wish=Wish(reason="the disk dies", emergency=True))
    assert [line[4] for line in said(scene, request)] == [
        {"plan_hash": a_plan().plan_hash, "reason": "the disk dies", "emergency": True},
        {"by": [], "needed": 0, "until": until(scene, 900), "emergency": True},
    ]
    debt = scene.reviews.of(request)
    assert debt is not None
    assert (debt.opened_at, debt.due_at, debt.reviewed_by, debt.note) == (until(scene, 0), until(scene, 3600), "", "")
    before = scene.gate.find(request)
    scene.reviews.review(scene.actor("ben"), request, fine=False, note=" a disk was there ")
    note = {"verdict": "review: not fine", "reason": "a disk was there"}
    assert said(scene, request)[-1] == ("request.voted", "success", "ben", BEN, note)
    debt, after = scene.reviews.of(request), scene.gate.find(request)
    assert debt is not None
    assert (debt.reviewed_by, debt.fine, debt.note, debt.late) == ("ben", False, "a disk was there", False)
    assert before is not None
    assert after is not None
    assert after.version == before.version + 1
    assert scene.reviews.unpaid() == []


def test_two_debts_are_told_apart(scene: Scene) -> None:
    scene.rule = strict(emergency=DBA)
    first = scene.asked("ana", wish=Wish(reason="one", emergency=True))
    scene.clock.forward(5)
    second = scene.asked("dan", wish=Wish(reason="two", emergency=True))
    assert [debt.request for debt in scene.reviews.unpaid()] == [first, second]
    assert [debt.request for debt in scene.reviews.unannounced()] == [first, second]
    scene.reviews.announced(scene.reviews.unannounced()[0])
    assert [debt.request for debt in scene.reviews.unannounced()] == [second]
    scene.reviews.review(scene.actor("ben"), second, fine=True, note="")
    assert [debt.request for debt in scene.reviews.unpaid()] == [first]
    assert scene.reviews.of("r-none") is None


def test_two_holds_are_told_apart(scene: Scene) -> None:
    scene.holds.put(scene.actor("cy"), "main", " storage ")
    scene.clock.forward(5)
    scene.holds.put(scene.actor("ben"), "all", "storage")
    first, second = scene.holds.standing()
    assert (first.scope, first.person, first.reason, first.at) == ("main", "cy", "storage", until(scene, -5))
    assert (second.scope, second.person) == ("all", "ben")
    assert [hold.id for hold in scene.holds.standing("all")] == [second.id]
    assert scene.holds.unannounced() == [first, second]
    scene.holds.announced(first)
    assert scene.holds.unannounced() == [second]
    assert scene.holds.lift(first.id, by="r-1")
    assert scene.holds.standing() == [second]
    assert not scene.holds.lift(first.id, by="r-2")
    with scene.store.reading() as session:
        query = "SELECT body FROM audit_event WHERE action = 'config.changed' ORDER BY seq"
        bodies = [json.loads(body) for (body,) in session.connection().execute(text(query))]
        lifted = session.connection().execute(text("SELECT lifted_by, lifted_at FROM hold WHERE scope = 'main'")).one()
    assert tuple(lifted) == ("r-1", until(scene, 0))
    assert [(one["actor"], one["target"], one["source"], one["params"], one["detail"]) for one in bodies] == [
        (
            "cy",
            "main",
            {"account": "T0SITE/U0CY"},
            {"hold": "main"},
            {"held": True, "reason": "storage", "id": first.id},
        ),
        ("ben", "all", BEN, {"hold": "all"}, {"held": True, "reason": "storage", "id": second.id}),
        ("system", "main", {"request": "r-1"}, {"hold": "main"}, {"held": False, "reason": "storage", "id": first.id}),
    ]


def test_how_a_run_ends_is_written_into_its_request(scene: Scene) -> None:
    for outcome in Outcome:
        request = scene.asked("ana")
        scene.approves("ben", request)
        grant: Grant = scene.ending.claimable()[0]
        journal = scene.runner().journal
        run = journal.begin(grant)
        assert isinstance(run, Run)
        journal.end(run, outcome, f"it {outcome.value}")
        found = scene.gate.find(request)
        assert found is not None
        assert (found.state.value, found.note) == (outcome.value, f"it {outcome.value}")
        if outcome is Outcome.UNKNOWN:
            journal.settle(journal.refresh(run), happened=True, people=["ana", "ben"], done=False, note="looked")
            found = scene.gate.find(request)
            assert found is not None
            assert (found.state.value, found.note) == ("failed", "looked")
