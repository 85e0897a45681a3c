"""Moving a store from its file to a server: everything or nothing, one record, and the file is never lost."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import Popen
from sys import executable

import pytest
from sqlalchemy import text

from approvals.store import VoteRow
from audit.ledger import Event, Head, append, head
from audit.migrate import VersionUnknown, current
from audit.migrate import head as newest
from audit.move import Moved, address, move
from audit.postgres import altered
from audit.store import Store, open_store, sqlite_path
from audit.verify import verify_store
from bot.wiring import TABLES
from core.clock import SystemClock
from core.errors import ConfigurationError
from tests.fixtures.empty_stores import ROOT, contents, empty_server, one_row_each

__all__ = ["TABLES", "empty_server"]
pytestmark = pytest.mark.postgres

MOVE = """
import sys
from bot.wiring import TABLES
from audit.move import move
from audit.store import open_store
from core.clock import SystemClock
print("ready", flush=True)
move(open_store(sys.argv[1]), open_store(sys.argv[2]), SystemClock(), "ana", served=False)
"""
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'vote'::regclass"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Store]:
    """A store in a file, with a row in every table and some lines in the record."""
    opened = open_store(f"sqlite:///{tmp_path / 'seconder.db'}")
    opened.prepare()
    one_row_each(opened, 40)
    yield opened
    opened.close()


def moved(source: Store, target: Store) -> Moved:
    return move(source, target, SystemClock(), "ana", served=False)


def asides(source: Store) -> list[Path]:
    return sorted(sqlite_path(source.url).parent.glob("seconder.db.moved-*Z"))  # without -wal and -shm


def is_empty(store: Store) -> bool:
    with store.transaction():  # behind whoever writes, or wrote when it was killed
        pass
    return not any(contents(store).values())


def refused(source: Store, target: Store, *, served: bool = False) -> str:
    before = sqlite_path(source.url).read_bytes()
    with pytest.raises(ConfigurationError, match=r"Nothing was moved\.|Nothing was changed\.") as error:
        move(source, target, SystemClock(), "ana", served=served)
    assert sqlite_path(source.url).read_bytes() == before
    assert asides(source) == []
    return str(error.value)


def test_every_row_of_every_table_is_there_and_the_record_goes_on(source: Store, empty_server: Store) -> None:
    before = contents(source)
    done = moved(source, empty_server)
    after = contents(empty_server)
    last = after["audit_event"].pop()
    assert after == before
    assert done.rows == {table: len(rows) for table, rows in before.items()}
    assert (last["action"], last["outcome"], last["actor"]) == ("audit.migrated", "success", "ana")
    assert last["prev_hash"] == before["audit_event"][-1]["hash"]
    assert done.head == Head(41, str(last["hash"]))
    for said in (f'"from":{{"hash":"{last["prev_hash"]}","seq":40}}', '"audit_event":40', '"vote":1'):
        assert said in str(last["body"])
    with empty_server.transaction() as session:
        assert append(session, SystemClock(), Event("action.read", "success", "ben")).seq == 42
        assert altered(session.connection()) == []
        assert current(session.connection()) == newest()


def test_heads_that_were_written_down_before_hold_in_the_new_store(source: Store, empty_server: Store) -> None:
    lines = contents(source)["audit_event"]
    anchors = [Head(n, str(lines[n - 1]["hash"])) for n in (1, 17, 40)]
    moved(source, empty_server)
    report = verify_store(empty_server.url, anchors)
    assert (report.ok, report.events, report.anchors_checked) == (True, 41, 3)
    assert verify_store(empty_server.url, [Head(17, "0" * 64)]).ok is False


def test_the_next_vote_gets_a_number_of_its_own(source: Store, empty_server: Store) -> None:
    moved(source, empty_server)
    with empty_server.transaction() as session:
        vote = VoteRow(request="x", person="ben", verdict="approve", at="x", account="x")
        session.add(vote)
        session.flush()
        assert vote.id == 8


def test_a_store_without_rows_can_be_moved_and_its_numbers_begin_at_one(tmp_path: Path, empty_server: Store) -> None:
    source = open_store(f"sqlite:///{tmp_path / 'seconder.db'}")
    done = moved(source, empty_server)
    assert (set(done.rows.values()), done.head.seq) == ({0}, 1)


def test_the_file_is_set_aside_whole_and_nothing_begins_in_its_place(source: Store, empty_server: Store) -> None:
    before = contents(source)
    done = moved(source, empty_server)
    path = sqlite_path(source.url)
    assert asides(source) == [done.aside]
    assert sorted(path.parent.glob("seconder.db-*")) == []
    kept = open_store(f"sqlite:///{done.aside}")
    assert contents(kept) == before
    assert verify_store(kept.url).ok
    kept.close()
    left = path.read_text(encoding="utf-8")
    assert address(empty_server.url) in left
    assert done.aside.name in left
    with pytest.raises(ConfigurationError, match="it was moved to"):
        open_store(source.url).prepare()
    assert path.read_text(encoding="utf-8") == left


def test_a_file_that_somebody_still_reads_is_set_aside_with_what_lies_beside_it(
    source: Store, empty_server: Store
) -> None:
    before = contents(source)
    with closing(sqlite3.connect(sqlite_path(source.url))) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM audit_event").fetchone() == (40,)
        done = moved(source, empty_server)
    kept = open_store(f"sqlite:///{done.aside}")
    assert contents(kept) == before
    kept.close()


def test_a_store_that_is_not_empty_takes_nothing(source: Store, empty_server: Store) -> None:
    empty_server.prepare()
    with empty_server.transaction() as session:
        append(session, SystemClock(), Event("action.read", "success", "ben"))
    assert "is not empty: audit_event has rows" in refused(source, empty_server)
    assert len(contents(empty_server)["audit_event"]) == 1


def test_what_can_not_be_moved_is_refused_in_words(source: Store, empty_server: Store, tmp_path: Path) -> None:
    assert "A bot serves this store. Nothing was moved. Stop the bot" in refused(source, empty_server, served=True)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    assert "is a file, and a store is moved to a server" in refused(source, other)
    with pytest.raises(ConfigurationError, match="only a file can be moved"):
        moved(empty_server, source)
    with source.transaction() as session:
        session.connection().execute(text("CREATE TABLE notes (a text)"))
    assert "not ours: notes" in refused(source, empty_server)
    with source.transaction() as session:
        session.connection().execute(text("DROP TABLE notes"))
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(VersionUnknown):
        moved(source, empty_server)
    assert contents(empty_server) == {}


def test_an_altered_record_is_not_carried_over(source: Store, empty_server: Store) -> None:
    with closing(sqlite3.connect(sqlite_path(source.url))) as other:
        other.execute("DROP TRIGGER audit_event_no_update")
        other.execute("UPDATE audit_event SET actor = 'ben' WHERE seq = 9")
        other.commit()
    source.prepare()
    said = refused(source, empty_server)
    assert "The record of this store is not whole: entry 9 (column)" in said
    assert is_empty(empty_server)


def test_killed_while_it_copies_the_target_is_empty_and_moving_again_works(source: Store, empty_server: Store) -> None:
    empty_server.prepare()
    before = contents(source)
    with empty_server.engine.connect() as holder:
        holder.execute(text("BEGIN"))
        holder.execute(text("LOCK TABLE vote IN SHARE MODE"))  # all before vote is copied, and vote waits
        program = Popen([executable, "-c", MOVE, source.url, empty_server.url], cwd=ROOT)
        with empty_server.engine.connect() as watcher:
            while not watcher.execute(text(WAITS)).scalar():
                assert program.poll() is None
                watcher.rollback()
                time.sleep(0.02)
        program.kill()
        program.wait(timeout=30)
        holder.rollback()
    assert is_empty(empty_server)
    assert (contents(source), asides(source)) == (before, [])
    assert moved(source, empty_server).head.seq == 41


def test_killed_before_the_file_was_set_aside_moving_again_finishes_it(source: Store, empty_server: Store) -> None:
    path = sqlite_path(source.url)
    first = moved(source, empty_server)
    shutil.copy(first.aside, path)  # as if it had been killed between the two
    first.aside.unlink()
    whole = contents(empty_server)
    again = moved(source, empty_server)
    assert (again.rows, again.head, contents(empty_server)) == (first.rows, first.head, whole)
    assert asides(source) == [again.aside]


def test_a_store_that_went_on_after_it_was_moved_is_not_moved_again(source: Store, empty_server: Store) -> None:
    shutil.copy(moved(source, empty_server).aside, sqlite_path(source.url))
    for aside in asides(source):
        aside.unlink()
    with source.transaction() as session:
        append(session, SystemClock(), Event("action.read", "success", "ben"))
    source.close()
    assert "is not empty" in refused(source, empty_server)


@pytest.mark.parametrize("after", [0.0, 0.15, 0.3, 0.45])
def test_killed_at_any_time_the_target_is_empty_or_whole(source: Store, empty_server: Store, after: float) -> None:
    many_more(source, 400)
    before = contents(source)
    with Popen([executable, "-c", MOVE, source.url, empty_server.url], cwd=ROOT, text=True, stdout=-1) as program:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
        time.sleep(after)
        program.kill()
    empty_server.prepare()
    if not is_empty(empty_server):
        assert verify_store(empty_server.url).events == len(before["audit_event"]) + 1
    if not asides(source):
        assert contents(source) == before
        moved(source, empty_server)
    after_all = contents(empty_server)
    after_all["audit_event"].pop()
    assert after_all == before
    assert len(asides(source)) == 1


def many_more(store: Store, lines: int) -> None:
    with store.transaction() as session:
        for n in range(lines):
            append(session, SystemClock(), Event("action.read", "success", "ana", detail={"n": n}))
        assert head(session).seq == lines + 40


def test_an_address_for_people_has_no_password() -> None:
    assert address("postgresql+psycopg://u:canary@h:5/d?password=canary") == "postgresql+psycopg://u@h:5/d"
    assert address("sqlite:////srv/a b.db") == "/srv/a b.db"
