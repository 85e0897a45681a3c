"""Stopping a run, and saying what happened when nobody could tell."""

from dataclasses import replace

import pytest

from approvals.debts.ledger import Reviews
from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Request, State
from approvals.policy import Policy
from audit import store as audit_rows
from audit.store import Store
from bot.stops import Stops
from bot.texts import Texts
from core.outcome import Evidence, Outcome, Refusal
from core.plan import Risk
from runs.journal import Journal
from runs.model import Run, StepState
from tests.fixtures.house import DBA, RULES, StandingClock, a_plan, actor, always, book, clock, grants, store

__all__ = ["book", "clock", "store"]


@pytest.fixture
def journal(store: Store, book: Book, clock: StandingClock) -> Journal:
    return Journal(store, book, clock, "bot-1")


@pytest.fixture
def stops(store: Store, gate: Gate, journal: Journal, clock: StandingClock) -> Stops:
    return Stops(store, gate, journal, clock, Texts(), Reviews(store, gate.rules, clock))


RULE = replace(RULES[Risk.CHANGE], groups=DBA)


@pytest.fixture
def gate(store: Store, clock: StandingClock) -> Gate:
    return Gate(store, always(Policy({**RULES, Risk.CHANGE: RULE})), clock)


def begun(gate: Gate, journal: Journal) -> tuple[Request, Run]:
    made = gate.open(actor("ana"), a_plan(Risk.CHANGE), origin="t", channel="ops")
    assert isinstance(made, Request)
    (grant,) = grants(gate)
    run = journal.begin(grant)
    assert isinstance(run, Run)
    return now(gate, made), journal.set_out(run)


def lost(gate: Gate, journal: Journal) -> Request:
    request, run = begun(gate, journal)
    journal.outcome(run, 1, run.plan.steps[0], StepState.UNKNOWN, Evidence("connection lost"))
    journal.end(journal.refresh(run), Outcome.UNKNOWN, "Step 1: connection lost")
    return now(gate, request)


def now(gate: Gate, request: Request) -> Request:
    found = gate.find(request.id)
    assert found is not None
    return found


def test_the_requester_and_approvers_may_stop_and_others_may_not(stops: Stops, gate: Gate, journal: Journal) -> None:
    request, run = begun(gate, journal)
    refused = stops.stop(actor("cy"), request)
    assert isinstance(refused, Refusal)
    assert stops.stop(actor("ana"), request) is None
    assert journal.refresh(run).stop_by == "ana"
    again = stops.stop(actor("ana"), request)
    assert again is not None
    assert again.code == "STOPPING"


def test_behind_the_point_of_no_return_stop_says_what_comes_instead(stops: Stops, gate: Gate, journal: Journal) -> None:
    request, run = begun(gate, journal)
    journal.intent(run, 3, run.plan.steps[2])
    refused = stops.stop(actor("ana"), request)
    assert refused is not None
    assert refused.code == "PAST-RETURN"


def test_two_people_who_say_the_same_settle_an_unknown_result(
    stops: Stops, gate: Gate, journal: Journal, store: Store
) -> None:
    request = lost(gate, journal)
    assert "do first" in stops.facts(request)
    assert stops.settle(actor("ana"), request, happened=True) is None
    assert now(gate, request).state is State.UNKNOWN
    assert stops.settle(actor("ana"), request, happened=True) is None, "one person counts once"
    assert now(gate, request).state is State.UNKNOWN
    refused = stops.settle(actor("cy"), request, happened=True)
    assert refused is not None
    assert stops.settle(actor("ben"), request, happened=True) is None
    assert now(gate, request).state is State.FAILED, "steps are left: it has not succeeded"
    late = stops.settle(actor("dan"), request, happened=True)
    assert late is None or late.code == "NOT-UNKNOWN"
    with store.reading() as session:
        ends = [row for row in audit_rows.tail(session, 100) if row.action == "run.ended"]
    assert len(ends) == 2, "once as unknown, once settled"


def test_people_who_contradict_each_other_settle_nothing(stops: Stops, gate: Gate, journal: Journal) -> None:
    request = lost(gate, journal)
    stops.settle(actor("ana"), request, happened=True)
    stops.settle(actor("ben"), request, happened=False)
    assert now(gate, request).state is State.UNKNOWN


def test_what_is_not_unknown_can_not_be_settled(stops: Stops, gate: Gate, journal: Journal) -> None:
    request, _ = begun(gate, journal)
    refused = stops.settle(actor("ana"), request, happened=True)
    assert refused is not None
    assert refused.code == "NOT-UNKNOWN"
