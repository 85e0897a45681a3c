"""One step of a request's life, written together with its record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from approvals import store
from approvals.machine import Event, next_state
from approvals.model import Request, State
from approvals.people import Person
from audit import ledger
from audit.store import Session
from core.clock import Clock, moment, stamp
from core.errors import SeconderError
from core.grant import Grant
from core.ids import new_token
from core.outcome import Refusal

SYSTEM = "system"
GRANT_SECONDS = 900  # an approval opens a lease of minutes, not a standing right (approvals.md, section 5)
_RECORDED = {
    State.APPROVED: "request.approved",
    State.REJECTED: "request.rejected",
    State.WITHDRAWN: "request.withdrawn",
    State.EXPIRED: "request.expired",
    State.OUTDATED: "request.outdated",
    State.BLOCKED: "request.blocked",
}


class NoSuchRequest(SeconderError):
    """No request has this id."""

    code = "REQUEST-NONE"


class Outrun(SeconderError):
    """Somebody else was faster."""

    code = "TOO-LATE"


@dataclass(frozen=True)
class Actor:
    """Who acts and how that is known: ``account`` is ``TEAM/USER`` of Slack, or ``login:NAME``."""

    person: Person
    account: str


def loaded(session: Session, request_id: str) -> Request:
    """Give a request; raises NoSuchRequest."""
    request = store.load(session, request_id)
    if request is None:
        raise NoSuchRequest(f"There is no request {request_id}.", "`/db requests` lists them.")
    return request


def move(
    session: Session,
    clock: Clock,
    request: Request,
    event: Event,
    *,
    actor: Actor | None = None,
    note: str = "",
    detail: Mapping[str, object] | None = None,
) -> Request | Refusal:
    """Take a request to its next state by compare-and-set, with its record; or say why it can't go there.

    Raises Outrun when another transaction moved it since it was read: then nothing of the caller's may be committed.
    The record of running and its end is the run's own (``run.started``, ``run.ended``).
    """
    state = next_state(request.state, event)
    if isinstance(state, Refusal):
        return state
    moved = replace(request, version=request.version + 1, state=state, note=note)
    values = {"state": state.value, "note": note}
    if state.ended:
        values |= {"ended_at": stamp(clock.now()), "ended_by": actor.person.name if actor else SYSTEM}
        moved = replace(moved, ended_at=moment(values["ended_at"]), ended_by=values["ended_by"])
    if not store.change(session, request, values):
        raise Outrun("Somebody else was faster; this request has moved on.", "Look at its card.")
    if state in _RECORDED:
        more = {"note": note} if note else {}
        record(session, clock, request, _RECORDED[state], actor=actor, detail={**more, **(detail or {})})
    return moved  # nothing else of it changed since it was read, or there would have been no change


def grant(session: Session, clock: Clock, request: Request, *, by: Sequence[str]) -> Request | Refusal:
    """Approve a request: the lock of its one run is put in place, for minutes from when it may start."""
    begins = request.wish.start_at or clock.now()
    ends = begins + timedelta(seconds=GRANT_SECONDS)
    detail: dict[str, object] = {"by": list(by), "needed": request.needed, "until": stamp(ends)}
    if request.wish.emergency:
        detail["emergency"] = True
    moved = move(session, clock, request, Event.QUORUM, detail=detail)
    if not isinstance(moved, Refusal):
        made = Grant(request.id, request.plan_hash, new_token())
        store.add_grant(session, made, issued_at=stamp(clock.now()), not_before=stamp(begins), expires_at=stamp(ends))
    return moved


def outdate(session: Session, clock: Clock, request: Request, changes: Sequence[str]) -> Request | Refusal:
    """End a request because of what changed since people looked; the list is kept for its card."""
    lines = list(changes)
    moved = move(session, clock, request, Event.OUTDATE, detail={"changes": lines})
    if not isinstance(moved, Refusal):
        store.change(session, moved, {"changes": json.dumps(lines)})
    return moved


def record(
    session: Session,
    clock: Clock,
    request: Request,
    action: str,
    *,
    actor: Actor | None = None,
    outcome: str = "success",
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write one line about a request into the record."""
    ledger.append(
        session,
        clock,
        ledger.Event(
            action=action,
            outcome=outcome,
            actor=actor.person.name if actor else SYSTEM,
            request=request.id,
            target=f"{request.plan.cluster}/{request.plan.target}",
            source={"account": actor.account} if actor else {},
            params={"action": request.plan.action, "asked": request.plan.asked},
            detail=detail or {},
        ),
    )


def denied(session: Session, clock: Clock, request: Request, actor: Actor, refusal: Refusal) -> Refusal:
    """Record that somebody was refused, and give the refusal back."""
    detail = {"code": refusal.code, "message": refusal.message}
    record(session, clock, request, "auth.denied", actor=actor, outcome="denied", detail=detail)
    return refusal
