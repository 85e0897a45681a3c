"""The rows of requests, votes and grants; every change is compare-and-set."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, select, update

from approvals.model import Request, State, Verdict, Vote, Wish
from audit.store import changed_one
from core.clock import moment, stamp
from core.grant import Grant
from core.plan import plan_from_json


class RequestRow(SQLModel, table=True):
    """One request. ``version`` rises with every change of the row or of what its card shows."""

    __tablename__ = "request"
    id: str = Field(primary_key=True)
    version: int
    state: str = Field(index=True)
    action: str
    cluster: str
    risk: str
    requester: str
    origin: str
    channel: str
    plan: str
    plan_hash: str
    rule_hash: str
    needed: int
    created_at: str
    expires_at: str
    reason: str = ""
    start_at: str | None = None
    emergency: bool = False
    ended_at: str | None = None
    ended_by: str = ""
    note: str = ""
    changes: str = "[]"


class VoteRow(SQLModel, table=True):
    """One person's word; a person has one per request."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("request", "person"),)
    id: int | None = Field(default=None, primary_key=True)
    request: str = Field(foreign_key="request.id", index=True)
    person: str
    verdict: str
    at: str
    account: str
    reason: str = ""


class GrantRow(SQLModel, table=True):
    """The lock behind a Grant: redeemed once, by compare-and-set."""

    __tablename__ = "grant"
    request: str = Field(primary_key=True, foreign_key="request.id")
    plan_hash: str
    token: str
    issued_at: str
    not_before: str
    expires_at: str
    redeemed_at: str | None = None


# Made once, as in runs.store: clients may wait for what these are about.
_REQUEST, _VOTE, _GRANT = (SQLModel.metadata.tables[name] for name in ("request", "vote", "grant"))
_LOAD = _REQUEST.select().where(_REQUEST.c.id == bindparam("this"))
_VOTES = _VOTE.select().where(_VOTE.c.request == bindparam("this")).order_by(_VOTE.c.id)
_CHANGE = update(_REQUEST).where(_REQUEST.c.id == bindparam("this"), _REQUEST.c.version == bindparam("this_version"))
_TOUCH = update(_REQUEST).where(_REQUEST.c.id == bindparam("this")).values(version=_REQUEST.c.version + 1)
_NOW = (
    _GRANT.c.redeemed_at.is_(None),
    _GRANT.c.not_before <= bindparam("now"),
    _GRANT.c.expires_at > bindparam("now"),
)
_THIS = (
    _GRANT.c.request == bindparam("this"),
    _GRANT.c.plan_hash == bindparam("this_hash"),
    _GRANT.c.token == bindparam("this_token"),
)
_REDEEM = update(_GRANT).where(*_THIS, *_NOW)
_GOOD = (
    select(_GRANT.c.request, _GRANT.c.plan_hash, _GRANT.c.token)
    .join(_REQUEST, _REQUEST.c.id == _GRANT.c.request)
    .where(_REQUEST.c.state == State.APPROVED.value, *_NOW)
    .order_by(_GRANT.c.issued_at)
)


def load(session: Session, request_id: str) -> Request | None:
    """Give one request with its votes."""
    row = session.connection().execute(_LOAD, {"this": request_id}).first()
    return None if row is None else _request(session, row)


def of_origin(session: Session, origin: str) -> Request | None:
    """Give the request that came from somewhere, where that happens once (a slot of a schedule)."""
    row = session.connection().execute(_REQUEST.select().where(_REQUEST.c.origin == origin)).first()
    return None if row is None else _request(session, row)


def listed(session: Session, *, states: Sequence[State] = (), limit: int = 100) -> list[Request]:
    """List requests, oldest first; all states when none is named."""
    query = _REQUEST.select().order_by(_REQUEST.c.created_at.desc()).limit(limit)
    if states:
        query = query.where(_REQUEST.c.state.in_([state.value for state in states]))
    return [_request(session, row) for row in reversed(session.connection().execute(query).all())]


