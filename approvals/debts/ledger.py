"""Break-glass: one person runs it alone where the policy lets them, and owes everybody a review."""

from dataclasses import dataclass
from datetime import timedelta

from approvals import store as requests
from approvals.debts import store as rows
from approvals.eligible import any_of, may_vote
from approvals.model import Request
from approvals.moves import Actor, denied, loaded, record
from approvals.people import Person
from approvals.rule import Rule
from approvals.rules import InForce, Rules
from audit.store import Session, Store
from core.clock import Clock, moment, stamp
from core.outcome import Refusal

ALWAYS_TWO = frozenset({"lift", "rules"})  # what other people's protection hangs on: a hold, and the rules themselves


@dataclass(frozen=True)
class Debt:
    """Somebody ran a request alone. ``due_at`` and ``opened_at`` are UTC text; ``late``: nobody looked in time."""

    request: str
    person: str
    reason: str
    opened_at: str
    due_at: str
    late: bool
    reviewed_by: str = ""
    fine: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Debts:
    """Opens debts, inside the transaction that opens their request."""

    clock: Clock

    def owe(self, session: Session, person: Person, request: Request, rule: Rule) -> Refusal | None:
        """Open the debt of an emergency, or say why there is none to be had."""
        refusal = _may_break(person, request, rule)
        if refusal is not None:
            return refusal
        owed = rows.unpaid(session, person.name)
        if owed:
            return Refusal(
                "EMERGENCY-DEBT",
                f"Your last emergency ({owed[0].request}) has not been looked at by anybody else yet.",
                f"Ask somebody to: review {owed[0].request}. Or ask for this without --emergency.",
            )
        now = self.clock.now()
        due = stamp(now + timedelta(seconds=rule.review))
        reason = request.wish.reason
        rows.insert(
            session,
            rows.DebtRow(request=request.id, person=person.name, reason=reason, opened_at=stamp(now), due_at=due),
        )
        return None


@dataclass(frozen=True)
class Reviews:
    """Lists debts, and takes the word of who has looked."""

    store: Store
    rules: InForce
    clock: Clock

    def unpaid(self) -> list[Debt]:
        """List what nobody has looked at yet, oldest first."""
        with self.store.reading() as session:
            return [self._debt(row) for row in rows.unpaid(session)]

    def of(self, request_id: str) -> Debt | None:
        """Give the debt of a request, paid or not."""
        with self.store.reading() as session:
            row = rows.find(session, request_id)
            return self._debt(row) if row else None

    def check(self, actor: Actor, request_id: str) -> Refusal | None:
        """Say, before a window opens, why somebody may not review; a "no" is recorded."""
        rules = self.rules()
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            refusal = _may_review(session, actor.person, request, rules)
            return denied(session, self.clock, request, actor, refusal) if refusal else None

    def review(self, actor: Actor, request_id: str, *, fine: bool, note: str) -> Request | Refusal:
        """Note that somebody other than who ran it has looked, and what they say."""
        rules = self.rules()
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            refusal = _may_review(session, actor.person, request, rules)
            if refusal is None and not fine and not note.strip():
                refusal = Refusal("REVIEW-NOTE", "Say what was not fine.", "Nothing was noted.")
            if refusal is not None:
                return denied(session, self.clock, request, actor, refusal)
            by, at = actor.person.name, stamp(self.clock.now())
            rows.pay(session, request_id, by=by, at=at, fine=fine, note=note.strip())
            detail = {"verdict": "review: fine" if fine else "review: not fine", "reason": note.strip()}
            record(session, self.clock, request, "request.voted", actor=actor, detail=detail)
            requests.touch(session, request_id)
            return loaded(session, request_id)

    def unannounced(self) -> list[Debt]:
        """List the emergencies that those who were passed over have not been told of."""
        with self.store.reading() as session:
            return [self._debt(row) for row in rows.unannounced(session)]

    def announced(self, debt: Debt) -> None:
        """Note that they were told."""
        with self.store.transaction() as session:
            rows.announced(session, debt.request)

    def _debt(self, row: rows.DebtRow) -> Debt:
        late = row.reviewed_by is None and moment(row.due_at) <= self.clock.now()
        return Debt(
            row.request,
            row.person,
            row.reason,
            row.opened_at,
            row.due_at,
            late,
            row.reviewed_by or "",
            row.fine,
            row.note,
        )


def _may_break(person: Person, request: Request, rule: Rule) -> Refusal | None:
    if request.plan.action in ALWAYS_TWO:
        return Refusal("EMERGENCY-NO", "This always takes two people.", "Ask for it without --emergency.")
    if not person.groups & rule.emergency:
        who = f"it takes {any_of(rule.emergency)}" if rule.emergency else "the policy lets nobody"
        return Refusal("EMERGENCY-NO", f"You may not run this alone: {who}.", "Ask for it without --emergency.")
    if not request.wish.reason.strip():
        return Refusal("REASON-NONE", "An emergency is asked for with a reason.", 'Say --emergency "why".')
    if request.wish.start_at is not None:
        return Refusal("EMERGENCY-LATER", "What can wait is no emergency.", "Leave out --at or --emergency.")
    return None


def _may_review(session: Session, person: Person, request: Request, rules: Rules) -> Refusal | None:
    debt = rows.find(session, request.id)
    if debt is None:
        return Refusal("REVIEW-NONE", "This was not run as an emergency: there is nothing to review.")
    if debt.reviewed_by is not None:
        return Refusal("REVIEWED", f"{debt.reviewed_by} has looked at this already.")
    if person.name == debt.person:
        return Refusal("OWN-REQUEST", "You ran this alone, so somebody else has to look at it.", "Ask one of them.")
    rule = rules.of(request.plan)
    return rule if isinstance(rule, Refusal) else may_vote(person, request, rule)
