"""The one road to a Grant: open, vote, quorum."""

from dataclasses import dataclass, replace
from datetime import timedelta

from approvals import store
from approvals.debts.ledger import Debts
from approvals.eligible import counted, enough_people, may_propose, may_stop, may_vote, open_places
from approvals.holds.book import in_the_way
from approvals.machine import Event, next_state
from approvals.model import Request, State, Typed, Verdict, Vote, Wish
from approvals.moves import Actor, denied, grant, loaded, move, record
from approvals.rule import Rule
from approvals.rules import InForce
from approvals.times import wish_granted
from audit.store import Session, Store
from core.clock import Clock
from core.ids import new_id
from core.outcome import Refusal
from core.plan import Plan, Risk


@dataclass(frozen=True)
class Gate:
    """Consent, kept in the store. Every method is one transaction with its record."""

    store: Store
    rules: InForce
    clock: Clock

    def rule(self, plan: Plan) -> Rule | Refusal:
        """Give the rule that a plan falls under."""
        return self.rules().of(plan)

    def open(
        self, actor: Actor, plan: Plan, *, origin: str, channel: str, wish: Wish | None = None
    ) -> Request | Refusal:
        """Open a request for a plan; at once approved where the policy asks for no second person."""
        rules, wish = self.rules(), wish or Wish()
        rule = rules.of(plan)
        if isinstance(rule, Refusal):
            return rule
        if plan.risk is Risk.READ:
            return Refusal("PLAN-RISK", "What only looks has no steps to agree to.", "This is a bug in that action.")
        refusal = may_propose(actor.person, rule) or wish_granted(rule, wish, self.clock.now())
        if refusal is None and not wish.emergency:
            refusal = enough_people(rule, actor.person.name, rules.roster)
        if refusal is not None:
            return refusal
        request = self._fresh(actor, plan, rule, wish, origin=origin, channel=channel)
        if not request.needed and plan.typed not in wish.reason:
            return _unsaid(plan)
        with self.store.transaction() as session:
            refusal = in_the_way(session, plan, rules.policy.at_once)
            if refusal is None and wish.emergency:
                refusal = Debts(self.clock).owe(session, actor.person, request, rule)
            if refusal is not None:
                return refusal
            store.insert(session, request)
            detail = {"plan_hash": request.plan_hash, "reason": wish.reason, "emergency": wish.emergency}
            record(session, self.clock, request, "request.opened", actor=actor, detail=detail)
            if not request.needed:
                grant(session, self.clock, request, by=())
            return loaded(session, request.id)

    def vote(
        self, actor: Actor, request_id: str, verdict: Verdict, reason: str = "", typed: Typed | None = None
    ) -> Request | Refusal:
        """Count a person's word. A second approval by the same person changes nothing and says so."""
        rules = self.rules()
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            rule = rules.of(request.plan)
            if isinstance(rule, Refusal):
                return denied(session, self.clock, request, actor, rule)
            refusal = self._may_vote_now(request, actor, rule)
            if refusal is None and verdict is Verdict.APPROVE:
                refusal = mistyped(request, rule, typed or Typed())
            if refusal is not None:
                return denied(session, self.clock, request, actor, refusal)
            vote = Vote(actor.person.name, verdict, self.clock.now(), actor.account, reason)
            store.add_vote(session, request_id, vote)
            detail = {"verdict": verdict.value, "reason": reason}
            record(session, self.clock, request, "request.voted", actor=actor, detail=detail)
            request = replace(request, votes=(*request.votes, vote))
            if verdict is Verdict.REJECT:
                move(session, self.clock, request, Event.REJECT, actor=actor, note=reason)
            elif not open_places(request, rule, rules.roster):
                grant(session, self.clock, request, by=counted(request, rule, rules.roster))
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

    def take_back(self, actor: Actor, request_id: str) -> Request | Refusal:
        """Take one's own approval back before the start; what it had completed is open again."""
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            if request.state not in {State.OPEN, State.APPROVED}:
                late = next_state(request.state, Event.TAKE_BACK)
                return denied(session, self.clock, request, actor, late) if isinstance(late, Refusal) else request
            if not any(vote.person == actor.person.name and vote.approves for vote in request.votes):
                none = Refusal("NOTHING-TO-TAKE-BACK", "You have not approved this, so there is nothing to take back.")
                return denied(session, self.clock, request, actor, none)
            store.drop_vote(session, request_id, actor.person.name)
            store.drop_grant(session, request_id)
            record(session, self.clock, request, "request.voted", actor=actor, detail={"verdict": "taken back"})
            if request.state is State.APPROVED:
                move(session, self.clock, request, Event.TAKE_BACK, actor=actor)
            else:
                store.touch(session, request_id)
            return loaded(session, request_id)

    def precheck(self, actor: Actor, request_id: str) -> Refusal | None:
        """Say, before a window opens, why a vote would not count; a "no" is recorded."""
        rules = self.rules()
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            rule = rules.of(request.plan)
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
        """Say whether a person may stop the run of a request, or settle it; a "no" is recorded."""
        rule = self.rule(request.plan)
        refusal = rule if isinstance(rule, Refusal) else may_stop(actor.person, request, rule)
        if refusal is not None:
            with self.store.transaction() as session:
                denied(session, self.clock, request, actor, refusal)
        return refusal

    def of_origin(self, origin: str) -> Request | None:
        """Give the request that a slot of a schedule has asked for, if it has."""
        with self.store.reading() as session:
            return store.of_origin(session, origin)

    def find(self, request_id: str) -> Request | None:
        """Give one request."""
        with self.store.reading() as session:
            return store.load(session, request_id)

    def listed(self, *, states: tuple[State, ...] = (), limit: int = 100) -> list[Request]:
        """List requests, oldest first."""
        with self.store.reading() as session:
            return store.listed(session, states=states, limit=limit)

    def _fresh(self, actor: Actor, plan: Plan, rule: Rule, wish: Wish, *, origin: str, channel: str) -> Request:
        now = self.clock.now()
        ends = now + timedelta(seconds=rule.expires)
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
            needed=0 if wish.emergency else len(rule.places),
            created_at=now,
            expires_at=min(ends, wish.start_at) if wish.start_at else ends,
            ended_at=None,
            ended_by="",
            note="",
            changes=(),
            votes=(),
            wish=wish,
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


def _unsaid(plan: Plan) -> Refusal:
    """Refuse what nobody will type: without an approver whoever asks has to say it."""
    said = f"Nobody approves this, so nobody types “{plan.typed}”: the reason has to say it."
    return Refusal("REASON-UNSAID", said, f"Only if it is so: --emergency “{plan.typed}, and why”.")


def mistyped(request: Request, rule: Rule, typed: Typed) -> Refusal | None:
    """Say what was not typed as it must be: the target of what is destructive, the fact that a rule asks for."""
    plan = request.plan
    if plan.risk is Risk.DESTRUCTIVE and typed.target.strip() != plan.word:
        return Refusal(
            "TARGET", f"That is not “{plan.word}”.", "Nothing was approved: look again at what this changes."
        )
    if rule.look and plan.look is not None:
        facts = {(fact.name, fact.subject): fact.value for fact in plan.facts}
        if typed.look.strip().lower() != str(facts.get((plan.look.fact, plan.look.subject))).lower():
            said = "What you looked up is not what this plan was made on."
            return Refusal("LOOK", said, "Nothing was approved: look at the cluster again.")
    return None
