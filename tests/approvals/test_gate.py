import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from approvals.ending import Ending
from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Request, State, Verdict
from approvals.moves import GRANT_SECONDS
from approvals.people import Roster
from audit import store as audit_rows
from audit.store import Store
from core.grant import Grant
from core.outcome import Refusal
from core.plan import Risk
from tests.fixtures.house import (
    PEOPLE,
    TYPED,
    StandingClock,
    a_plan,
    actor,
    always,
    book,
    clock,
    ending,
    gate,
    store,
    with_rule,
)

__all__ = ["book", "clock", "ending", "gate", "store"]


def opened(gate: Gate, risk: Risk = Risk.DESTRUCTIVE) -> Request:
    made = gate.open(actor("ana"), a_plan(risk), origin="test", channel="ops")
    assert isinstance(made, Request)
    return made


def code(came: object) -> str:
    assert isinstance(came, Refusal), came
    return came.code


def recorded(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as session:
        return [(row.action, row.outcome, row.actor) for row in audit_rows.tail(session, 1000)]


def redeem(store: Store, book: Book, grant: Grant) -> Request | Refusal:
    with store.transaction() as session:
        return book.redeem(session, grant)


def test_a_destructive_request_waits(gate: Gate, ending: Ending) -> None:
    request = opened(gate)
    assert (request.state, request.needed) == (State.OPEN, 1)
    assert ending.claimable() == []


def test_a_change_is_approved_at_once_and_recorded(gate: Gate, store: Store, ending: Ending) -> None:
    assert opened(gate, Risk.CHANGE).state is State.APPROVED
    assert [action for action, _, _ in recorded(store)] == ["request.opened", "request.approved"]
    assert len(ending.claimable()) == 1


def test_the_requester_can_neither_approve_nor_reject(gate: Gate, store: Store) -> None:
    request = opened(gate)
    assert code(gate.vote(actor("ana"), request.id, Verdict.APPROVE, typed=TYPED)) == "OWN-REQUEST"
    assert code(gate.vote(actor("ana"), request.id, Verdict.REJECT)) == "OWN-REQUEST"
    assert recorded(store)[-1] == ("auth.denied", "denied", "ana")


def test_somebody_else_approves_once(gate: Gate) -> None:
    request = opened(gate)
    came = gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    assert isinstance(came, Request)
    assert came.state is State.APPROVED
    assert code(gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)) == "TOO-LATE"


def test_who_is_in_no_group_neither_asks_nor_votes(gate: Gate) -> None:
    assert code(gate.open(actor("cy"), a_plan(), origin="t", channel="ops")) == "NOT-YOURS-TO-ASK"
    request = opened(gate)
    assert code(gate.vote(actor("cy"), request.id, Verdict.APPROVE, typed=TYPED)) == "NOT-YOURS-TO-APPROVE"
    assert code(gate.vote(actor("cy"), request.id, Verdict.REJECT)) == "NOT-YOURS-TO-APPROVE"


def test_two_approvals_take_two_people(gate: Gate) -> None:
    strict = with_rule(gate, approvals=2)
    request = opened(strict)
    first = strict.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    assert isinstance(first, Request)
    assert first.state is State.OPEN
    assert code(strict.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)) == "ALREADY-VOTED"
    second = strict.vote(actor("dan"), request.id, Verdict.APPROVE, typed=TYPED)
    assert isinstance(second, Request)
    assert second.state is State.APPROVED


def test_one_rejection_ends_it(gate: Gate) -> None:
    request = opened(gate)
    came = gate.vote(actor("ben"), request.id, Verdict.REJECT, "not now")
    assert isinstance(came, Request)
    assert (came.state, came.note, came.ended_by) == (State.REJECTED, "not now", "ben")
    assert code(gate.vote(actor("dan"), request.id, Verdict.APPROVE, typed=TYPED)) == "TOO-LATE"


def test_only_the_requester_withdraws(gate: Gate) -> None:
    request = opened(gate)
    assert code(gate.withdraw(actor("ben"), request.id)) == "NOT-YOURS-TO-WITHDRAW"
    came = gate.withdraw(actor("ana"), request.id)
    assert isinstance(came, Request)
    assert came.state is State.WITHDRAWN
    assert came == gate.find(request.id)


