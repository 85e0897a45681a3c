"""The rows of the watch: for each cluster the answer that it gave last, and whether the channel was told."""

from sqlmodel import Field, Session, SQLModel, col, select, update

from audit.store import changed_one


class ReadinessRow(SQLModel, table=True):
    """Whether a cluster's primary could be changed, as it was seen last. ``turn`` counts the changes of the answer.

    ``answer`` is switch, failover or no; ``body`` is the whole answer as JSON; ``told`` is the last turn that was told.
    """

    __tablename__ = "readiness"
    cluster: str = Field(primary_key=True)
    answer: str
    turn: int = 0
    told: int = 0
    since: str = ""
    body: str = "{}"


def last(session: Session, cluster: str) -> ReadinessRow | None:
    """Give what was seen last of a cluster."""
    return session.get(ReadinessRow, cluster)


def first(session: Session, row: ReadinessRow) -> bool:
    """Keep a cluster's first answer; False when another bot was faster."""
    if last(session, row.cluster) is not None:
        return False
    session.add(row)
    session.flush()
    return True


def turned(session: Session, row: ReadinessRow) -> bool:
    """Keep an answer that is another one than before; False when another bot was faster."""
    still = update(ReadinessRow).where(col(ReadinessRow.cluster) == row.cluster, col(ReadinessRow.turn) == row.turn - 1)
    return changed_one(
        session, still.values(answer=row.answer, turn=row.turn, told=row.told, since=row.since, body=row.body)
    )


def untold(session: Session) -> list[ReadinessRow]:
    """List the answers that have turned and were not told."""
    return list(session.exec(select(ReadinessRow).where(col(ReadinessRow.told) < col(ReadinessRow.turn))).all())


def told(session: Session, cluster: str, turn: int) -> None:
    """Note that the channel was told of a turn."""
    later = update(ReadinessRow).where(col(ReadinessRow.cluster) == cluster, col(ReadinessRow.told) < turn)
    session.exec(later.values(told=turn))
