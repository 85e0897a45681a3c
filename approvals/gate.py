"""The one road to a Grant: open, vote, quorum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from approvals import store
from approvals.machine import Event, next_state
from approvals.model import Request, State, Verdict, Vote
from approvals.moves import Actor, denied, loaded, move, outdate, record
from approvals.people import Roster
from approvals.policy import Policy, Rule, counted, enough_people, may_propose, may_stop, may_vote
from audit.store import Session, Store
from core.clock import Clock, stamp
from core.grant import Grant
from core.ids import new_id, new_token
from core.outcome import Refusal
from core.plan import Plan

GRANT_SECONDS = 900  # an approval opens a lease of minutes, not a standing right (approvals.md, section 5)


@dataclass(frozen=True)
class Gate:
    """Consent, kept in the store. Every method is one transaction with its record."""

    store: Store
    roster: Roster
    policy: Policy
    clock: Clock

    def rule(self, plan: Plan) -> Rule | Refusal:
        """Give the rule that a plan falls under."""
        return self.policy.rule(plan.risk, plan.action, plan.cluster)

    def open(self, actor: Actor, plan: Plan, *, origin: str, channel: str) -> Request | Refusal:
        """Open a request for a plan; at once approved where the policy asks for no second person."""
        rule = self.rule(plan)
        if isinstance(rule, Refusal):
            return rule
        refusal = may_propose(actor.person, rule) or enough_people(rule, actor.person.name, self.roster)
        if refusal is not None:
            return refusal
        request = self._fresh(actor, plan, rule, origin=origin, channel=channel)
        with self.store.transaction() as session:
            store.insert(session, request)
            record(session, self.clock, request, "request.opened", actor=actor, detail={"plan_hash": request.plan_hash})
            if not request.needed:
                self._grant(session, request, rule)
            return loaded(session, request.id)

    def vote(self, actor: Actor, request_id: str, verdict: Verdict, reason: str = "") -> Request | Refusal:
        """Count a person's word. A second approval by the same person changes nothing and says so."""
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            rule = self.rule(request.plan)
            if isinstance(rule, Refusal):
                return denied(session, self.clock, request, actor, rule)
            refusal = self._may_vote_now(request, actor, rule)
            if refusal is not None:
                return denied(session, self.clock, request, actor, refusal)
            vote = Vote(actor.person.name, verdict, self.clock.now(), actor.account, reason)
            store.add_vote(session, request_id, vote)
            record(
                session,
                self.clock,
                request,
                "request.voted",
                actor=actor,
                detail={"verdict": verdict.value, "reason": reason},
            )
            request = replace(request, votes=(*request.votes, vote))
            if verdict is Verdict.REJECT:
                move(session, self.clock, request, Event.REJECT, actor=actor, note=reason)
            elif len(counted(request, rule, self.roster)) >= request.needed:
                self._grant(session, request, rule)
            else:
                store.touch(session, request_id)
            return loaded(session, request_id)

    def withdraw(self, actor: Actor, request_id: str) -> Request | Refusal:
        """Take a request back before it runs; only the requester can."""
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            if actor.person.name != request.requester:
                refusal = Refusal(
                    "NOT-YOURS-TO-WITHDRAW",
                    f"Only {request.requester}, who asked, can withdraw this.",
                    "You can reject it.",
                )
                return denied(session, self.clock, request, actor, refusal)
            return move(session, self.clock, request, Event.WITHDRAW, actor=actor)

    def precheck(self, actor: Actor, request_id: str) -> Refusal | None:
        """Say, before a window opens, why a vote would not count; a "no" is recorded."""
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            rule = self.rule(request.plan)
            refusal = rule if isinstance(rule, Refusal) else self._may_vote_now(request, actor, rule)
            return None if refusal is None else denied(session, self.clock, request, actor, refusal)

    def note_stop(self, session: Session, actor: Actor, request: Request) -> None:
        """Record that somebody pressed Stop, and have the card say so."""
        record(session, self.clock, request, "request.voted", actor=actor, detail={"verdict": "stop"})
        store.touch(session, request.id)

    def note_settlement(self, session: Session, actor: Actor, request: Request, *, happened: bool) -> None:
        """Record what somebody says about an unknown result."""
        word = "happened" if happened else "did not happen"
        record(session, self.clock, request, "request.voted", actor=actor, detail={"verdict": f"settle: {word}"})
        store.touch(session, request.id)

    def may_stop(self, actor: Actor, request: Request) -> Refusal | None:
        """Say whether a person may stop the run of a request."""
        rule = self.rule(request.plan)
        return rule if isinstance(rule, Refusal) else may_stop(actor.person, request, rule)

    def find(self, request_id: str) -> Request | None:
        """Give one request."""
        with self.store.reading() as session:
            return store.load(session, request_id)

    def listed(self, *, states: Sequence[State] = (), limit: int = 100) -> list[Request]:
        """List requests, oldest first."""
        with self.store.reading() as session:
            return store.listed(session, states=states, limit=limit)

    def sweep(self) -> None:
        """End what ran out of time, and what was asked under another policy."""
        now = self.clock.now()
        with self.store.reading() as session:
            waiting = store.listed(session, states=(State.OPEN, State.APPROVED), limit=1000)
            ends = {request.id: store.grant_expiry(session, request.id) for request in waiting}
        for request in waiting:
            until = ends[request.id] or stamp(request.expires_at)
            if until <= stamp(now):
                self._expire(request.id)
            elif self._policy_changed(request):
                self._outdate(request.id)

    def claimable(self) -> list[Grant]:
        """List grants that wait for a run."""
        with self.store.reading() as session:
            return store.unredeemed(session, stamp(self.clock.now()))

    def _fresh(self, actor: Actor, plan: Plan, rule: Rule, *, origin: str, channel: str) -> Request:
        now = self.clock.now()
        return Request(
            id=new_id("r"),
            version=1,
            state=State.OPEN,
            requester=actor.person.name,
            origin=origin,
            channel=channel,
            plan=plan,
            plan_hash=plan.plan_hash,
            rule_hash=rule.rule_hash,
            needed=rule.approvals,
            created_at=now,
            expires_at=now + timedelta(seconds=rule.expires),
            ended_at=None,
            ended_by="",
            note="",
            changes=(),
            votes=(),
        )

    def _may_vote_now(self, request: Request, actor: Actor, rule: Rule) -> Refusal | None:
        if request.state is not State.OPEN:
            late = next_state(request.state, Event.QUORUM)
            return late if isinstance(late, Refusal) else None
        if self.clock.now() >= request.expires_at:
            return Refusal("EXPIRED", "This request has expired.", "Ask again: the plan will be made anew.")
        if request.rule_hash != rule.rule_hash:
            return Refusal("POLICY-CHANGED", "The policy changed since this was asked.", "Ask again.")
        if any(vote.person == actor.person.name for vote in request.votes):
            return Refusal("ALREADY-VOTED", "You have already voted on this; it was counted once.")
        return may_vote(actor.person, request, rule)

    def _grant(self, session: Session, request: Request, rule: Rule) -> None:
        now = self.clock.now()
        grant = Grant(request.id, request.plan_hash, new_token())
        ends = stamp(now + timedelta(seconds=GRANT_SECONDS))
        store.add_grant(session, grant, issued_at=stamp(now), expires_at=ends)
        detail = {"by": list(counted(request, rule, self.roster)), "needed": request.needed, "until": ends}
        move(session, self.clock, request, Event.QUORUM, detail=detail)

    def _policy_changed(self, request: Request) -> bool:
        rule = self.rule(request.plan)
        return isinstance(rule, Refusal) or rule.rule_hash != request.rule_hash

    def _expire(self, request_id: str) -> None:
        with self.store.transaction() as session:
            move(session, self.clock, loaded(session, request_id), Event.EXPIRE)

    def _outdate(self, request_id: str) -> None:
        with self.store.transaction() as session:
            outdate(session, self.clock, loaded(session, request_id), ["the policy changed since this was asked"])
