"""One attempt to get past the record's guard, what has to be said to it, and that the record is as good afterwards."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from audit import ledger
from audit.chain import COLUMNS, GENESIS, STORED, Head, seal
from audit.ledger import Event
from audit.store import Store, StoreUnavailable
from audit.verify import verify_store
from core.clock import SystemClock, stamp

ROWS = 3
NAMES = ", ".join(STORED)
VALUES = ", ".join(f":{name}" for name in STORED)
INSERT = f"INSERT INTO audit_event ({NAMES}) VALUES ({VALUES})"
EVENT = Event("action.read", "success", "ana", target="db2")


def record(store: Store, count: int = ROWS) -> None:
    for _ in range(count):
        with store.transaction() as session:
            ledger.append(session, SystemClock(), EVENT)


def row(seq: int, prev: str, **other: object) -> dict[str, object]:
    """Give a row that is right in itself."""
    words = (seq, str(uuid.uuid4()), stamp(SystemClock().now()), "action.read", "success", "mallory")
    columns = dict(zip(COLUMNS, (*words, None, None, None, "db2"), strict=True)) | other
    return seal(prev, columns, {"source": {}, "params": {}, "detail": {}})


@dataclass(frozen=True)
class Known:
    """The first entry, and the last; and the row that ought to come next."""

    first: Sequence[str]
    last: Head
    right: Mapping[str, object]


WRONG_ROWS: dict[str, Callable[[Known], Mapping[str, object]]] = {
    "a gap": lambda known: row(known.last.seq + 2, known.last.hash),
    "a number again": lambda known: row(known.last.seq, known.last.hash),
    "a second beginning": lambda _: row(1, GENESIS),
    "a beginning below the first": lambda _: row(0, GENESIS),
    "no predecessor": lambda known: row(known.last.seq + 1, GENESIS),
    "a link of another": lambda known: row(known.last.seq + 1, known.first[1]),
    "the id of another": lambda known: row(known.last.seq + 1, known.last.hash, event_id=known.first[0]),
    "the hash of another": lambda known: {**known.right, "hash": known.first[1]},
    "no number": lambda known: {**known.right, "seq": None},
    "no link": lambda known: {**known.right, "prev_hash": None},
}


def wrong_row(store: Store, name: str) -> dict[str, object]:
    """Give a row that no guard may let in."""
    last = verify_store(store.url).head
    with store.reading() as session:
        first = session.connection().execute(text("SELECT event_id, hash FROM audit_event WHERE seq = 1")).one()
    return dict(WRONG_ROWS[name](Known(tuple(first), last, row(last.seq + 1, last.hash))))


@contextmanager
def refused(store: Store, words: str) -> Iterator[None]:
    """Expect to be refused in these words, the record to be whole and untouched, and the next entry to be taken."""
    before = verify_store(store.url)
    assert (before.ok, before.events) == (True, ROWS)
    with pytest.raises((StoreUnavailable, DatabaseError, psycopg.DatabaseError), match=words):
        yield
    after = verify_store(store.url, [before.head])
    assert (after.ok, after.head, after.warnings) == (True, before.head, ())
    record(store, 1)
    grown = verify_store(store.url, [before.head])
    assert (grown.ok, grown.events, len(grown.warnings)) == (True, ROWS + 1, 1)  # no anchor is as new as that


def attempt(store: Store, *statements: str, **values: object) -> None:
    """Say some statements in one transaction of the application's own, and commit."""
    with store.transaction() as session:
        for statement in statements:
            session.connection().execute(text(statement), values)


def copy_in(store: Store, row: Mapping[str, object]) -> None:
    """Give a server one row by COPY, past everything that SQLAlchemy knows."""
    with store.transaction() as session:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor, cursor.copy(f"COPY audit_event ({NAMES}) FROM STDIN".encode()) as copy:
            copy.write_row([row[name] for name in STORED])
