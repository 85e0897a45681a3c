"""The rows of debts."""

from sqlmodel import Field, Session, SQLModel, col, select, update

from audit.store import changed_one


class DebtRow(SQLModel, table=True):
    """One use of break-glass, until somebody else has looked at it."""

    __tablename__ = "debt"
    request: str = Field(primary_key=True)
    person: str = Field(index=True)
    reason: str
    opened_at: str
    due_at: str
    reviewed_by: str | None = None
    reviewed_at: str | None = None
    fine: bool | None = None
    note: str = ""
    announced: bool = False


def insert(session: Session, row: DebtRow) -> None:
    """Add a debt."""
    session.add(row)
    session.flush()


def find(session: Session, request_id: str) -> DebtRow | None:
    """Give the debt of a request."""
    return session.get(DebtRow, request_id)


def unpaid(session: Session, person: str = "") -> list[DebtRow]:
    """List what nobody has looked at yet, oldest first; everybody's, or one person's."""
    query = select(DebtRow).where(col(DebtRow.reviewed_by).is_(None)).order_by(col(DebtRow.opened_at))
    return list(session.exec(query.where(DebtRow.person == person) if person else query).all())


def pay(session: Session, request_id: str, *, by: str, at: str, fine: bool, note: str) -> bool:
    """Note that somebody looked, once."""
    statement = (
        update(DebtRow)
        .where(col(DebtRow.request) == request_id, col(DebtRow.reviewed_by).is_(None))
        .values(reviewed_by=by, reviewed_at=at, fine=fine, note=note)
    )
    return changed_one(session, statement)


def unannounced(session: Session) -> list[DebtRow]:
    """List the emergencies that those who were passed over have not been told of."""
    return list(session.exec(select(DebtRow).where(col(DebtRow.announced).is_(False))).all())


def announced(session: Session, request_id: str) -> None:
    """Note that they were told."""
    session.exec(update(DebtRow).where(col(DebtRow.request) == request_id).values(announced=True))
