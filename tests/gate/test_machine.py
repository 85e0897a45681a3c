"""People, time, crashes and restarts do what they like: nothing runs on one person's word, and nothing twice."""

import os
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from approvals.model import Request, State, Verdict, Wish
from audit.store import Store, open_store
from audit.verify import verify_store
from core.grant import Grant
from core.outcome import Outcome, Refusal
from core.plan import Risk
from runs import store as runs
from runs.journal import Journal
from runs.model import Run, RunState
from tests.fixtures.house import DBA, TYPED, a_plan
from tests.gate.scene import PEOPLE, WEB, Scene, strict, told

SOAK = bool(os.environ.get("SECONDER_SOAK"))
NAMES = st.sampled_from(sorted(PEOPLE))
RULES = (strict(), strict(approvals=2), strict(also=WEB), strict(emergency=DBA, review=60))
_ONE_EACH = {
    State.APPROVED: "request.approved",
    State.REJECTED: "request.rejected",
    State.WITHDRAWN: "request.withdrawn",
    State.EXPIRED: "request.expired",
    State.OUTDATED: "request.outdated",
    State.BLOCKED: "request.blocked",
    State.RUNNING: "run.started",
    State.SUCCEEDED: "run.ended",
    State.FAILED: "run.ended",
    State.CANCELLED: "run.ended",
    State.UNKNOWN: "run.ended",
}


class Crash(Exception):  # it is no error of ours
    """The process dies inside a transaction: what it wrote is gone."""


