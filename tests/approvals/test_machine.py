from collections import defaultdict
from itertools import product
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from approvals.gate import Gate
from approvals.lease import Book
from approvals.machine import Event, next_state
from approvals.model import Request, State, Verdict
from approvals.policy import Policy
from audit import store as audit_rows
from audit.store import open_store
from core.outcome import Outcome, Refusal
from tests.fixtures.house import ROSTER, RULES, StandingClock, a_plan, actor


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=str)
def test_every_event_in_every_state_has_an_answer(state: State, event: Event) -> None:
    came = next_state(state, event)
    assert isinstance(came, (State, Refusal))


def test_what_has_ended_stays_ended() -> None:
    settled = {Event.SETTLE_DONE, Event.SETTLE_UNDONE}
    for state, event in product([state for state in State if state.ended], Event):
        allowed = state is State.UNKNOWN and event in settled
        assert allowed or isinstance(next_state(state, event), Refusal), (state, event)


class Requests(RuleBasedStateMachine):
    """People and time do what they like; nothing runs without two of them, nothing runs twice."""

    @initialize()
    def begin(self) -> None:
        self.clock = StandingClock()
        self.folder = TemporaryDirectory(prefix="seconder-test-")
        self.store = open_store(f"sqlite:///{self.folder.name}/store.db")
        self.store.prepare()
        self.gate = Gate(self.store, ROSTER, Policy(RULES), self.clock)
        self.book = Book(ROSTER, Policy(RULES), self.clock)
        self.runs: dict[str, int] = defaultdict(int)

    @rule(who=st.sampled_from(["ana", "ben", "cy"]))
    def ask(self, who: str) -> None:
        self.gate.open(actor(who), a_plan(), origin="t", channel="ops")

    @rule(who=st.sampled_from(["ana", "ben", "dan", "cy"]), verdict=st.sampled_from(Verdict), data=st.data())
    def vote(self, who: str, verdict: Verdict, data: st.DataObject) -> None:
        self._some(data, lambda request: self.gate.vote(actor(who), request.id, verdict))

    @rule(who=st.sampled_from(["ana", "ben"]), data=st.data())
    def withdraw(self, who: str, data: st.DataObject) -> None:
        self._some(data, lambda request: self.gate.withdraw(actor(who), request.id))

    @rule(seconds=st.sampled_from([1, 899, 900, 1800]))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(seconds)
        self.gate.sweep()

    @rule()
    def a_bot_starts_what_it_can(self) -> None:
        for grant in self.gate.claimable():
            with self.store.transaction() as session:
                came = self.book.redeem(session, grant)
            if isinstance(came, Request):
                self.runs[came.id] += 1

    @rule(data=st.data(), outcome=st.sampled_from(Outcome))
    def a_run_ends(self, data: st.DataObject, outcome: Outcome) -> None:
        def finish(request: Request) -> None:
            with self.store.transaction() as session:
                self.book.finish(session, request.id, outcome, "")

        self._some(data, finish)

    @invariant()
    def nothing_ran_twice_or_without_two_people(self) -> None:
        for request in self.gate.listed() if hasattr(self, "gate") else []:
            assert self.runs[request.id] <= 1
            if self.runs[request.id]:
                others = {vote.person for vote in request.votes if vote.approves} - {request.requester}
                assert others <= {"ana", "ben", "dan"}
                assert len(others) >= 1

    @invariant()
    def every_approval_was_recorded_once(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.reading() as session:
            lines = [row.request for row in audit_rows.tail(session, 10_000) if row.action == "request.approved"]
        assert len(lines) == len(set(lines))

    def _some(self, data: st.DataObject, work: object) -> None:
        known = self.gate.listed()
        if known:
            work(data.draw(st.sampled_from(known)))  # type: ignore[operator]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
