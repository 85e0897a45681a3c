"""The rows of holds."""

from collections.abc import Sequence

from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from audit.store import changed_one

_IN_FORCE = text("lifted_at IS NULL")


class HoldRow(SQLModel, table=True):
    """One hold; a scope has at most one that is in force."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("one_hold_per_scope", "scope", unique=True, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
    )
    id: str = Field(primary_key=True)
    scope: str
    person: str
    reason: str
    at: str
    lifted_at: str | None = None
    lifted_by: str = ""
    announced: bool = False


def insert(session: Session, row: HoldRow) -> None:
    """Add a hold."""
    session.add(row)
    session.flush()


def in_force(session: Session, scopes: Sequence[str] = ()) -> list[HoldRow]:
    """List the holds in force, oldest first; on these scopes, or on all."""
    query = select(HoldRow).where(col(HoldRow.lifted_at).is_(None)).order_by(col(HoldRow.at))
    if scopes:
        query = query.where(col(HoldRow.scope).in_(scopes))
    return list(session.exec(query).all())


def lift(session: Session, hold_id: str, *, at: str, by: str) -> bool:
    """Lift a hold, once."""
    statement = (
        update(HoldRow)
        .where(col(HoldRow.id) == hold_id, col(HoldRow.lifted_at).is_(None))
        .values(lifted_at=at, lifted_by=by)
    )
    return changed_one(session, statement)


def unannounced(session: Session) -> list[HoldRow]:
    """List the holds that the channel has not been told of."""
    return list(session.exec(select(HoldRow).where(col(HoldRow.announced).is_(False))).all())


def announced(session: Session, hold_id: str) -> None:
    """Note that the channel was told."""
    session.exec(update(HoldRow).where(col(HoldRow.id) == hold_id).values(announced=True))
