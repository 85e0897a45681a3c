"""The rows of the face: what came in, and which cards hang where."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel, col, func, select, update

from approvals.store import RequestRow
from audit.store import changed_one


class InboxRow(SQLModel, table=True):
    """Something that Slack sent. ``key`` is the envelope's id, ``meaning`` what can't happen twice (the trigger id)."""

    __tablename__ = "inbox"
    key: str = Field(primary_key=True)
    meaning: str = Field(unique=True)
    kind: str
    body: str
    received_at: str
    owner: str = ""
    done_at: str | None = None


_COLUMNS = ("key", "meaning", "kind", "body", "received_at", "owner")
_KEEP = text(
    f"INSERT INTO inbox ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)}) ON CONFLICT DO NOTHING"  # noqa: S608
)


class CardRow(SQLModel, table=True):
    """Where a request's card hangs, and which version of the request it shows."""

    __tablename__ = "card"
    request: str = Field(primary_key=True)
    channel: str
    ts: str
    rendered_version: int = 0
    told_end: bool = False
    edit_after: str = ""  # the store's time before which no bot edits it again


class OutboxRow(SQLModel, table=True):
    """Something that is said once. ``key`` is what it stands for; without ``ts`` nobody knows whether Slack has it."""

    __tablename__ = "outbox"
    key: str = Field(primary_key=True)
    owner: str
    claimed_at: str
    tried_at: str = ""
    unsure: bool = False
    asked: str = ""
    channel: str = ""
    ts: str = ""


class ReminderRow(SQLModel, table=True):
    """How often a request was told again in its card's thread, and when last. Written before it is told."""

    __tablename__ = "reminder"
    request: str = Field(primary_key=True)
    count: int
    last_at: str


@dataclass(frozen=True)
class Said:
    """What is said once, and where it stands. ``unsure``: it may have been posted, and somebody has to look.

    ``tried_at`` is when it was last sent without an answer. ``asked`` is the channel as the configuration names it,
    ``channel`` its id.
    """

    key: str
    owner: str
    claimed_at: str
    tried_at: str = ""
    unsure: bool = False
    asked: str = ""
    channel: str = ""
    ts: str = ""


@dataclass(frozen=True)
class Card:
    """Where a card hangs."""

    request: str
    channel: str
    ts: str
    rendered_version: int
    told_end: bool


def receive(session: Session, came: InboxRow) -> bool:
    """Keep what came in; False when it came before."""
    return session.connection().execute(_KEEP, came.model_dump()).rowcount == 1  # Slack waits: one statement


def take_in(session: Session, key: str, before: str, owner: str) -> bool:
    """Take over what a dead bot had kept; False when another bot was faster."""
    mine = update(InboxRow).where(
        col(InboxRow.key) == key, col(InboxRow.owner) == before, col(InboxRow.done_at).is_(None)
    )
    return changed_one(session, mine.values(owner=owner))


def handled(session: Session, key: str, at: str) -> None:
    """Note that something that came in was dealt with."""
    session.exec(update(InboxRow).where(col(InboxRow.key) == key).values(done_at=at, body="{}"))


def waiting(session: Session, owner: str) -> list[InboxRow]:
    """List what came in to other bots and was not dealt with."""
    query = select(InboxRow).where(col(InboxRow.done_at).is_(None), col(InboxRow.owner) != owner)
    return list(session.exec(query.order_by(col(InboxRow.received_at))).all())


def said(session: Session, key: str) -> Said | None:
    """Give what is known of something that is said once."""
    row = session.get(OutboxRow, key)
    return Said(**row.model_dump()) if row else None


def say(session: Session, what: Said) -> Said:
    """Note what is known of something that is said once."""
    session.merge(OutboxRow(**vars(what)))
    return what


def channel_id(session: Session, asked: str) -> str | None:
    """Give the id of a channel to which something was posted by this name."""
    known = select(OutboxRow.channel).where(OutboxRow.asked == asked, OutboxRow.channel != "")
    return session.exec(known.limit(1)).first()


def unsay(session: Session, key: str) -> None:
    """Forget that something was to be said: Slack did not take it."""
    row = session.get(OutboxRow, key)
    if row is not None:
        session.delete(row)


def may_edit(session: Session, request: str, at: str, after: str) -> bool:
    """Claim the next edit of a card until ``after``, whichever bot asks."""
    free = update(CardRow).where(col(CardRow.request) == request, col(CardRow.edit_after) <= at)
    return changed_one(session, free.values(edit_after=after))


def card(session: Session, request: str) -> Card | None:
    """Give a request's card."""
    return _card(session.get(CardRow, request))


def lagging(session: Session) -> list[tuple[str, Card | None, bool]]:
    """List requests whose card is missing or shows an old version, and whether their end has to be told."""
    untold = func.coalesce(col(CardRow.told_end), False).is_(False) & col(RequestRow.ended_at).is_not(None)
    query = (
        select(RequestRow.id, CardRow, untold)
        .join(CardRow, col(CardRow.request) == col(RequestRow.id), isouter=True)
        .where(
            col(CardRow.request).is_(None) | (col(CardRow.rendered_version) < col(RequestRow.version)) | untold,
        )
        .order_by(col(RequestRow.created_at))
    )
    return [(request, _card(row), bool(ended)) for request, row, ended in session.exec(query).all()]


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


def _card(row: CardRow | None) -> Card | None:
    return Card(row.request, row.channel, row.ts, row.rendered_version, row.told_end) if row else None
