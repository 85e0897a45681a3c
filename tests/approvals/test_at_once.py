"""What only stops something: one person's at once, whatever is asked for its risk, and never what is destructive."""

from dataclasses import replace

import pytest

from approvals.ending import Ending
from approvals.gate import Gate
from approvals.holds.book import Holds
from approvals.lease import Book
from approvals.looser import looser
from approvals.model import Request, State
from approvals.policy import Policy
from approvals.rule import Override, Rule
from approvals.rules import Rules
from approvals.windows import Window
from core.outcome import Refusal
from core.plan import Risk
from tests.fixtures.house import DBA, ROSTER, RULES, StandingClock, a_plan, actor, always, clock, store

__all__ = ["clock", "store"]
NIGHT = Window("night", "UTC", frozenset(range(7)), "22:00", "22:01")
STRICT = Rule(2, DBA, DBA, 600, frozenset({"web"}), reason=True, look=True, allowed=((NIGHT,),), frozen=(NIGHT,))
AT_ONCE = frozenset({"promote"})  # the action of the plan below


def policy(own: Override | None = None, at_once: frozenset[str] = AT_ONCE) -> Policy:
    by_cluster = {("main", Risk.CHANGE): Override(approvals=3, propose=DBA)}
    return Policy({**RULES, Risk.CHANGE: STRICT}, {"promote": own} if own else {}, by_cluster, at_once)


@pytest.fixture
def gate(store: object, clock: StandingClock) -> Gate:
    return Gate(store, always(policy()), clock)  # type: ignore[arg-type]  # a fixture's type


def test_neither_votes_nor_windows_nor_a_reason_are_asked_for() -> None:
    assert policy().rule(Risk.CHANGE, "promote", "main") == Rule(0, DBA, DBA, 600)
    assert policy().rule(Risk.CHANGE, "backup", "main") == replace(STRICT, approvals=3)


def test_a_table_of_its_own_can_ask_for_more() -> None:
    own = Override(approvals=1, propose=frozenset({"oncall"}), reason=True)
    rule = policy(own).rule(Risk.CHANGE, "promote", "main")
    assert rule == Rule(1, DBA, frozenset(), 600, reason=True)


def test_nothing_destructive_is_ever_at_once() -> None:
    rule = policy().rule(Risk.DESTRUCTIVE, "promote", "main")
    assert isinstance(rule, Rule)
    assert rule.approvals == 1


def test_without_a_policy_for_its_risk_it_is_nobody_s() -> None:
    assert isinstance(Policy(at_once=AT_ONCE).rule(Risk.CHANGE, "promote", "main"), Refusal)


def test_taking_its_own_table_away_is_looser() -> None:
    old, new = (Rules(ROSTER, policy(own)) for own in (Override(approvals=1), None))
    assert "change (promote, promote on main): 1 → 0 approvals" in looser(old, new)
    assert looser(new, old) == ()


def test_one_person_s_word_is_a_grant(gate: Gate) -> None:
    opened = gate.open(actor("ana"), a_plan(Risk.CHANGE), origin="test", channel="ops")
    assert isinstance(opened, Request)
    assert (opened.state, opened.needed) == (State.APPROVED, 0)


def test_who_may_not_ask_may_not_ask_for_this_either(gate: Gate) -> None:
    refused = gate.open(actor("cy"), a_plan(Risk.CHANGE), origin="test", channel="ops")
    assert isinstance(refused, Refusal)
    assert refused.code == "NOT-YOURS-TO-ASK"


def test_a_hold_keeps_back_what_starts_something_and_not_what_stops_it(gate: Gate, clock: StandingClock) -> None:
    Holds(gate.store, clock).put(actor("ben"), "main", "storage is moved")
    opened = gate.open(actor("ana"), a_plan(Risk.CHANGE), origin="test", channel="ops")
    assert isinstance(opened, Request)
    (grant,) = Ending(gate.store, gate.rules, clock).claimable()
    with gate.store.transaction() as session:
        came = Book(gate.rules, clock).redeem(session, grant)
    assert isinstance(came, Request)
    assert came.state is State.RUNNING
    held = gate.open(actor("ana"), replace(a_plan(Risk.CHANGE), action="backup"), origin="test", channel="ops")
    assert isinstance(held, Refusal)