def test_an_expired_request_takes_no_vote_and_ends_as_expired(gate: Gate, clock: StandingClock, ending: Ending) -> None:
    request = opened(gate)
    clock.forward(1800)
    assert code(gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)) == "EXPIRED"
    ending.sweep()
    assert gate.find(request.id) is not None
    assert gate.find(request.id).state is State.EXPIRED  # type: ignore[union-attr]


def test_an_approval_that_nobody_used_expires(gate: Gate, clock: StandingClock, ending: Ending) -> None:
    request = opened(gate, Risk.CHANGE)
    clock.forward(GRANT_SECONDS)
    ending.sweep()
    assert ending.claimable() == []
    assert gate.find(request.id).state is State.EXPIRED  # type: ignore[union-attr]


def test_another_policy_makes_open_requests_outdated(gate: Gate) -> None:
    request = opened(gate)
    strict = with_rule(gate, approvals=2)
    assert code(strict.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)) == "POLICY-CHANGED"
    Ending(strict.store, strict.rules, strict.clock).sweep()
    assert gate.find(request.id).state is State.OUTDATED  # type: ignore[union-attr]


def test_a_grant_is_redeemed_once(gate: Gate, store: Store, book: Book, ending: Ending) -> None:
    opened(gate, Risk.CHANGE)
    (grant,) = ending.claimable()
    came = redeem(store, book, grant)
    assert isinstance(came, Request)
    assert came.state is State.RUNNING
    assert came == gate.find(came.id)
    assert code(redeem(store, book, grant)) == "GRANT-INVALID"


@pytest.mark.parametrize("part", ["request", "plan_hash", "token"])
def test_a_forged_grant_finds_no_row(gate: Gate, store: Store, book: Book, part: str, ending: Ending) -> None:
    opened(gate, Risk.CHANGE)
    (grant,) = ending.claimable()
    assert code(redeem(store, book, replace(grant, **{part: "forged"}))) == "GRANT-INVALID"
    assert ending.claimable() == [grant]


def test_a_grant_is_worthless_after_its_minutes(
    gate: Gate, store: Store, book: Book, clock: StandingClock, ending: Ending
) -> None:
    opened(gate, Risk.CHANGE)
    (grant,) = ending.claimable()
    clock.forward(GRANT_SECONDS)
    assert code(redeem(store, book, grant)) == "GRANT-INVALID"


def test_an_approver_who_left_the_group_counts_no_more(
    gate: Gate, store: Store, clock: StandingClock, ending: Ending
) -> None:
    request = opened(gate)
    gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    (grant,) = ending.claimable()
    without = Roster({name: one for name, one in PEOPLE.items() if name != "ben"})
    assert code(redeem(store, Book(always(roster=without), clock), grant)) == "APPROVAL-LOST"
    assert gate.find(request.id).state is State.OUTDATED  # type: ignore[union-attr]


def test_nobody_can_approve_with_an_empty_roster(store: Store, clock: StandingClock) -> None:
    empty = Gate(store, always(roster=Roster({})), clock)
    assert code(empty.open(actor("ana"), a_plan(), origin="t", channel="ops")) == "NOBODY-CAN-APPROVE"


def test_a_failure_takes_state_and_record_back_together(
    gate: Gate, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = opened(gate)
    before = recorded(store)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("disk")

    monkeypatch.setattr("audit.adding.add", broken)
    with pytest.raises(RuntimeError):
        gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    monkeypatch.undo()
    assert recorded(store) == before
    assert gate.find(request.id) == request


def test_two_approvers_at_the_same_moment_make_one_grant(gate: Gate, store: Store, ending: Ending) -> None:
    for _ in range(20):
        request = opened(gate)
        start = threading.Barrier(2)

        def votes(name: str, wanted: Request = request, barrier: threading.Barrier = start) -> object:
            barrier.wait()
            return gate.vote(actor(name), wanted.id, Verdict.APPROVE, typed=TYPED)

        with ThreadPoolExecutor(2) as pool:
            came = list(pool.map(votes, ["ben", "dan"]))
        assert [isinstance(one, Refusal) for one in came].count(True) == 1
        approvals = [line for line in recorded(store) if line[0] == "request.approved"]
        assert len(approvals) == len(ending.claimable())
