"""The rows of configurations: the one in force, and one that waits for consent."""

from sqlmodel import Field, Session, SQLModel, col, select

IN_FORCE, WAITING = "in force", "waiting"


class ConfigurationRow(SQLModel, table=True):
    """One configuration. The newest row that is in force counts; a waiting one has no effect."""

    __tablename__ = "configuration"
    id: int | None = Field(default=None, primary_key=True)
    state: str = Field(index=True)
    hash: str
    body: str
    lines: str
    looser: str
    at: str
    announced: bool = False


def insert(session: Session, row: ConfigurationRow) -> None:
    """Add a configuration."""
    session.add(row)
    session.flush()


def newest(session: Session, state: str) -> ConfigurationRow | None:
    """Give the newest configuration in a state."""
    query = select(ConfigurationRow).where(ConfigurationRow.state == state).order_by(col(ConfigurationRow.id).desc())
    return session.exec(query.limit(1)).first()


def newest_id(session: Session) -> int | None:
    """Give the number of the configuration in force, without its text."""
    query = select(ConfigurationRow.id).where(ConfigurationRow.state == IN_FORCE)
    return session.exec(query.order_by(col(ConfigurationRow.id).desc()).limit(1)).first()


def drop_waiting(session: Session) -> None:
    """Take away what waits: another configuration came. That it was there stands in the record."""
    for row in session.exec(select(ConfigurationRow).where(ConfigurationRow.state == WAITING)).all():
        session.delete(row)
    session.flush()


def unannounced(session: Session) -> list[ConfigurationRow]:
    """List what the channel has not been told yet."""
    query = select(ConfigurationRow).where(col(ConfigurationRow.announced).is_(False))
    return list(session.exec(query.order_by(col(ConfigurationRow.id))).all())


def announced(session: Session, row_id: int) -> None:
    """Note that the channel was told."""
    row = session.get(ConfigurationRow, row_id)
    if row is not None:
        row.announced = True
        session.add(row)
        session.flush()
