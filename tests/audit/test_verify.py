"""Altering the record shows, whoever has the file; and what can't be seen without an anchor is seen with one."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from audit import ledger
from audit.chain import COLUMNS, STORED, Head, hash_of, seal
from audit.ledger import Event
from audit.store import Store
from audit.verify import Report, verify_store
from core.clock import SystemClock
from tests.fixtures.house import store

__all__ = ["store"]

ROWS = 30
Change = Callable[[object], object]
CHANGES: dict[str, Change] = {
    "longer": lambda old: f"{old}x",
    "empty": lambda _: "",
    "null": lambda _: None,
    "number": lambda _: 7000,
    "real": lambda _: 0.5,
    "bytes": lambda old: str(old).encode(),
    "not UTF-8": lambda _: b"\xff\xfe",
}


@pytest.fixture
def log(store: Store) -> Iterator[sqlite3.Connection]:
    """Thirty entries, in the hands of somebody who took away all that the table refuses."""
    with store.transaction() as session:
        for n in range(ROWS):
            event = Event("step.intent", "intent", "ana", f"r-{n}", f"u-{n}", "1 x", "main/db2", detail={"n": n})
            ledger.append(session, SystemClock(), event)
    store.close()
    path = store.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE loose AS SELECT * FROM audit_event")
        connection.execute("DROP TABLE audit_event")
        connection.execute("ALTER TABLE loose RENAME TO audit_event")
        yield connection


def reseal(connection: sqlite3.Connection, first: int) -> None:
    """Do what a patient forger does: give every entry from ``first`` on a right hash again."""
    rows = connection.execute(f"SELECT {', '.join(STORED)} FROM audit_event ORDER BY seq").fetchall()
    prev = rows[first - 2][-1] if first > 1 else "0" * 64
    for row in rows[first - 1 :]:
        said = json.loads(row[len(COLUMNS)])
        columns = dict(zip(COLUMNS, row, strict=False))
        new = seal(prev, columns, {name: said[name] for name in ("source", "params", "detail")})
        prev = str(new["hash"])
        words = "UPDATE audit_event SET body = ?, prev_hash = ?, hash = ? WHERE seq = ?"
        connection.execute(words, (new["body"], new["prev_hash"], prev, row[0]))


def head_at(connection: sqlite3.Connection, seq: int) -> Head:
    return Head(*connection.execute("SELECT seq, hash FROM audit_event WHERE seq = ?", (seq,)).fetchone())


def bad(report: Report) -> tuple[int, str]:
    assert report.ok is False
    assert report.bad is not None
    return report.bad.seq, report.bad.kind


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_column_of_every_row_is_held(store: Store, log: sqlite3.Connection, change: Change) -> None:
    for column in STORED:
        found = []
        for rowid, old in log.execute(f"SELECT rowid, {column} FROM audit_event ORDER BY rowid").fetchall():
            log.execute(f"UPDATE audit_event SET {column} = ? WHERE rowid = ?", (change(old), rowid))
            found.append(bad(verify_store(store.url))[0])
            log.execute(f"UPDATE audit_event SET {column} = ? WHERE rowid = ?", (old, rowid))
        assert found == list(range(1, ROWS + 1)), column
    assert verify_store(store.url).ok is True


@pytest.mark.parametrize("column", [name for name in STORED if name != "seq"])
def test_text_stored_as_bytes_is_not_the_same(store: Store, log: sqlite3.Connection, column: str) -> None:
    log.execute(f"UPDATE audit_event SET {column} = CAST({column} AS BLOB) WHERE seq = 9")
    assert bad(verify_store(store.url))[0] == 9


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("[" * 100_000, id="nested beyond measure"),
        pytest.param("[]", id="no object"),
        pytest.param('{"v":1}', id="too little"),
        pytest.param("\x00", id="no JSON"),
        pytest.param("9" * 5000, id="a number beyond measure"),
    ],
)
def test_a_body_that_is_none_is_unreadable_though_its_hash_fits(
    store: Store, log: sqlite3.Connection, body: str
) -> None:
    log.execute("UPDATE audit_event SET body = ?, hash = ? WHERE seq = 4", (body, hash_of(body)))
    assert bad(verify_store(store.url)) == (4, "unreadable")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"v":1}', '"v":2}', id="a version that nobody wrote"),
        pytest.param('"v":1}', '"v":true}', id="true is not 1"),
        pytest.param('"v":1}', '"v":1.0}', id="nor is 1.0"),
        pytest.param('"v":1}', '"v":1,"w":1}', id="one key more"),
        pytest.param('"v":1}', '"v":0,"v":1}', id="a key twice"),
        pytest.param('"v":1}', '"v": 1}', id="a space"),
        pytest.param('"detail":{"n":3}', '"detail":{"n":NaN}', id="not a number"),
        pytest.param('"detail":{"n":3}', '"detail":{"n":9007199254740993}', id="a number that is not exact"),
    ],
)
def test_a_body_in_another_form_is_found_though_its_hash_fits(
    store: Store, log: sqlite3.Connection, old: str, new: str
) -> None:
    (body,) = log.execute("SELECT body FROM audit_event WHERE seq = 4").fetchone()
    other = body.replace(old, new)
    assert other != body
    log.execute("UPDATE audit_event SET body = ?, hash = ? WHERE seq = 4", (other, hash_of(other)))
    assert bad(verify_store(store.url)) == (4, "unreadable")


def test_an_entry_put_in_twice_is_found(store: Store, log: sqlite3.Connection) -> None:
    log.execute("INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 12")
    assert bad(verify_store(store.url)) == (13, "gap")


def test_an_entry_changed_and_sealed_again_breaks_the_link_after_it(store: Store, log: sqlite3.Connection) -> None:
    log.execute("UPDATE audit_event SET actor = 'ben' WHERE seq = 12")
    kept = log.execute("SELECT body, prev_hash, hash, seq FROM audit_event WHERE seq > 12").fetchall()
    reseal(log, 12)
    log.executemany("UPDATE audit_event SET body = ?, prev_hash = ?, hash = ? WHERE seq = ?", kept)
    assert bad(verify_store(store.url)) == (13, "link")


def test_a_log_rewritten_to_its_end_is_seen_only_with_an_anchor(store: Store, log: sqlite3.Connection) -> None:
    early, late = head_at(log, 5), head_at(log, 20)
    log.execute("UPDATE audit_event SET actor = 'ben' WHERE seq = 12")
    reseal(log, 12)
    blind = verify_store(store.url)
    assert blind.ok is True
    assert any("No anchor was checked" in warning for warning in blind.warnings)
    seeing = verify_store(store.url, [late, early])
    assert bad(seeing) == (20, "rewritten")
    assert seeing.anchors_checked == 2


def test_a_cut_tail_is_seen_only_with_an_anchor(store: Store, log: sqlite3.Connection) -> None:
    last = head_at(log, ROWS)
    log.execute("DELETE FROM audit_event WHERE seq > 25")
    assert verify_store(store.url).ok is True
    assert bad(verify_store(store.url, [last])) == (26, "truncated")


def test_anchors_that_hold_are_counted_and_silence_the_warning(store: Store, log: sqlite3.Connection) -> None:
    first, last = head_at(log, 1), head_at(log, ROWS)
    report = verify_store(store.url, [last, Head(1, first.hash[:8]), Head(0, "0" * 64)])
    assert (report.ok, report.anchors_checked) == (True, 2)
    assert not any("No anchor" in warning for warning in report.warnings)


def test_an_anchor_without_a_hash_proves_nothing(store: Store, log: sqlite3.Connection) -> None:
    assert bad(verify_store(store.url, [Head(head_at(log, 3).seq, "")])) == (3, "rewritten")


def test_missing_or_foreign_triggers_are_named(store: Store) -> None:
    assert not any("trigger" in warning for warning in verify_store(store.url).warnings)
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TRIGGER audit_event_no_update")
        connection.execute("CREATE TRIGGER quiet BEFORE INSERT ON audit_event BEGIN SELECT RAISE(IGNORE); END")
    named = [warning for warning in verify_store(store.url).warnings if "trigger" in warning]
    assert [warning.split(":")[0] for warning in named] == ["audit_event_no_update", "quiet"]


def test_a_page_that_can_not_be_read_is_no_silence(store: Store, log: sqlite3.Connection) -> None:
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (size,) = log.execute("PRAGMA page_size").fetchone()
    (root,) = log.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_event'").fetchone()
    log.close()
    with Path(store.url.removeprefix("sqlite:///")).open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * 64)
    assert bad(verify_store(store.url)) == (1, "unreadable")


def test_a_file_that_is_no_store_could_not_be_told(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"not a database at all, but long enough to be asked " * 40)
    for path in (tmp_path / "none.db", other):
        report = verify_store(f"sqlite:///{path}")
        assert (report.ok, report.bad) == (None, None)
        assert "could not be read" in report.warnings[0]
    assert not (tmp_path / "none.db").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_copy_in_a_folder_that_can_not_be_written_is_verified(
    store: Store, log: sqlite3.Connection, tmp_path: Path
) -> None:
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = tmp_path / "kept"
    kept.mkdir()
    shutil.copy(store.url.removeprefix("sqlite:///"), kept / "store.db")
    kept.chmod(0o500)
    assert verify_store(f"sqlite:///{kept / 'store.db'}").events == ROWS
    kept.chmod(0o700)
