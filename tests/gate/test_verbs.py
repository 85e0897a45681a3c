"""Taking back, holding, break-glass and its debt (must-pass case 28), reasons, and what is typed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.holds.book import Hold
from approvals.model import Request, State, Typed, Verdict, Wish
from core.facts import Fact
from core.outcome import Refusal
from core.plan import Look, Risk
from tests.gate.scene import DBA, WEB, Scene, a_plan, code, strict

URGENT = Wish(reason="the disk dies", emergency=True)
BREAK_GLASS = strict(emergency=DBA, review=3600)


def test_an_approval_is_taken_back_before_the_start(scene: Scene) -> None:
    request = scene.asked("ana", wish=Wish(start_at=scene.clock.now() + timedelta(minutes=20)))
    scene.approves("ben", request)
    came = scene.gate.take_back(scene.actor("ben"), request)
    assert isinstance(came, Request)
    assert (came.state, came.votes) == (State.OPEN, ())
    scene.clock.forward(1199)
    assert scene.ending.claimable() == []
    assert [line for line in scene.record(request) if line[2] == "ben"] == [("request.voted", "success", "ben")] * 2
    scene.approves("dan", request)
    assert scene.state(request) is State.APPROVED


def test_who_took_back_may_approve_again(scene: Scene) -> None:
    scene.rule = strict(approvals=2)
    request = scene.asked("ana")
    scene.approves("ben", request)
    scene.gate.take_back(scene.actor("ben"), request)
    scene.approves("ben", request)
    scene.approves("dan", request)
    assert scene.state(request) is State.APPROVED


def test_only_one_s_own_approval_can_be_taken_back(scene: Scene) -> None:
    request = scene.asked("ana")
    assert code(scene.gate.take_back(scene.actor("ben"), request)) == "NOTHING-TO-TAKE-BACK"
    scene.approves("ben", request)
    assert code(scene.gate.take_back(scene.actor("dan"), request)) == "NOTHING-TO-TAKE-BACK"
    assert scene.state(request) is State.APPROVED


def test_what_has_started_is_not_taken_back(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    scene.runner().start(grant)
    assert code(scene.gate.take_back(scene.actor("ben"), request)) == "TOO-LATE"
    assert scene.state(request) is State.SUCCEEDED


@pytest.mark.parametrize("scope", ["main", "all"])
def test_a_hold_is_set_by_one_person_and_nothing_new_is_asked_for_or_started(scene: Scene, scope: str) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    assert isinstance(scene.holds.put(scene.actor("cy"), scope, "storage is moved"), Hold)
    assert code(scene.asks("ana")) == "HELD"
    assert code(scene.asks("ana", a_plan(Risk.CHANGE))) == "HELD"
    assert code(scene.runner().start(grant)) == "HELD"
    assert (scene.state(request), scene.world.effects) == (State.BLOCKED, [])


def test_a_hold_says_why_and_stands_once(scene: Scene) -> None:
    assert code(scene.holds.put(scene.actor("cy"), "main", "  ")) == "HOLD-REASON"
    assert isinstance(scene.holds.put(scene.actor("cy"), "main", "storage"), Hold)
    assert code(scene.holds.put(scene.actor("ben"), "main", "me too")) == "HELD"
    (hold,) = scene.holds.standing("main")
    assert (hold.person, hold.reason) == ("cy", "storage")
    assert [line for line in scene.record() if line[0] == "config.changed"] == [("config.changed", "success", "cy")]


def test_a_hold_on_one_cluster_leaves_the_others_alone(scene: Scene) -> None:
    scene.holds.put(scene.actor("cy"), "other", "storage")
    assert isinstance(scene.asks("ana"), Request)


def test_lifting_a_hold_is_a_request_that_no_hold_holds_back(scene: Scene) -> None:
    hold = scene.holds.put(scene.actor("cy"), "main", "storage")
    assert isinstance(hold, Hold)
    lift = replace(a_plan(), action="lift", cluster="all", target="main")
    request = scene.asked("ana", lift)
    assert scene.state(request) is State.OPEN
    assert scene.holds.lift(hold.id, by=request)
    assert not scene.holds.lift(hold.id, by=request)
    assert isinstance(scene.asks("ana"), Request)


def test_28_break_glass_runs_with_one_person_and_opens_a_debt(scene: Scene) -> None:
    scene.rule = BREAK_GLASS
    request = scene.asked("ana", wish=URGENT)
    assert scene.state(request) is State.APPROVED
    (grant,) = scene.ending.claimable()
    scene.runner().start(grant)
    assert scene.state(request) is State.SUCCEEDED
    (debt,) = scene.reviews.unpaid()
    assert (debt.request, debt.person, debt.reason, debt.late) == (request, "ana", "the disk dies", False)
    assert [one.request for one in scene.reviews.unannounced()] == [request]
    scene.clock.forward(3600)
    assert scene.reviews.unpaid()[0].late


@pytest.mark.parametrize(
    ("rule", "who", "wish", "said"),
    [
        (strict(), "ana", URGENT, "EMERGENCY-NO"),
        (strict(emergency=WEB), "ana", URGENT, "EMERGENCY-NO"),
        (BREAK_GLASS, "cy", URGENT, "NOT-YOURS-TO-ASK"),
        (BREAK_GLASS, "ana", Wish(reason="  ", emergency=True), "REASON-NONE"),
        (BREAK_GLASS, "ana", URGENT, ""),
    ],
)
def test_28_break_glass_is_for_who_may_and_says_why(
    scene: Scene, rule: object, who: str, wish: Wish, said: str
) -> None:
    scene.rule = rule  # type: ignore[assignment]
    came = scene.asks(who, wish=wish)
    assert (came.code if isinstance(came, Refusal) else "") == said
    assert len(scene.reviews.unpaid()) == (0 if said else 1)


def test_28_what_can_wait_is_no_emergency(scene: Scene) -> None:
    scene.rule = BREAK_GLASS
    wish = replace(URGENT, start_at=scene.clock.now() + timedelta(hours=1))
    assert code(scene.asks("ana", wish=wish)) == "EMERGENCY-LATER"


def test_28_who_owes_a_review_has_no_further_break_glass(scene: Scene) -> None:
    scene.rule = BREAK_GLASS
    first = scene.asked("ana", wish=URGENT)
    assert code(scene.asks("ana", wish=URGENT)) == "EMERGENCY-DEBT"
    assert isinstance(scene.asks("ana"), Request)  # with a second person, as always
    assert isinstance(scene.asks("dan", wish=URGENT), Request)  # it is ana's debt
    assert code(scene.reviews.review(scene.actor("ana"), first, fine=True, note="")) == "OWN-REQUEST"
    assert code(scene.reviews.review(scene.actor("cy"), first, fine=True, note="")) == "NOT-YOURS-TO-APPROVE"
    assert code(scene.reviews.review(scene.actor("ben"), first, fine=False, note=" ")) == "REVIEW-NOTE"
    assert isinstance(scene.reviews.review(scene.actor("ben"), first, fine=True, note="right"), Request)
    assert code(scene.reviews.review(scene.actor("dan"), first, fine=True, note="")) == "REVIEWED"
    assert isinstance(scene.asks("ana", wish=URGENT), Request)
    debt = scene.reviews.of(first)
    assert debt is not None
    assert (debt.reviewed_by, debt.fine, debt.note) == ("ben", True, "right")


def test_28_what_was_not_run_alone_has_nothing_to_review(scene: Scene) -> None:
    request = scene.asked("ana")
    assert code(scene.reviews.check(scene.actor("ben"), request)) == "REVIEW-NONE"


def test_28_a_hold_holds_an_emergency_back_too_and_leaves_no_debt(scene: Scene) -> None:
    scene.rule = BREAK_GLASS
    scene.holds.put(scene.actor("ben"), "main", "storage is moved")
    assert code(scene.asks("ana", wish=URGENT)) == "HELD"
    assert scene.reviews.unpaid() == []


@pytest.mark.parametrize("action", ["lift", "rules"])
def test_28_a_hold_and_the_rules_themselves_are_not_for_one_person_in_any_emergency(scene: Scene, action: str) -> None:
    scene.rule = BREAK_GLASS
    plan = replace(a_plan(), action=action, cluster="all")
    assert code(scene.asks("ana", plan, URGENT)) == "EMERGENCY-NO"
    assert scene.ending.claimable() == []


def test_28_who_lost_the_right_before_the_start_runs_nothing_alone(scene: Scene) -> None:
    scene.rule = BREAK_GLASS
    request = scene.asked("ana", wish=URGENT)
    (grant,) = scene.ending.claimable()
    scene.people = {**scene.people, "ana": replace(scene.people["ana"], groups=frozenset())}
    assert code(scene.runner().start(grant)) == "APPROVAL-LOST"
    assert (scene.state(request), scene.world.effects) == (State.OUTDATED, [])


def test_where_the_policy_wants_a_reason_nothing_is_asked_for_without_one(scene: Scene) -> None:
    scene.rule = strict(reason=True)
    assert code(scene.asks("ana")) == "REASON-NONE"
    request = scene.asked("ana", wish=Wish(reason="the disk dies"))
    found = scene.gate.find(request)
    assert found is not None
    assert found.wish.reason == "the disk dies"


@pytest.mark.parametrize("typed", [Typed(), Typed("db1"), Typed("DB2"), Typed("", "db2")])
def test_what_is_destructive_is_approved_by_typing_its_target(scene: Scene, typed: Typed) -> None:
    request = scene.asked("ana")
    came = scene.gate.vote(scene.actor("ben"), request, Verdict.APPROVE, typed=typed)
    assert code(came) == "TARGET"
    assert scene.state(request) is State.OPEN
    assert scene.record(request)[-1] == ("auth.denied", "denied", "ben")


OFF = replace(a_plan(), typed="db1 IS OFF")


@pytest.mark.parametrize("typed", [Typed(), Typed("db2"), Typed("db1"), Typed("db1 is off")])
def test_what_only_a_person_can_know_is_typed_instead_of_the_target(scene: Scene, typed: Typed) -> None:
    request = scene.asked("ana", OFF)
    came = scene.gate.vote(scene.actor("ben"), request, Verdict.APPROVE, typed=typed)
    assert code(came) == "TARGET"
    done = scene.gate.vote(scene.actor("ben"), request, Verdict.APPROVE, typed=Typed(" db1 IS OFF "))
    assert not isinstance(done, Refusal)
    assert scene.state(request) is State.APPROVED


def test_who_runs_it_alone_says_in_the_reason_what_an_approver_would_type(scene: Scene) -> None:
    scene.rule = strict(emergency=frozenset({"dba"}))
    assert code(scene.asks("ana", OFF, Wish("its disk died", emergency=True))) == "REASON-UNSAID"
    assert not isinstance(scene.asks("ana", OFF, Wish("its disk died, db1 IS OFF", emergency=True)), Refusal)


@pytest.mark.parametrize(("looked", "counts"), [("7", True), (" 7 ", True), ("8", False), ("", False)])
def test_who_approves_types_what_is_not_on_the_card(scene: Scene, looked: str, *, counts: bool) -> None:
    scene.rule = strict(look=True)
    plan = a_plan()
    plan = replace(plan, facts=(*plan.facts, Fact("timeline", "main", 7)), look=Look("timeline", "main", "Which?"))
    request = scene.asked("ana", plan)
    scene.gate.vote(scene.actor("ben"), request, Verdict.APPROVE, typed=Typed("db2", looked))
    assert (scene.state(request) is State.APPROVED) is counts