class Consent(RuleBasedStateMachine):
    """One store, any number of bots. What is true is kept beside it, in plain numbers."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory(prefix="seconder-test-")
        self.url = f"sqlite:///{self.folder.name}/store.db"
        self.scene = Scene(self.opened())
        self.begun: Counter[str] = Counter()
        self.by: dict[str, tuple[str, ...]] = {}
        self.said: defaultdict[str, set[str]] = defaultdict(set)
        self.states: dict[str, list[State]] = {}
        self.old_grants: list[Grant] = []
        self.bots = 1

    def opened(self) -> Store:
        store = open_store(self.url)
        store.prepare()
        return store

    @rule(who=NAMES, wish=st.sampled_from(["", "later", "emergency"]), risk=st.sampled_from([Risk.DESTRUCTIVE]))
    def ask(self, who: str, wish: str, risk: Risk) -> None:
        wishes = {
            "": Wish(),
            "later": Wish(start_at=self.scene.clock.now() + timedelta(seconds=600)),
            "emergency": Wish(reason="the disk dies", emergency=True),
        }
        self.scene.asks(who, a_plan(risk), wishes[wish])

    @rule(who=NAMES, verdict=st.sampled_from(Verdict), data=st.data())
    def vote(self, who: str, verdict: Verdict, data: st.DataObject) -> None:
        request = self._some(data)
        if request is None:
            return
        gate, actor = self.scene.gate, self.scene.actor(who)
        came = told(lambda: gate.vote(actor, request.id, verdict, typed=TYPED))
        if isinstance(came, Request) and verdict is Verdict.APPROVE:
            self.said[request.id].add(who)

    @rule(who=NAMES, data=st.data())
    def take_back(self, who: str, data: st.DataObject) -> None:
        request = self._some(data)
        if request is not None and isinstance(self.scene.gate.take_back(self.scene.actor(who), request.id), Request):
            self.said[request.id].discard(who)

    @rule(who=NAMES, data=st.data())
    def withdraw(self, who: str, data: st.DataObject) -> None:
        request = self._some(data)
        if request is not None:
            self.scene.gate.withdraw(self.scene.actor(who), request.id)

    @rule(seconds=st.sampled_from([1, 60, 600, 899, 900, 1800]), sweeps=st.booleans())
    def time_passes(self, seconds: int, *, sweeps: bool) -> None:
        self.scene.clock.forward(seconds)
        if sweeps:
            self.scene.ending.sweep()

    @rule(who=NAMES, gone=st.booleans())
    def somebody_loses_or_gets_back_the_right(self, who: str, *, gone: bool) -> None:
        fresh = replace(PEOPLE[who], groups=frozenset()) if gone else PEOPLE[who]
        self.scene.people = {**self.scene.people, who: fresh}

    @rule(rule_=st.sampled_from(RULES))
    def the_policy_changes(self, rule_: object) -> None:
        self.scene.rule = rule_  # type: ignore[assignment]

    @rule(who=NAMES)
    def somebody_holds_everything_and_it_is_lifted(self, who: str) -> None:
        self.scene.holds.put(self.scene.actor(who), "main", "storage")
        for grant in self.scene.ending.claimable()[:1]:
            self._start(grant)
        for hold in self.scene.holds.standing():
            self.scene.holds.lift(hold.id, by="test")

    @rule()
    def a_bot_starts_what_it_can(self) -> None:
        for grant in self.scene.ending.claimable():
            self._start(grant)

    @rule(data=st.data())
    def somebody_tries_an_old_grant(self, data: st.DataObject) -> None:
        if self.old_grants:
            self._start(data.draw(st.sampled_from(self.old_grants)))

    @rule()
    def a_bot_dies_while_it_starts(self) -> None:
        for grant in self.scene.ending.claimable()[:1]:
            try:
                with self.scene.store.transaction() as session:
                    self.scene.book.redeem(session, grant)
                    raise Crash  # noqa: TRY301  # the process ends here
            except Crash:
                self.old_grants.append(grant)

    @rule()
    def the_bot_is_started_again(self) -> None:
        self.scene.store.close()
        self.scene.store = self.opened()
        self.bots += 1
        for run in self._unfinished():
            self._journal().take_over(run)

    @rule(outcome=st.sampled_from(Outcome))
    def a_run_ends(self, outcome: Outcome) -> None:
        for run in self._unfinished():
            mine = self._journal().take_over(run)
            if mine is not None:
                self._journal().end(mine, outcome)

    @rule()
    def two_people_settle_what_is_unknown(self) -> None:
        for request in self.scene.gate.listed(states=(State.UNKNOWN,)):
            with self.scene.store.reading() as session:
                run = runs.of_request(session, request.id)
            if run is not None and run.state is RunState.UNKNOWN:
                self._journal().settle(run, happened=True, people=["ana", "ben"], done=True, note="")

    def _start(self, grant: Grant) -> None:
        found = self.scene.gate.find(grant.request)
        assert found is not None
        self.old_grants.append(grant)
        came = self._journal().begin(grant)
        if isinstance(came, Refusal):
            return
        self.begun[grant.request] += 1
        others = {name for name in self.said[grant.request] if name != found.requester}
        able = {name for name in others if self.scene.people[name].groups & self.scene.rule.voters}
        self.by[grant.request] = tuple(sorted(able))
        assert len(able) >= len(self.scene.rule.places) or found.wish.emergency
        assert not found.wish.emergency or self.scene.people[found.requester].groups & self.scene.rule.emergency

    def _journal(self) -> Journal:
        return Journal(self.scene.store, self.scene.book, self.scene.clock, f"bot-{self.bots}")

    def _unfinished(self) -> list[Run]:
        with self.scene.store.reading() as session:
            return runs.unfinished(session)

    def _some(self, data: st.DataObject) -> Request | None:
        known = self.scene.gate.listed()
        return data.draw(st.sampled_from(known)) if known else None

    @invariant()
    def nothing_ran_twice_or_on_one_persons_word(self) -> None:
        for request in self.scene.gate.listed() if hasattr(self, "scene") else []:
            assert self.begun[request.id] <= 1
            if self.begun[request.id] and not request.wish.emergency:
                assert len({request.requester, *self.by[request.id]}) >= 2

    @invariant()
    def every_transition_left_one_line_and_nothing_else_did(self) -> None:
        for request in self.scene.gate.listed() if hasattr(self, "scene") else []:
            lines = [(action, outcome) for action, outcome, _ in self.scene.record(request.id)]
            count = Counter(action for action, outcome in lines if outcome != "denied")
            assert count["request.opened"] == 1
            assert count["request.voted"] >= len(request.votes)
            for ends in ("rejected", "withdrawn", "expired", "outdated", "blocked"):
                wanted = 1 if request.state.value == ends else 0
                assert count[f"request.{ends}"] == wanted, (request.state, lines)
            if request.state in _ONE_EACH:
                assert count[_ONE_EACH[request.state]] >= 1
            assert (count["run.started"] > 0) == (self.begun[request.id] == 1)
            taken_back = sum(1 for action, _ in lines if action == "request.voted") - len(request.votes)
            assert count["request.approved"] <= 1 + taken_back // 2

    def teardown(self) -> None:
        if hasattr(self, "scene"):
            assert verify_store(self.url).bad is None
            self.scene.store.close()
            self.folder.cleanup()


TestConsent = Consent.TestCase
TestConsent.settings = settings(
    max_examples=2000 if SOAK else 60, stateful_step_count=40 if SOAK else 25, deadline=None
)
