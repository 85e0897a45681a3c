"""What the record costs: one line beside a bare insert, verifying beside hashing, a long record beside an empty one."""

import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from approvals.gate import Gate
from approvals.model import Verdict
from audit import ledger
from audit.chain import STORED
from audit.postgres import SCHEME
from audit.store import Store, open_store, sqlite_path
from audit.verify import verify_store
from bench.filling import events, fill
from bench.table import Row, row
from bot.commands import WAITING
from core.clock import SystemClock
from core.outcome import Refusal
from sandbox.cluster import build
from sandbox.layout import SUPERUSER
from tests.fixtures.house import IN_FORCE, TABLES, a_plan, actor

__all__ = ["TABLES", "append", "big_log", "verify"]  # TABLES: a store has the tables of all rooms that are known

WARM, APPENDS, COMMANDS = 20, 400, 200
VERIFIED, VERIFY_RUNS = 50_000, 5
LONG = int(os.environ.get("SECONDER_BENCH_LOG", "1000000"))  # events; fewer for a quick try
_LAST = "SELECT body FROM audit_event ORDER BY seq DESC LIMIT 1"


def append() -> Iterator[Row]:
    """Write one line as every action does, and the same body into a plain table, in turn, over both stores."""
    with _home() as home, _file(home / "append.db") as store:
        yield _append(store, "SQLite", ("BEGIN IMMEDIATE", "INSERT INTO plain VALUES (?)"))
    with _home() as home, _server(home) as store:
        yield _append(store, "PostgreSQL", ("BEGIN", "INSERT INTO plain VALUES (%s)"))


def verify() -> Iterator[Row]:
    """Check a whole record, and only hash the bodies that the same query gives, in turn."""
    with _home() as home, _file(home / "verify.db") as store:
        fill(store, VERIFIED)
        ours, reference = [], []
        for _ in range(VERIFY_RUNS):
            reference.append(VERIFIED / _took(lambda: _hash_all(store)))
            ours.append(VERIFIED / _took(lambda: _verify_all(store)))
    yield row(f"audit verify, {VERIFIED:,} events", "events/s", ours, reference, "SHA-256 of the same bodies")


def big_log() -> Iterator[Row]:
    """Ask, list what waits, reject, look at the head, over a long log and over one that began empty, in turn."""
    with _home() as home, _file(home / "long.db") as long, _file(home / "empty.db") as empty:
        fill(long, LONG)
        gates = [Gate(store, IN_FORCE, SystemClock()) for store in (empty, long)]
        pairs = [[_took(partial(_command, gate)) * 1000 for gate in gates] for _ in range(WARM + COMMANDS)]
    reference, ours = zip(*pairs[WARM:], strict=True)
    yield row(f"one command, {LONG:,} events on the record", "ms", ours, reference, "an empty record")


def _append(store: Store, name: str, statements: tuple[str, str]) -> Row:
    clock, written = SystemClock(), events()
    ours, reference = [], []

    def audited() -> None:
        event = next(written)
        with store.transaction() as session:
            ledger.append(session, clock, event)

    def plainly(body: str) -> None:
        bare.execute(statements[0])
        bare.execute(statements[1], (body,))
        bare.execute("COMMIT")

    with closing(store.engine.raw_connection()) as connection:  # the store's own settings hold for the reference too
        bare: Any = connection.driver_connection
        if not store.embedded:
            bare.autocommit = True
        bare.execute("CREATE TABLE plain (body TEXT NOT NULL)")
        for _ in range(WARM + APPENDS):
            ours.append(_took(audited) * 1e6)
            body = bare.execute(_LAST).fetchone()[0]
            reference.append(_took(partial(plainly, body)) * 1e6)
        connection.invalidate()
    what = "a bare durable INSERT of its body"
    return row(f"one line of the record, {name}", "µs", ours[WARM:], reference[WARM:], what)


def _command(gate: Gate) -> None:
    request = gate.open(actor("ana"), a_plan(), origin="bench", channel="ops")
    assert not isinstance(request, Refusal), request
    assert gate.listed(states=WAITING)
    gate.vote(actor("ben"), request.id, Verdict.REJECT, "not tonight")
    with gate.store.reading() as session:
        ledger.head(session)


def _verify_all(store: Store) -> None:
    report = verify_store(store.url)
    assert report.ok, report
    assert report.events == VERIFIED, report


def _hash_all(store: Store) -> None:
    query = f"SELECT {', '.join(STORED)} FROM audit_event ORDER BY seq"
    with closing(sqlite3.connect(f"file:{sqlite_path(store.url)}?mode=ro", uri=True)) as connection:
        for line in connection.execute(query):
            hashlib.sha256(line[-3].encode()).hexdigest()


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the servers' user has to get there
        yield home


@contextmanager
def _file(path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{path}")
    store.prepare()
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _server(home: Path) -> Iterator[Store]:
    with ExitStack() as undo:
        cluster = build(home, nodes=("db1",), archive=False)  # fsync is on
        undo.callback(cluster.remove)
        store = open_store(cluster.nodes["db1"].dsn(SUPERUSER, "postgres").replace("postgresql://", f"{SCHEME}://", 1))
        undo.callback(store.close)
        store.prepare()
        yield store
