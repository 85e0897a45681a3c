"""What carrying out needs of consent: redeem a grant, and write back how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from approvals import store
from approvals.machine import Event
from approvals.model import Request
from approvals.moves import loaded, move, outdate
from approvals.people import Roster
from approvals.policy import Policy, counted
from audit.store import Session
from core.clock import Clock, stamp
from core.grant import Grant
from core.outcome import Outcome, Refusal

_EVENTS = {
    Outcome.SUCCEEDED: Event.SUCCEED,
    Outcome.FAILED: Event.FAIL,
    Outcome.CANCELLED: Event.CANCEL,
    Outcome.UNKNOWN: Event.LOSE,
}


@dataclass(frozen=True)
class Book:
    """The book of requests as a run sees it. Every method works inside the caller's transaction."""

    roster: Roster
    policy: Policy
    clock: Clock

    def redeem(self, session: Session, grant: Grant) -> Request | Refusal:
        """Use a grant up and set its request running, in the transaction that inserts the run.

        The roster is asked again for everybody who counted: somebody may have lost the right since.
        """
        request = store.load(session, grant.request)
        if request is None or not store.redeem_grant(session, grant, stamp(self.clock.now())):
            return Refusal("GRANT-INVALID", "There is no valid approval for this.", "Ask again with a new request.")
        rule = self.policy.rule(request.plan.risk, request.plan.action, request.plan.cluster)
        if isinstance(rule, Refusal) or len(counted(request, rule, self.roster)) < rule.approvals:
            lost = "somebody who approved may no longer approve"
            outdate(session, self.clock, request, [lost])
            return Refusal("APPROVAL-LOST", f"Not started: {lost}.", "Ask again with a new request.")
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
