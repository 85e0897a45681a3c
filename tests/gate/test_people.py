"""Must-pass cases 1 to 4, 15 to 18: who consents, and that one person is one person."""

from dataclasses import replace

import pytest

from approvals.model import Request, State, Verdict
from approvals.people import Roster
from approvals.rule import Rule
from core.outcome import Refusal
from core.plan import Risk
from tests.fixtures.house import TYPED, person
from tests.gate.scene import DBA, PEOPLE, WEB, Scene, code, strict


@pytest.mark.parametrize("account", ["T0SITE/U0ANA", "login:ana", "T0OTHER/U9ANA"])
def test_01_02_nobody_approves_what_they_asked_for_from_wherever_it_comes(scene: Scene, account: str) -> None:
    request = scene.asked("ana")
    for _ in range(2):  # and again: a retry is no other person
        assert code(scene.approves("ana", request, account)) == "OWN-REQUEST"
    assert scene.state(request) is State.OPEN
    assert scene.record(request)[1:] == [("auth.denied", "denied", "ana")] * 2


def test_01_who_asks_on_the_command_line_cannot_approve_in_slack(scene: Scene) -> None:
    made = scene.gate.open(scene.actor("ana", "login:ana"), scene.world.plan, origin="cli", channel="ops")
    assert isinstance(made, Request)
    assert code(scene.approves("ana", made.id, "T0SITE/U0ANA")) == "OWN-REQUEST"


@pytest.mark.parametrize(
    ("rule", "enough", "not_enough"),
    [
        (strict(approvals=2), ["ben", "dan"], ["ben"]),
        (strict(approvals=2, groups=DBA | WEB), ["ben", "eva"], ["ben"]),
        (strict(approvals=1, also=WEB), ["dan", "eva"], ["ben"]),
        (strict(approvals=1, also=WEB), ["ben", "dan"], ["dan"]),
        (strict(approvals=1, also=WEB), ["ben", "eva"], ["eva"]),
        (strict(approvals=2, also=WEB), ["ben", "dan", "eva"], ["ben", "dan"]),
    ],
)
def test_03_one_person_fills_one_place_whatever_groups_they_are_in(
    scene: Scene, rule: Rule, enough: list[str], not_enough: list[str]
) -> None:
    scene.rule = rule
    request = scene.asked("ana")
    for name in not_enough:
        scene.approves(name, request)
        assert scene.state(request) is State.OPEN
    for name in enough:
        if name not in not_enough:
            scene.approves(name, request)
    assert scene.state(request) is State.APPROVED


def test_04_a_double_click_counts_once(scene: Scene) -> None:
    scene.rule = strict(approvals=2)
    request = scene.asked("ana")
    assert isinstance(scene.approves("ben", request), Request)
    assert code(scene.approves("ben", request)) == "ALREADY-VOTED"
    found = scene.gate.find(request)
    assert found is not None
    assert [vote.person for vote in found.votes] == ["ben"]


def test_16_who_lost_the_right_between_approval_and_start_counts_no_more(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    scene.people = {name: one for name, one in PEOPLE.items() if name != "ben"}
    assert code(scene.runner().start(grant)) == "APPROVAL-LOST"
    assert (scene.state(request), scene.world.effects) == (State.OUTDATED, [])


def test_16_who_may_not_be_checked_right_now_is_waited_for(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    ben = replace(PEOPLE["ben"], groups=frozenset(), unsure=DBA)
    scene.people = {**PEOPLE, "ben": ben}
    assert code(scene.runner().start(grant)) == "GROUP-UNKNOWN"
    assert (scene.state(request), scene.world.effects) == (State.APPROVED, [])
    scene.people = PEOPLE
    assert scene.ending.claimable() == [grant]
    scene.runner().start(grant)
    assert scene.state(request) is State.SUCCEEDED


def test_16_when_slack_does_not_say_who_is_in_a_group_nobody_is(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.people = {**PEOPLE, "ben": replace(person("ben"), unsure=DBA)}
    assert code(scene.approves("ben", request)) == "GROUP-UNKNOWN"
    assert code(scene.rejects("ben", request)) == "GROUP-UNKNOWN"
    assert code(scene.asks("ben")) == "GROUP-UNKNOWN"


def test_17_with_an_empty_roster_nobody_asks_and_nobody_approves(scene: Scene) -> None:
    request = scene.asked("ana")
    before = scene.actor("ben")
    scene.people = {}
    assert scene.rules().roster == Roster({})
    assert code(scene.gate.open(before, scene.world.plan, origin="t", channel="ops")) == "NOBODY-CAN-APPROVE"
    ghost = replace(before, person=replace(before.person, groups=frozenset()))
    assert code(scene.gate.vote(ghost, request, Verdict.APPROVE, typed=TYPED)) == "NOT-YOURS-TO-APPROVE"
    assert scene.state(request) is State.OPEN


def test_18_a_changed_policy_makes_what_is_open_outdated(scene: Scene) -> None:
    request, approved = scene.asked("ana"), scene.asked("dan")
    scene.approves("ben", approved)
    scene.rule = strict(approvals=2)
    assert code(scene.approves("ben", request)) == "POLICY-CHANGED"
    scene.ending.sweep()
    assert (scene.state(request), scene.state(approved)) == (State.OUTDATED, State.OUTDATED)
    assert scene.ending.claimable() == []


def test_the_right_to_reject_and_to_withdraw_is_asked_for_too(scene: Scene) -> None:
    request = scene.asked("ana")
    assert code(scene.rejects("cy", request)) == "NOT-YOURS-TO-APPROVE"
    assert code(scene.gate.withdraw(scene.actor("ben"), request)) == "NOT-YOURS-TO-WITHDRAW"
    assert [line for line in scene.record(request) if line[0] == "auth.denied"] == [
        ("auth.denied", "denied", "cy"),
        ("auth.denied", "denied", "ben"),
    ]


def test_what_is_destructive_takes_two_people_whatever_the_policy_says(scene: Scene) -> None:
    scene.rule = strict(approvals=0)
    request = scene.asked("ana")
    assert scene.state(request) is State.OPEN
    rule = scene.rules().policy.rule(Risk.DESTRUCTIVE, "promote", "main")
    assert not isinstance(rule, Refusal)
    assert len(rule.places) == 1
