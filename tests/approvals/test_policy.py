from dataclasses import replace

from approvals.eligible import enough_people, may_propose
from approvals.people import Roster
from approvals.policy import Policy
from approvals.rule import Override, Rule
from core.outcome import Refusal
from core.plan import Risk
from tests.fixtures.house import DBA, PEOPLE, ROSTER, RULES

RULE = RULES[Risk.DESTRUCTIVE]


def test_a_risk_without_a_policy_is_refused() -> None:
    assert isinstance(Policy().rule(Risk.CHANGE, "backup", "main"), Refusal)


def test_a_stricter_rule_tightens() -> None:
    policy = Policy({Risk.CHANGE: RULES[Risk.CHANGE]}, {"backup": Override(approvals=2, groups=DBA, expires=60)})
    assert policy.rule(Risk.CHANGE, "backup", "main") == Rule(2, frozenset(), DBA, 60)


def test_an_override_never_loosens() -> None:
    loose = Override(approvals=0, groups=frozenset({"dba", "all"}), propose=frozenset({"dba", "all"}), expires=10**6)
    assert RULE.stricter(loose) == RULE


def test_disjoint_groups_leave_nobody_never_everybody() -> None:
    rule = RULE.stricter(Override(groups=frozenset({"other"}), propose=frozenset({"other"})))
    assert not rule.groups
    assert may_propose(PEOPLE["ana"], rule) is not None


def test_who_is_in_no_group_may_not_ask() -> None:
    refusal = may_propose(PEOPLE["cy"], RULE)
    assert refusal is not None
    assert refusal.code == "NOT-YOURS-TO-ASK"


def test_a_quorum_that_nobody_can_fill_is_refused_before_anybody_waits() -> None:
    alone = Roster({"ana": PEOPLE["ana"]})
    refusal = enough_people(RULE, "ana", alone)
    assert refusal is not None
    assert refusal.code == "NOBODY-CAN-APPROVE"


def test_the_rule_hash_changes_with_the_rule() -> None:
    assert replace(RULE, approvals=2).rule_hash != RULE.rule_hash


def test_the_roster_tells_people_by_account_and_login_only() -> None:
    assert ROSTER.by_account("T0SITE/U0ANA") == PEOPLE["ana"]
    assert ROSTER.by_account("T0OTHER/U0ANA") is None
    assert ROSTER.by_login("ben") == PEOPLE["ben"]
    assert [one.name for one in ROSTER.in_groups(DBA)] == ["ana", "ben", "dan"]
