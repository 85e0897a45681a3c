"""The rows of the bots that serve."""

from sqlmodel import Field, Session, SQLModel, col, select, update

from runs.model import RunState
from runs.store import RunRow


class BotRow(SQLModel, table=True):
    """A bot that serves. ``heartbeat_at`` is the store's time, ``configuration`` the hash of what it serves with."""

    __tablename__ = "bot"
    owner: str = Field(primary_key=True)
    heartbeat_at: str
    configuration: str = ""


def beat(session: Session, owner: str, at: str, configuration: str) -> None:
    """Note that a bot is alive, and the runs that it carries out."""
    row = session.get(BotRow, owner) or BotRow(owner=owner, heartbeat_at=at)
    row.heartbeat_at, row.configuration = at, configuration
    session.add(row)
    live = [state.value for state in RunState if state.live]
    mine = update(RunRow).where(col(RunRow.owner) == owner, col(RunRow.state).in_(live))
    session.exec(mine.values(heartbeat_at=at))


def beaten(session: Session, owner: str) -> str | None:
    """Give when a bot last said that it is alive."""
    row = session.get(BotRow, owner)
    return row.heartbeat_at if row else None


def bots(session: Session) -> dict[str, str]:
    """Give the bots that were seen, each with its configuration's hash."""
    return {row.owner: row.configuration for row in session.exec(select(BotRow)).all()}


def forget(session: Session, owner: str) -> None:
    """Drop a bot that has ended."""
    row = session.get(BotRow, owner)
    if row is not None:
        session.delete(row)


def forget_before(session: Session, at: str) -> None:
    """Drop bots that have not been seen since."""
    for row in session.exec(select(BotRow).where(col(BotRow.heartbeat_at) < at)).all():
        session.delete(row)
