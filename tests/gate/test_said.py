"""Every "no" of the gate, letter by letter: a code that can be searched for, what was wrong, what to do next."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.model import Request, Typed, Verdict, Wish
from approvals.windows import Window
from core.facts import Fact
from core.grant import Grant
from core.outcome import Refusal
from core.plan import Look, Risk
from tests.fixtures.house import person
from tests.gate.scene import DBA, PEOPLE, WEB, Scene, a_plan, strict

URGENT = Wish(reason="the disk dies", emergency=True)
DAYS = frozenset(range(7))
YEAR_END = Window("year-end", "UTC", DAYS, "00:00", "00:00", "2026-02-01T00:00", "2026-03-05T00:00")
EVER = replace(YEAR_END, name="ever", until="2027-03-05T00:00")
NIGHT, NOON = Window("nights", "UTC", DAYS, "22:00", "02:00"), Window("noon", "UTC", DAYS, "12:00", "13:00")
HOUR = timedelta(hours=1)
SEC = "1 approval from sec"
NOBODY = "1 approval from nobody (no group is named in the policy)"
Came = Request | Refusal | None


def under(scene: Scene, **rule: object) -> Scene:
    scene.rule = strict(**rule)
    return scene


def voted(scene: Scene, who: str, typed: Typed | None = None) -> Came:
    return scene.gate.vote(scene.actor(who), scene.asked("ana"), Verdict.APPROVE, typed=typed)


def rejected(scene: Scene) -> str:
    request = scene.asked("ana")
    scene.rejects("ben", request)
    return request


def twice(scene: Scene) -> Came:
    request = under(scene, approvals=2).asked("ana")
    scene.approves("ben", request)
    return scene.approves("ben", request)


def under_another_policy(scene: Scene) -> Came:
    request = scene.asked("ana")
    return under(scene, approvals=2).approves("ben", request)


def too_late(scene: Scene) -> Came:
    request = scene.asked("ana")
    scene.clock.forward(1800)
    return scene.approves("ben", request)


def unsure(scene: Scene) -> Came:
    scene.people = {**PEOPLE, "ben": replace(person("ben"), unsure=DBA)}
    return scene.asks("ben")


def held(scene: Scene, scope: str) -> Scene:
    scene.holds.put(scene.actor("cy"), scope, "storage")
    return scene


def again(scene: Scene) -> Came:
    scene.holds.put(scene.actor("cy"), "main", "storage")
    came = scene.holds.put(scene.actor("ben"), "main", "me too")
    return came if isinstance(came, Refusal) else None


def without_a_reason(scene: Scene) -> Came:
    came = scene.holds.put(scene.actor("ben"), "main", " ")
    return came if isinstance(came, Refusal) else None


def alone(scene: Scene) -> str:
    return under(scene, emergency=DBA).asked("ana", wish=URGENT)


def in_debt(scene: Scene) -> Came:
    first = alone(scene)
    came = scene.asks("ana", wish=URGENT)
    assert isinstance(came, Refusal)
    return replace(came, message=came.message.replace(first, "ID"), hint=came.hint.replace(first, "ID"))


def reviewed(scene: Scene) -> Came:
    request = alone(scene)
    scene.reviews.review(scene.actor("ben"), request, fine=True, note="")
    return scene.reviews.review(scene.actor("dan"), request, fine=True, note="")


def lost(scene: Scene) -> Came:
    request = scene.asked("ana")
    scene.approves("ben", request)
    (grant,) = scene.ending.claimable()
    scene.people = {name: one for name, one in PEOPLE.items() if name != "ben"}
    came = scene.runner().start(grant)
    return came if isinstance(came, Refusal) else None


def looked(scene: Scene) -> Came:
    plan = replace(a_plan(), facts=(Fact("timeline", "main", 7),), look=Look("timeline", "main", "Which?"))
    request = under(scene, look=True).asked("ana", plan)
    return scene.gate.vote(scene.actor("ben"), request, Verdict.APPROVE, typed=Typed("db2", "8"))


def stopped(scene: Scene) -> Came:
    found = scene.gate.find(scene.asked("ana"))
    assert found is not None
    return scene.gate.may_stop(scene.actor("cy"), found)


def forged(scene: Scene) -> Came:
    came = scene.runner().start(Grant("r-none", "0", "x"))
    return came if isinstance(came, Refusal) else None


SAID: list[tuple[Callable[[Scene], Came], str, str, str]] = [
    (
        lambda s: voted(s, "ana"),
        "OWN-REQUEST",
        "You asked for this, so your approval does not count: it needs somebody else from dba.",
        "You can withdraw it.",
    ),
    (
        lambda s: voted(s, "cy"),
        "NOT-YOURS-TO-APPROVE",
        "This needs approval from dba, and cy is not in it.",
        "Tell somebody who is.",
    ),
    (
        lambda s: s.asks("cy"),
        "NOT-YOURS-TO-ASK",
        "cy may not ask for this: it takes somebody from dba.",
        "Ask one of them to ask for it.",
    ),
    (
        lambda s: voted(s, "ben"),
        "TARGET",
        "That is not “db2”.",
        "Nothing was approved: look again at what this changes.",
    ),
    (
        lambda s: under(s, emergency=DBA).asks("ana", replace(a_plan(), typed="db1 IS OFF"), URGENT),
        "REASON-UNSAID",
        "Nobody approves this, so nobody types “db1 IS OFF”: the reason has to say it.",
        "Only if it is so: --emergency “db1 IS OFF, and why”.",
    ),
    (
        looked,
        "LOOK",
        "What you looked up is not what this plan was made on.",
        "Nothing was approved: look at the cluster again.",
    ),
    (
        lambda s: s.gate.withdraw(s.actor("ben"), s.asked("ana")),
        "NOT-YOURS-TO-WITHDRAW",
        "Only ana, who asked, can withdraw this.",
        "You can reject it.",
    ),
    (
        lambda s: s.gate.take_back(s.actor("ben"), s.asked("ana")),
        "NOTHING-TO-TAKE-BACK",
        "You have not approved this, so there is nothing to take back.",
        "",
    ),
    (stopped, "NOT-YOURS-TO-STOP", "Stopping this is for ana and dba.", "Tell one of them, now."),
    (
        lambda s: s.approves("dan", rejected(s)),
        "TOO-LATE",
        "This request was rejected.",
        "Nothing was changed by your click.",
    ),
    (
        lambda s: s.gate.take_back(s.actor("dan"), rejected(s)),
        "TOO-LATE",
        "This request was rejected.",
        "Nothing was changed by your click.",
    ),
    (twice, "ALREADY-VOTED", "You have already voted on this; it was counted once.", ""),
    (under_another_policy, "POLICY-CHANGED", "The policy changed since this was asked.", "Ask again."),
    (too_late, "EXPIRED", "This request has expired.", "Ask again: the plan will be made anew."),
    (
        lambda s: under(s, approvals=2, also=frozenset({"sec"})).asks("ana"),
        "NOBODY-CAN-APPROVE",
        f"This needs {SEC} and 2 approvals from dba besides you, and the roster has nobody for {SEC}.",
        "Add people to the roster in the configuration.",
    ),
    (
        lambda s: under(s, groups=frozenset()).asks("ana"),
        "NOBODY-CAN-APPROVE",
        f"This needs {NOBODY} besides you, and the roster has nobody for {NOBODY}.",
        "Add people to the roster in the configuration.",
    ),
    (unsure, "GROUP-UNKNOWN", "Slack does not say right now who is in dba.", "Try again in a minute."),
    (
        lambda s: under(s, reason=True).asks("ana"),
        "REASON-NONE",
        "This is asked for with a reason.",
        'Add --reason "why".',
    ),
    (
        lambda s: under(s, frozen=(YEAR_END,)).asks("ana"),
        "FROZEN",
        "Nothing of this kind starts during “year-end”.",
        "Ask with --at 2026-03-05T00:00Z, or later.",
    ),
    (
        lambda s: under(s, frozen=(EVER,)).asks("ana"),
        "FROZEN",
        "Nothing of this kind starts during “ever”.",
        "No time in the next 7 days is free.",
    ),
    (
        lambda s: under(s, allowed=((NIGHT, NOON),)).asks("ana"),
        "OUTSIDE-WINDOW",
        "This may only start in “nights” or “noon”.",
        "Ask with --at 2026-03-01T12:00Z, or later.",
    ),
    (without_a_reason, "HOLD-REASON", "A hold says why.", "Add the reason: hold main REASON."),
    (again, "HELD", "main is on hold already, by cy: storage", "Nothing new starts; this changed nothing."),
    (
        lambda s: held(s, "main").asks("ana"),
        "HELD",
        "main is on hold: storage (cy, 2026-03-01 03:00 UTC).",
        "Two people lift it: lift main.",
    ),
    (
        lambda s: held(s, "all").asks("ana"),
        "HELD",
        "Everything is on hold: storage (cy, 2026-03-01 03:00 UTC).",
        "Two people lift it: lift all.",
    ),
    (
        lambda s: s.asks("ana", wish=URGENT),
        "EMERGENCY-NO",
        "You may not run this alone: the policy lets nobody.",
        "Ask for it without --emergency.",
    ),
    (
        lambda s: under(s, emergency=WEB).asks("ana", wish=URGENT),
        "EMERGENCY-NO",
        "You may not run this alone: it takes web.",
        "Ask for it without --emergency.",
    ),
    (
        lambda s: under(s, emergency=DBA).asks("ana", wish=Wish(emergency=True)),
        "REASON-NONE",
        "An emergency is asked for with a reason.",
        'Say --emergency "why".',
    ),
    (
        lambda s: under(s, emergency=DBA).asks("ana", wish=replace(URGENT, start_at=s.clock.now() + HOUR)),
        "EMERGENCY-LATER",
        "What can wait is no emergency.",
        "Leave out --at or --emergency.",
    ),
    (
        in_debt,
        "EMERGENCY-DEBT",
        "Your last emergency (ID) has not been looked at by anybody else yet.",
        "Ask somebody to: review ID. Or ask for this without --emergency.",
    ),
    (
        lambda s: s.reviews.review(s.actor("ana"), alone(s), fine=True, note=""),
        "OWN-REQUEST",
        "You ran this alone, so somebody else has to look at it.",
        "Ask one of them.",
    ),
    (
        lambda s: s.reviews.review(s.actor("ben"), alone(s), fine=False, note=" "),
        "REVIEW-NOTE",
        "Say what was not fine.",
        "Nothing was noted.",
    ),
    (reviewed, "REVIEWED", "ben has looked at this already.", ""),
    (
        lambda s: s.reviews.check(s.actor("ben"), s.asked("ana")),
        "REVIEW-NONE",
        "This was not run as an emergency: there is nothing to review.",
        "",
    ),
    (forged, "GRANT-INVALID", "There is no valid approval for this.", "Ask again with a new request."),
    (
        lost,
        "APPROVAL-LOST",
        "Not started: somebody who approved may no longer approve.",
        "Ask again with a new request.",
    ),
    (
        lambda s: s.asks("ana", replace(a_plan(), risk=Risk.READ)),
        "PLAN-RISK",
        "What only looks has no steps to agree to.",
        "This is a bug in that action.",
    ),
]


@pytest.mark.parametrize(("act", "code", "message", "hint"), SAID, ids=[said[1] for said in SAID])
def test_a_no_says_what_is_wrong_and_what_to_do(
    scene: Scene, act: Callable[[Scene], Came], code: str, message: str, hint: str
) -> None:
    assert act(scene) == Refusal(code, message, hint)
