"""What carrying out needs of consent: redeem a grant, and write back how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from approvals import store
from approvals.eligible import open_places, unchecked
from approvals.holds.book import in_the_way
from approvals.machine import Event
from approvals.model import Request, State
from approvals.moves import loaded, move, outdate
from approvals.rule import Rule
from approvals.rules import InForce, Rules
from approvals.times import may_start
from audit.store import Session
from core.clock import Clock, stamp
from core.grant import Grant
from core.outcome import Outcome, Refusal

_INVALID = Refusal("GRANT-INVALID", "There is no valid approval for this.", "Ask again with a new request.")
_EVENTS = {
    Outcome.SUCCEEDED: Event.SUCCEED,
    Outcome.FAILED: Event.FAIL,
    Outcome.CANCELLED: Event.CANCEL,
    Outcome.UNKNOWN: Event.LOSE,
}


@dataclass(frozen=True)
class Book:
    """The book of requests as a run sees it. Every method works inside the caller's transaction."""

    rules: InForce
    clock: Clock

    def redeem(self, session: Session, grant: Grant) -> Request | Refusal:
        """Use a grant up and set its request running, in the transaction that inserts the run.

        Asked again, at the effect: the roster for everybody who counted, holds, and windows of time.
        """
        request, rules = store.load(session, grant.request), self.rules()
        if request is None or request.state is not State.APPROVED:
            return _INVALID
        plan = request.plan
        rule = rules.of(plan)
        unsure = None if isinstance(rule, Refusal) else unchecked(request, rule, rules.roster)
        if unsure is not None:
            return unsure  # the grant stays: it is looked at again in a moment
        if not store.redeem_grant(session, grant, stamp(self.clock.now())):
            return _INVALID
        if isinstance(rule, Refusal) or not _still_agreed(request, rule, rules):
            lost = "somebody who approved may no longer approve"
            outdate(session, self.clock, request, [lost])
            return Refusal("APPROVAL-LOST", f"Not started: {lost}.", "Ask again with a new request.")
        held = in_the_way(session, plan, rules.policy.at_once)
        late = held or (None if request.wish.emergency else may_start(rule, self.clock.now()))
        if late is not None:
            self.block(session, request.id, late)
            return late
        return move(session, self.clock, request, Event.START)

    def block(self, session: Session, request_id: str, refusal: Refusal) -> None:
        """End a request that could not be started; nothing was changed."""
        note = f"{refusal.message} {refusal.hint}".strip()
        move(session, self.clock, loaded(session, request_id), Event.BLOCK, note=note)

    def outdate(self, session: Session, request_id: str, changes: Sequence[str]) -> None:
        """End a request whose cluster is no longer what the approvers saw; nothing was changed."""
        outdate(session, self.clock, loaded(session, request_id), changes)

    def finish(self, session: Session, request_id: str, outcome: Outcome, note: str) -> None:
        """Write how the run ended into its request."""
        move(session, self.clock, loaded(session, request_id), _EVENTS[outcome], note=note)

    def settle(self, session: Session, request_id: str, *, done: bool, note: str) -> None:
        """Close a request whose result was unknown, on the word of people."""
        event = Event.SETTLE_DONE if done else Event.SETTLE_UNDONE
        move(session, self.clock, loaded(session, request_id), event, note=note)

    def touch(self, session: Session, request_id: str) -> None:
        """Have the request's card drawn again."""
        store.touch(session, request_id)


def _still_agreed(request: Request, rule: Rule, rules: Rules) -> bool:
    """Say whether everybody who was needed still may say what they said."""
    if not request.wish.emergency:
        return not open_places(request, rule, rules.roster)
    person = rules.roster.named(request.requester)
    return person is not None and bool(person.groups & rule.emergency)
