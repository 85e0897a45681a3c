"""The one store: its engine, its unit of work, and the table of the record."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import Connection, CursorResult, Engine, Executable, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlmodel import Field, SQLModel, col, select
from sqlmodel import Session as Session  # noqa: PLC0414  # other rooms type their transactions with it

from audit import embedded, postgres
from audit.embedded import sqlite_path as sqlite_path  # noqa: PLC0414  # where every room looks for it
from audit.guard import TRIGGERS
from audit.migrate import upgrade
from audit.turns import Turns
from core.clock import Clock
from core.errors import ConfigurationError, SeconderError

BUSY_SECONDS = 5.0
_SOON = 0.1  # seconds of waiting that are not worth two statements
_FILE = "Look at free space, at the file's owner, and at who else holds it."
_SERVER = "Look whether the store's server runs and takes writes, at its free space, and at who holds a lock there."
_UNSEEN = {"synchronize_session": False}  # SQLAlchemy would work out what was changed; all is read again instead


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
    turns: Turns = field(default_factory=Turns, repr=False, compare=False)
    known: dict[str, object] = field(default_factory=dict, repr=False, compare=False)  # the newest line: audit.adding

    @property
    def embedded(self) -> bool:
        """Say whether it is a file of ours (SQLite) and no server's database (PostgreSQL)."""
        return self.engine.dialect.name == "sqlite"

    def prepare(self) -> None:
        """Bring tables and guard up to this version; two processes may do so at once.

        On a server a role that does not own the record only checks them. Raises ConfigurationError, StoreUnavailable.
        """
        with self._translated(), self.engine.connect() as connection:
            if not self.embedded:
                self._begin(connection, BUSY_SECONDS)
                self._prepare_on_server(connection)
                connection.commit()
                return
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # a script may have to build a table anew
            try:
                self._begin(connection, BUSY_SECONDS)
                upgrade(connection, SQLModel.metadata)
                for trigger in TRIGGERS:
                    connection.execute(text(trigger))
                connection.commit()
            finally:
                connection.rollback()
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")

    def _prepare_on_server(self, connection: Connection) -> None:
        upgrade(connection, SQLModel.metadata)
        if postgres.owns(connection):
            postgres.guard(connection)
            return
        altered = [*postgres.altered(connection), *postgres.rules(connection)]
        if altered:
            raise ConfigurationError(
                f"The record's guard is not as we made it: {', '.join(altered)}. Somebody with more rights was there.",
                "Look who, and whether it is whole: seconder audit verify. Then, as the owner: seconder store migrate.",
            )

    @contextmanager
    def transaction(self, wait: float = BUSY_SECONDS, *, first: bool = False) -> Iterator[Session]:
        """Open a write transaction: commits at the end, takes everything back on an exception. One writes at a time.

        ``first``: before others of this process that wait. Raises StoreUnavailable when the store is locked for longer
        than ``wait`` (seconds), full, read-only or gone.
        """
        with (
            self._turn(wait, first=first) as left,
            self._translated(),
            Session(self.engine, expire_on_commit=False, info=dict(self.known)) as session,
        ):
            self._beginning(session, partial(self._begin, wait=left))
            yield session
            session.commit()
            self.known.update(session.info)

    @contextmanager
    def _turn(self, wait: float, *, first: bool) -> Iterator[float]:
        """Wait for this process's turn at a file: SQLite itself lets those who wait sleep and miss it."""
        if not self.embedded:
            yield wait
            return
        began = time.monotonic()
        if not self.turns.take(wait, first=first):
            raise _unavailable(f"others have been writing for {wait:g} s", _FILE)
        try:
            yield max(0.0, wait - (time.monotonic() - began))
        finally:
            self.turns.leave()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads, on one snapshot."""
        with self._translated(), Session(self.engine, expire_on_commit=False) as session:
            self._beginning(session, self._begin_reading)
            yield session  # closing gives the connection back, and the pool takes the transaction back

    def _beginning(self, session: Session, begin: Callable[[Connection], None]) -> None:
        """Begin, and once more where the server was started again since the connection was used: nothing is lost."""
        try:
            begin(session.connection())
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            session.rollback()
            begin(session.connection())

    def _begin_reading(self, connection: Connection) -> None:
        if self.embedded:
            connection.exec_driver_sql("BEGIN")
        else:
            postgres.begin_reading(connection, BUSY_SECONDS)

    def _begin(self, connection: Connection, wait: float) -> None:
        if not self.embedded:
            postgres.begin_writing(connection, wait)
            return
        if BUSY_SECONDS - wait < _SOON:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(wait * 1000)}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
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
    try:
        return Store(embedded.engine(url, BUSY_SECONDS), url)
    except OSError as error:
        raise _unavailable(error, _FILE) from error


def tail(session: Session, count: int) -> list[AuditEvent]:
    """Give the newest lines, oldest of them first."""
    return list(reversed(session.exec(select(AuditEvent).order_by(col(AuditEvent.seq).desc()).limit(count)).all()))


def changed_one(session: Session, statement: Executable, values: Mapping[str, object] | None = None) -> bool:
    """Carry out a compare-and-set and say whether it found its row. What was read before is read again.

    With ``values`` it is one of a table, made once and given them each time: a tenth of the time, and clients may wait.
    """
    if values is None:
        result = session.exec(statement, execution_options=_UNSEEN)  # type: ignore[call-overload]  # it knows no update
    else:
        result = session.connection().execute(statement, values)
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
