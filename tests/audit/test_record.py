"""The record: its form, what the database refuses, and that altering it shows."""

import hashlib
import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from audit import ledger
from audit.ledger import Event
from audit.redact import redact
from audit.store import Store, StoreUnavailable, open_store
from audit.verify import Report, verify_store
from core.clock import SystemClock
from core.errors import ConfigurationError
from tests.fixtures.house import store

__all__ = ["store"]

COLUMNS = ("seq", "event_id", "occurred_at", "action", "outcome", "actor", "request", "run", "step", "target")
ALL = (*COLUMNS, "body", "prev_hash", "hash")
TRIGGERS = ("audit_event_no_update", "audit_event_no_delete", "audit_event_link")


GAP = """INSERT INTO audit_event SELECT seq + 7, 'e', occurred_at, action, outcome, actor, request, run, step, target,
body, hash, 'h' FROM audit_event WHERE seq = 3"""


def record(store: Store, count: int = 1, **fields: object) -> None:
    for n in range(count):
        event = Event("action.read", "success", "ana", target=f"t{n}", **fields)  # type: ignore[arg-type]
        with store.transaction() as session:
            ledger.append(session, SystemClock(), event)


def plain(store: Store) -> sqlite3.Connection:
    """A connection of somebody who has the file and nothing of ours."""
    return sqlite3.connect(store.url.removeprefix("sqlite:///"), isolation_level=None)


def undefended(store: Store) -> sqlite3.Connection:
    connection = plain(store)
    for trigger in TRIGGERS:
        connection.execute(f"DROP TRIGGER {trigger}")
    return connection


def test_a_row_is_sealed_in_the_form_of_the_contract(store: Store) -> None:
    record(store, 2, params={"b": 1, "a": None}, detail={"lsn": 2**63})
    with plain(store) as connection:
        first, second = connection.execute(f"SELECT {', '.join(ALL)} FROM audit_event ORDER BY seq").fetchall()
    body = json.loads(second[10])
    assert hashlib.sha256(b"seconder-audit-v1\x00" + second[10].encode()).hexdigest() == second[12]
    assert (second[11], body["prev"], body["v"]) == (first[12], first[12], 1)
    assert first[11] == "0" * 64
    assert {name: body[name] for name in COLUMNS} == dict(zip(COLUMNS, second, strict=False))
    assert set(body) == {*COLUMNS, "v", "prev", "source", "params", "detail"}
    assert body["detail"] == {"lsn": str(2**63)}
    assert second[10] == json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'x' WHERE seq = 1",
        "DELETE FROM audit_event WHERE seq = 2",
        "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
        GAP,
        "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1 ON CONFLICT DO UPDATE SET actor = 'x'",
    ],
)
def test_the_database_refuses(store: Store, statement: str) -> None:
    record(store, 3)
    with plain(store) as connection:
        connection.execute("PRAGMA recursive_triggers=ON")
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute(statement)
    assert verify_store(store.url).events == 3


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE audit_event",
        "DROP TRIGGER audit_event_no_update",
        "ALTER TABLE audit_event RENAME TO gone",
        "PRAGMA writable_schema=ON",
        "PRAGMA recursive_triggers=OFF",
        "ATTACH DATABASE ':memory:' AS other",
        "UPDATE audit_event SET actor = 'x'",
        "DELETE FROM audit_event",
    ],
)
def test_our_own_connections_may_not(store: Store, statement: str) -> None:
    record(store)
    with pytest.raises((StoreUnavailable, DatabaseError)), store.transaction() as session:
        session.connection().execute(text(statement))
    assert verify_store(store.url).ok is True


@pytest.mark.parametrize("column", ALL)
def test_a_changed_column_of_any_row_is_found_and_named(store: Store, column: str) -> None:
    record(store, 4, request="r-1", run="run-1", step="1 x")
    for seq in (1, 2, 4):
        connection = undefended(store)
        (old,) = connection.execute(f"SELECT {column} FROM audit_event WHERE seq = {seq}").fetchone()
        new = 99 if column == "seq" else f"{old}x"
        connection.execute(f"UPDATE audit_event SET {column} = ? WHERE seq = ?", (new, seq))
        report = verify_store(store.url)
        assert report.ok is False
        assert report.bad is not None
        assert report.bad.seq == seq
        connection.execute(f"UPDATE audit_event SET {column} = ? WHERE {column} IS ?", (old, new))
        connection.close()
        assert verify_store(store.url).ok is True
        store.prepare()