def insert(session: Session, request: Request) -> None:
    """Add a request."""
    session.add(
        RequestRow(
            id=request.id,
            version=request.version,
            state=request.state.value,
            action=request.plan.action,
            cluster=request.plan.cluster,
            risk=request.plan.risk.value,
            requester=request.requester,
            origin=request.origin,
            channel=request.channel,
            plan=json.dumps(request.plan.to_json()),
            plan_hash=request.plan_hash,
            rule_hash=request.rule_hash,
            needed=request.needed,
            created_at=stamp(request.created_at),
            expires_at=stamp(request.expires_at),
            reason=request.wish.reason,
            start_at=stamp(request.wish.start_at) if request.wish.start_at else None,
            emergency=request.wish.emergency,
        ),
    )
    session.flush()


def change(session: Session, request: Request, values: Mapping[str, str]) -> bool:
    """Set columns if the row still has the version that was read; say whether it did."""
    changed = {**values, "version": request.version + 1}
    return changed_one(session, _CHANGE, {**changed, "this": request.id, "this_version": request.version})


def touch(session: Session, request_id: str) -> None:
    """Raise a request's version, so that its card is drawn again."""
    changed_one(session, _TOUCH, {"this": request_id})  # without reading its plan


def add_vote(session: Session, request_id: str, vote: Vote) -> None:
    """Add a vote; the unique constraint holds one per person."""
    session.add(
        VoteRow(
            request=request_id,
            person=vote.person,
            verdict=vote.verdict.value,
            at=stamp(vote.at),
            account=vote.account,
            reason=vote.reason,
        ),
    )
    session.flush()


def drop_vote(session: Session, request_id: str, person: str) -> None:
    """Take a person's vote away; that it was there stands in the record."""
    for row in session.exec(select(VoteRow).where(VoteRow.request == request_id, VoteRow.person == person)).all():
        session.delete(row)
    session.flush()


def drop_grant(session: Session, request_id: str) -> None:
    """Take a grant away that nobody has used."""
    row = session.get(GrantRow, request_id)
    if row is not None and row.redeemed_at is None:
        session.delete(row)
        session.flush()


def add_grant(session: Session, grant: Grant, *, issued_at: str, not_before: str, expires_at: str) -> None:
    """Put a grant's row in place."""
    session.add(
        GrantRow(
            request=grant.request,
            plan_hash=grant.plan_hash,
            token=grant.token,
            issued_at=issued_at,
            not_before=not_before,
            expires_at=expires_at,
        ),
    )
    session.flush()


def redeem_grant(session: Session, grant: Grant, now: str) -> bool:
    """Use a grant up: only if its row is there, unused, unexpired and the same to the letter."""
    this = {"this": grant.request, "this_hash": grant.plan_hash, "this_token": grant.token, "now": now}
    return changed_one(session, _REDEEM, {**this, "redeemed_at": now})


def unredeemed(session: Session, now: str) -> list[Grant]:
    """List the grants that are good now, oldest first."""
    return [Grant(*row) for row in session.connection().execute(_GOOD, {"now": now})]


def grant_expiry(session: Session, request_id: str) -> str | None:
    """Give when a request's grant ends, as text."""
    row = session.get(GrantRow, request_id)
    return row.expires_at if row and row.redeemed_at is None else None


def _request(session: Session, row: Row[Any]) -> Request:
    votes = session.connection().execute(_VOTES, {"this": row.id}).all()
    return Request(
        id=row.id,
        version=row.version,
        state=State(row.state),
        requester=row.requester,
        origin=row.origin,
        channel=row.channel,
        plan=plan_from_json(json.loads(row.plan)),
        plan_hash=row.plan_hash,
        rule_hash=row.rule_hash,
        needed=row.needed,
        created_at=moment(row.created_at),
        expires_at=moment(row.expires_at),
        ended_at=moment(row.ended_at) if row.ended_at else None,
        ended_by=row.ended_by,
        note=row.note,
        changes=tuple(json.loads(row.changes)),
        wish=Wish(row.reason, moment(row.start_at) if row.start_at else None, row.emergency),
        votes=tuple(Vote(v.person, Verdict(v.verdict), moment(v.at), v.account, v.reason) for v in votes),
    )
