"""The one store: its engine, its unit of work, and the table of the record."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL, Connection, CursorResult, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlmodel import Field, SQLModel, col, select
from sqlmodel import Session as Session  # noqa: PLC0414  # other rooms type their transactions with it

from audit import postgres
from audit.guard import TRIGGERS, authorize
from core.clock import Clock
from core.errors import ConfigurationError, SeconderError

BUSY_SECONDS = 5.0
_FILE = "Look at free space, at the file's owner, and at who else holds it."
_SERVER = "Look whether the store's server runs and takes writes, at its free space, and at who holds a lock there."


class StoreUnavailable(SeconderError):
    """The store can't be read or written; the bot refuses to act without a record."""

    code = "STORE-UNAVAILABLE"


class AuditEvent(SQLModel, table=True):
    """One line of the record. Every column but the hashes is a projection of ``body``, which is what is hashed."""

    __tablename__ = "audit_event"
    seq: int = Field(primary_key=True)
    event_id: str = Field(unique=True)
    occurred_at: str
    action: str
    outcome: str
    actor: str
    request: str | None = Field(default=None, index=True)
    run: str | None = None
    step: str | None = None
    target: str | None = None
    body: str
    prev_hash: str = Field(unique=True)
    hash: str = Field(unique=True)


@dataclass(frozen=True)
class Store:
    """The database behind the bot. State and its record are committed together."""

    engine: Engine
    url: str = field(repr=False)  # may hold a password

    @property
    def embedded(self) -> bool:
        """Say whether it is a file of ours (SQLite) and no server's database (PostgreSQL)."""
        return self.engine.dialect.name == "sqlite"

    def prepare(self) -> None:
        """Make tables and triggers that are missing; two processes may do so at once."""
        with self._translated(), self.engine.connect() as connection:
            self._begin(connection, BUSY_SECONDS)
            SQLModel.metadata.create_all(connection)
            if self.embedded:
                for trigger in TRIGGERS:
                    connection.execute(text(trigger))
            else:
                postgres.guard(connection)
            connection.commit()

    @contextmanager
    def transaction(self, wait: float = BUSY_SECONDS) -> Iterator[Session]:
        """Open a write transaction: commits at the end, takes everything back on an exception. One writes at a time.

        Raises StoreUnavailable when the store is locked for longer than ``wait`` (seconds), full, read-only or gone.
        """
        with self._translated(), Session(self.engine, expire_on_commit=False) as session:
            self._begin(session.connection(), wait)
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads, on one snapshot."""
        with self._translated(), Session(self.engine, expire_on_commit=False) as session:
            if self.embedded:
                session.connection().execute(text("BEGIN"))
            else:
                postgres.begin_reading(session.connection(), BUSY_SECONDS)
            yield session  # closing gives the connection back, and the pool takes the transaction back

    def _begin(self, connection: Connection, wait: float) -> None:
        if not self.embedded:
            postgres.begin_writing(connection, wait)
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(wait * 1000)}")
        try:
            connection.execute(text("BEGIN IMMEDIATE"))
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, PoolExhausted, sqlite3.Error) as error:
            raise _unavailable(getattr(error, "orig", error), _FILE if self.embedded else _SERVER) from error


def open_store(url: str) -> Store:
    """Open the store; makes the file's folder. Raises ConfigurationError for a URL, StoreUnavailable for a folder."""
    if urlsplit(url).scheme == postgres.SCHEME:
        return Store(postgres.engine(url), url)
    if urlsplit(url).scheme != "sqlite":
        raise ConfigurationError(
            f"SECONDER_STORE names {urlsplit(url).scheme or 'nothing'}, which this version can't use as a store.",
            f"Use sqlite:////path/to/seconder.db or {postgres.SCHEME}://user@host/database.",
        )
    path = sqlite_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unavailable(error, _FILE) from error
    engine = create_engine(
        URL.create("sqlite", database=str(path)),  # as it is: a folder's name may hold %, ? or #
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=postgres.POOLED + postgres.BURST,
    )
    event.listen(engine, "connect", _settings)
    return Store(engine, url)


def sqlite_path(url: str) -> Path:
    """Give the file behind a sqlite URL; what follows the three slashes is its path, letter by letter."""
    return Path(url.removeprefix("sqlite:///"))


def last(session: Session) -> AuditEvent | None:
    """Give the newest line of the record."""
    return session.exec(select(AuditEvent).order_by(col(AuditEvent.seq).desc()).limit(1)).first()


def tail(session: Session, count: int) -> list[AuditEvent]:
    """Give the newest lines, oldest of them first."""
    return list(reversed(session.exec(select(AuditEvent).order_by(col(AuditEvent.seq).desc()).limit(count)).all()))


def insert(session: Session, row: dict[str, object]) -> None:
    """Add a sealed line."""
    session.add(AuditEvent.model_validate(row))
    session.flush()


def changed_one(session: Session, statement: object) -> bool:
    """Carry out a compare-and-set and say whether it found its row. What was read before is read again."""
    result = session.exec(statement)  # type: ignore[call-overload]  # SQLModel's overloads know no update
    session.expire_all()
    return isinstance(result, CursorResult) and result.rowcount == 1


def now(session: Session, clock: Clock) -> datetime:
    """Give the time that all bots on one store share: the server's, or over a file this machine's ``clock``."""
    if session.get_bind().dialect.name == "sqlite":
        return clock.now()
    told: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return told


def one_line(error: object) -> str:
    """Give an error's words on one line, without the full stop at their end."""
    return " ".join(str(error).split()).removesuffix(".")


def _unavailable(why: object, look: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The store can't be used: {one_line(why)}.", f"Without a record nothing more is started. {look}"
    )


def _settings(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are ours: BEGIN IMMEDIATE
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL may lose the last commits at a power cut
        "recursive_triggers=ON",  # else INSERT OR REPLACE deletes past the DELETE trigger
        "trusted_schema=OFF",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_SECONDS * 1000)}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.set_authorizer(authorize)