@pytest.mark.parametrize("value", [None, 1, 1.0, b"x", ""])
@pytest.mark.parametrize("column", ALL)
def test_a_value_of_another_type_is_found(store: Store, column: str, value: object) -> None:
    record(store, 2)
    connection = undefended(store)
    connection.execute("CREATE TABLE copy AS SELECT * FROM audit_event")
    connection.execute("DROP TABLE audit_event")
    connection.execute("ALTER TABLE copy RENAME TO audit_event")
    (old,) = connection.execute(f"SELECT {column} FROM audit_event WHERE seq = 2").fetchone()
    connection.execute(f"UPDATE audit_event SET {column} = ? WHERE seq = 2", (value,))
    (new,) = connection.execute(f"SELECT {column} FROM audit_event WHERE {column} IS ?", (value,)).fetchone() or (old,)
    if type(new) is type(old) and new == old:
        return
    assert verify_store(store.url).ok is False


def test_a_row_that_is_gone_or_swapped_is_found(store: Store) -> None:
    record(store, 4)
    connection = undefended(store)
    connection.execute("DELETE FROM audit_event WHERE seq = 2")
    bad = verify_store(store.url).bad
    assert bad is not None
    assert (bad.seq, bad.kind) == (2, "gap")


def test_it_says_that_no_anchor_was_checked(store: Store) -> None:
    record(store)
    report = verify_store(store.url)
    assert report.anchors_checked == 0
    assert any("anchor" in warning for warning in report.warnings)


def test_a_store_that_can_not_be_read_is_neither_good_nor_bad(tmp_path: Path) -> None:
    assert verify_store(f"sqlite:///{tmp_path / 'none.db'}").ok is None


def test_an_empty_record_is_whole(store: Store) -> None:
    report = verify_store(store.url)
    assert (report.ok, report.events, report.head.hash) == (True, 0, "0" * 64)


def append_and_fail(store: Store) -> None:
    with store.transaction() as session:
        ledger.append(session, SystemClock(), Event("action.read", "success", "ana"))
        raise RuntimeError


def test_a_rollback_leaves_no_hole(store: Store) -> None:
    record(store)
    with pytest.raises(RuntimeError):
        append_and_fail(store)
    record(store)
    assert verify_store(store.url).events == 2


def test_threads_and_a_second_process_make_one_chain(store: Store) -> None:
    code = (
        "import sys; from audit.store import open_store; from audit import ledger; from core.clock import SystemClock\n"
        "store = open_store(sys.argv[1])\n"
        "for _ in range(40):\n"
        "    with store.transaction() as session:\n"
        "        ledger.append(session, SystemClock(), ledger.Event('action.read', 'success', 'other'))\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, store.url])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: record(store, 10), range(4)))
    assert other.wait(timeout=60) == 0
    assert verify_store(store.url).to_json() | {"head": None, "warnings": []} == {
        "ok": True,
        "events": 80,
        "head": None,
        "bad": None,
        "anchors": {"checked": 0},
        "warnings": [],
    }


def test_a_locked_store_is_said_to_be_unavailable(store: Store) -> None:
    holder = plain(store)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable) as caught, store.transaction():
        pass
    assert caught.value.code == "STORE-UNAVAILABLE"
    holder.rollback()
    holder.close()


def test_another_kind_of_store_is_refused_in_words() -> None:
    with pytest.raises(ConfigurationError, match="can't use as a store"):
        open_store("mysql://x/y")


def test_a_word_outside_the_vocabulary_is_a_bug() -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        Event("made.up", "success", "ana")


SECRETS = ("hunter2-canary", "s3cr3t-canary")


@pytest.mark.parametrize(
    "text_with",
    [
        "password={}",
        "PGPASSWORD='{}' psql",
        "postgresql://bot:{}@db1/app",
        "token: {}",
        "xoxb-{}",
        "xapp-1-{}",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
    ],
)
def test_secrets_never_reach_the_record(store: Store, text_with: str) -> None:
    for secret in SECRETS:
        record(store, 1, detail={"said": [text_with.format(secret)]}, params={"password": secret})
    with plain(store) as connection:
        bodies = " ".join(body for (body,) in connection.execute("SELECT body FROM audit_event"))
    assert "canary" not in bodies


def test_what_is_no_secret_stays() -> None:
    assert redact({"target": "db2", "n": [1, "lag 5 MB"]}) == {"target": "db2", "n": [1, "lag 5 MB"]}


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), st.text() | st.integers() | st.floats() | st.binary() | st.none(), max_size=4))
def test_any_detail_can_be_recorded_and_verified(detail: dict[str, object]) -> None:
    opened = open_store("sqlite:///:memory:")
    opened.prepare()
    with opened.transaction() as session:
        ledger.append(session, SystemClock(), Event("action.read", "success", "ana", detail=detail))
    opened.close()


def test_a_report_reads_as_the_contract_says() -> None:
    assert Report(None, 0, verify_store("sqlite:////nowhere").head).to_json()["anchors"] == {"checked": 0}
