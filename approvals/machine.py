"""Which state follows which: total over both enums."""

from enum import StrEnum

from approvals.model import State
from core.outcome import Refusal


class Event(StrEnum):
    """What can happen to a request."""

    QUORUM = "quorum"
    TAKE_BACK = "take_back"  # somebody takes an approval back before the start
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    OUTDATE = "outdate"
    BLOCK = "block"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    LOSE = "lose"  # nobody can tell what happened
    SETTLE_DONE = "settle_done"  # people said that the last step happened
    SETTLE_UNDONE = "settle_undone"  # people said that it did not, or that steps are left


_NEXT = {
    (State.OPEN, Event.QUORUM): State.APPROVED,
    (State.OPEN, Event.REJECT): State.REJECTED,
    (State.OPEN, Event.WITHDRAW): State.WITHDRAWN,
    (State.OPEN, Event.EXPIRE): State.EXPIRED,
    (State.OPEN, Event.OUTDATE): State.OUTDATED,
    (State.APPROVED, Event.TAKE_BACK): State.OPEN,
    (State.APPROVED, Event.WITHDRAW): State.WITHDRAWN,
    (State.APPROVED, Event.EXPIRE): State.EXPIRED,
    (State.APPROVED, Event.OUTDATE): State.OUTDATED,
    (State.APPROVED, Event.BLOCK): State.BLOCKED,
    (State.APPROVED, Event.START): State.RUNNING,
    (State.RUNNING, Event.OUTDATE): State.OUTDATED,  # found while looking again, before the first effect
    (State.RUNNING, Event.BLOCK): State.BLOCKED,  # as above
    (State.RUNNING, Event.SUCCEED): State.SUCCEEDED,
    (State.RUNNING, Event.FAIL): State.FAILED,
    (State.RUNNING, Event.CANCEL): State.CANCELLED,
    (State.RUNNING, Event.LOSE): State.UNKNOWN,
    (State.UNKNOWN, Event.SETTLE_DONE): State.SUCCEEDED,
    (State.UNKNOWN, Event.SETTLE_UNDONE): State.FAILED,
}

_ENDED = {
    State.APPROVED: "has been approved and is about to start",
    State.RUNNING: "is running",
    State.SUCCEEDED: "has already been carried out",
    State.FAILED: "has already failed",
    State.CANCELLED: "was stopped",
    State.UNKNOWN: "ended with an unknown result",
    State.WITHDRAWN: "was withdrawn",
    State.REJECTED: "was rejected",
    State.EXPIRED: "expired",
    State.OUTDATED: "is outdated: the cluster or the policy changed",
    State.BLOCKED: "was not started",
    State.OPEN: "is still open",
}


def next_state(state: State, event: Event) -> State | Refusal:
    """Give the state after an event, or say why the event can't happen now."""
    following = _NEXT.get((state, event))
    if following is not None:
        return following
    return Refusal("TOO-LATE", f"This request {_ENDED[state]}.", "Nothing was changed by your click.")
