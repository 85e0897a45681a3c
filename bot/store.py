"""The rows of the face: what came in, and which cards hang where."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Field, Session, SQLModel, col, select

from approvals.store import RequestRow


class InboxRow(SQLModel, table=True):
    """Something that Slack sent. ``key`` is the envelope's id, ``meaning`` what can't happen twice (the trigger id)."""

    __tablename__ = "inbox"
    key: str = Field(primary_key=True)
    meaning: str = Field(unique=True)
    kind: str
    body: str
    received_at: str
    done_at: str | None = None


class CardRow(SQLModel, table=True):
    """Where a request's card hangs, and which version of the request it shows."""

    __tablename__ = "card"
    request: str = Field(primary_key=True)
    channel: str
    ts: str
    rendered_version: int = 0
    told_end: bool = False


class ReminderRow(SQLModel, table=True):
    """How often a request was told again in its card's thread, and when last. Written before it is told."""

    __tablename__ = "reminder"
    request: str = Field(primary_key=True)
    count: int
    last_at: str


@dataclass(frozen=True)
class Card:
    """Where a card hangs."""

    request: str
    channel: str
    ts: str
    rendered_version: int
    told_end: bool


def receive(session: Session, key: str, meaning: str, kind: str, body: Mapping[str, object], at: str) -> bool:
    """Keep what came in; False when it came before."""
    twice = select(InboxRow).where((InboxRow.key == key) | (InboxRow.meaning == meaning))
    if session.exec(twice).first() is not None:
        return False
    session.add(InboxRow(key=key, meaning=meaning, kind=kind, body=json.dumps(body), received_at=at))
    session.flush()
    return True


def handled(session: Session, key: str, at: str) -> None:
    """Note that something that came in was dealt with."""
    row = session.get(InboxRow, key)
    if row is not None:
        row.done_at = at
        row.body = "{}"
        session.add(row)


def waiting(session: Session) -> list[tuple[str, str, dict[str, object], str]]:
    """List what came in and was not dealt with: key, kind, body, time."""
    query = select(InboxRow).where(col(InboxRow.done_at).is_(None)).order_by(col(InboxRow.received_at))
    return [(row.key, row.kind, json.loads(row.body), row.received_at) for row in session.exec(query).all()]


def card(session: Session, request: str) -> Card | None:
    """Give a request's card."""
    row = session.get(CardRow, request)
    return Card(row.request, row.channel, row.ts, row.rendered_version, row.told_end) if row else None


def lagging(session: Session) -> list[tuple[str, Card | None]]:
    """List requests whose card is missing, shows an old version, or whose end was not told in the thread."""
    query = (
        select(RequestRow.id)
        .join(CardRow, col(CardRow.request) == col(RequestRow.id), isouter=True)
        .where(
            col(CardRow.request).is_(None)
            | (col(CardRow.rendered_version) < col(RequestRow.version))
            | (col(CardRow.told_end).is_(False) & col(RequestRow.ended_at).is_not(None)),
        )
        .order_by(col(RequestRow.created_at))
    )
    return [(request, card(session, request)) for request in session.exec(query).all()]


def hang(session: Session, shown: Card) -> None:
    """Note where a card hangs and what it shows."""
    row = session.get(CardRow, shown.request) or CardRow(request=shown.request, channel=shown.channel, ts=shown.ts)
    row.channel, row.ts, row.told_end = shown.channel, shown.ts, shown.told_end
    row.rendered_version = max(row.rendered_version, shown.rendered_version)
    session.add(row)


def redraw(session: Session, request: str) -> None:
    """Have a card drawn again, whatever it shows."""
    row = session.get(CardRow, request)
    if row is not None:
        row.rendered_version = 0
        session.add(row)


def reminder(session: Session, request: str) -> tuple[int, str | None]:
    """Give how often a request was told again, and when last."""
    row = session.get(ReminderRow, request)
    return (row.count, row.last_at) if row else (0, None)


def reminded(session: Session, request: str, count: int, at: str) -> None:
    """Note that a request is told again."""
    row = session.get(ReminderRow, request) or ReminderRow(request=request, count=count, last_at=at)
    row.count, row.last_at = count, at
    session.add(row)
