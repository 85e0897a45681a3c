"""Versions of the store: the scripts make what the code expects, rows survive them, and what is newer is left alone."""

import logging
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from audit import migrate
from audit.guard import TABLE
from audit.migrate import VERSIONS, VersionUnknown, current, head, known, upgrade
from audit.postgres import altered
from audit.store import AuditEvent, Store, open_store
from audit.verify import verify_store
from bot.wiring import TABLES
from core.errors import ConfigurationError
from tests.fixtures.empty_stores import ROOT, contents, empty_server, empty_store, killed, one_row_each, tables

__all__ = ["TABLES", "empty_server", "empty_store"]

METADATA = AuditEvent.metadata
ADDING = """
import pathlib
import time
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{after}"
def upgrade():
    op.add_column("hold", sa.Column("colour", sa.String(), nullable=False, server_default="red"))
    with op.batch_alter_table("reminder") as reminder:
        reminder.alter_column("count", new_column_name="times")
    if (here := pathlib.Path(__file__).with_name("slowly")).exists():
        here.with_name("reached").touch()
        time.sleep(60)
"""
ANEW = """
from alembic import op
revision, down_revision = "9999", "{after}"
def upgrade():
    with op.batch_alter_table("request", recreate="always") as request:
        request.alter_column("note", new_column_name="remark")
"""
UPGRADE = """
import sys
from pathlib import Path
from core.errors import ConfigurationError
from bot.wiring import TABLES
from audit.migrate import VERSIONS, upgrade
from audit.store import AuditEvent, open_store
store = open_store(sys.argv[1])
with store.transaction() as session:
    upgrade(session.connection(), AuditEvent.metadata, (*VERSIONS, Path(sys.argv[2])))
"""


def upgraded(store: Store, versions: Sequence[Path] = VERSIONS) -> None:
    with store.engine.connect() as connection:  # as Store.prepare does
        if store.embedded:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            store._begin(connection, 5)
            upgrade(connection, METADATA, versions)
            connection.commit()
        finally:
            connection.rollback()
            if store.embedded:
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def version(store: Store) -> str | None:
    with store.reading() as session:
        return current(session.connection())


def stamped(store: Store, as_version: str) -> None:
    with store.transaction() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = :v"), {"v": as_version})


def ground(folder: Path) -> tuple[Path]:
    """Give the first script alone, as a Seconder of then had it."""
    folder.mkdir()
    shutil.copy(VERSIONS[0] / "0001_ground.py", folder)
    return (folder,)


def later(folder: Path, script: str = ADDING) -> tuple[Path, ...]:
    """Give our scripts and one that a Seconder to come may have."""
    folder.mkdir()
    (folder / "9999_later.py").write_text(script.format(after=head()))
    return (*VERSIONS, folder)


def by_scripts(store: Store, versions: Sequence[Path] = VERSIONS) -> None:
    """Make a store by the scripts alone, from nothing."""
    with store.transaction() as session:
        migrate._run_scripts(session.connection(), versions)


def as_told_by_sqlite(store: Store) -> list[tuple[object, ...]]:
    """Columns (in whatever order), indexes of either kind with their columns, conditions, and references."""
    of_ours = "m.type = 'table' AND m.name <> 'alembic_version'"
    columns = f"""SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
    FROM sqlite_master m, pragma_table_info(m.name) c WHERE {of_ours} ORDER BY 1, 2"""
    indexes = f"""SELECT m.name, i."unique", i.origin, i.partial, c.seqno, c.name,
    (SELECT replace(sql, '"', '') FROM sqlite_master WHERE name = i.name)
    FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c WHERE {of_ours}
    ORDER BY 1, 2, 3, 6, 7"""
    references = f"""SELECT m.name, f."from", f."table", f."to"
    FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE {of_ours} ORDER BY 1, 2"""
    with store.reading() as session:
        here = session.connection()
        return [tuple(row) for query in (columns, indexes, references) for row in here.execute(text(query))]


def as_told_by_the_server(store: Store) -> list[tuple[object, ...]]:
    columns = """SELECT table_name::text, column_name::text, data_type::text, is_nullable::text, column_default::text
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2"""
    indexes = """SELECT tablename::text, indexname::text, indexdef::text FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1, 2"""
    keys = """SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%' ORDER BY 1, 2"""
    with store.reading() as session:
        return [tuple(row) for query in (columns, indexes, keys) for row in session.connection().execute(text(query))]


def test_the_scripts_make_what_the_code_expects(empty_store: Store) -> None:
    by_scripts(empty_store)
    with empty_store.reading() as session:
        told = MigrationContext.configure(session.connection())
        assert compare_metadata(told, METADATA) == []


def test_scripts_and_code_make_the_same_columns_indexes_and_references_in_a_file(tmp_path: Path) -> None:
    one, other = (open_store(f"sqlite:///{tmp_path / name}") for name in ("one.db", "other.db"))
    by_scripts(one)
    upgraded(other)
    assert as_told_by_sqlite(one) == as_told_by_sqlite(other)
    assert [row[:4] for row in as_told_by_sqlite(one) if "one_run_per_cluster" in str(row)] == [("run", 1, "c", 1)]
    one.close()
    other.close()


@pytest.mark.postgres
def test_scripts_and_code_make_the_same_columns_indexes_and_keys_on_a_server(empty_server: Store) -> None:
    by_scripts(empty_server)
    scripts = as_told_by_the_server(empty_server)
    with empty_server.transaction() as session:
        session.connection().execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    upgraded(empty_server)
    assert as_told_by_the_server(empty_server) == scripts
    assert any("one_run_per_cluster" in row for row in scripts)


def test_our_numbers_are_what_alembic_reads_in_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [head()]
    assert [script.revision for script in scripts.walk_revisions()] == known()[::-1]


def test_who_wires_the_rooms_knows_all_their_tables() -> None:
    rooms = [str(path.relative_to(ROOT).with_suffix("")).replace("/", ".") for path in ROOT.glob("[a-z]*/**/store.py")]
    code = (
        "import importlib, sys, bot.wiring\n"
        "from audit.store import AuditEvent\n"
        "wired = set(AuditEvent.metadata.tables)\n"
        "for room in sys.argv[1:]: importlib.import_module(room)\n"
        "print(*set(AuditEvent.metadata.tables) - wired)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, *rooms], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ran.stdout, len(rooms) > 5) == ("\n", True)


def test_an_empty_store_is_made_at_once_and_twice_is_quiet(
    empty_store: Store, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.WARNING)
    assert version(empty_store) is None
    for _ in range(2):
        upgraded(empty_store)
        empty_store.prepare()
        assert version(empty_store) == head()
    assert set(contents(empty_store)) == set(METADATA.tables)
    assert (caplog.records, capfd.readouterr()) == ([], ("", ""))


def test_making_an_empty_store_takes_no_longer_than_before(tmp_path: Path) -> None:
    took = []
    for n in range(5):
        store = open_store(f"sqlite:///{tmp_path / f'{n}.db'}")
        with store.transaction() as session:
            started = time.perf_counter()
            METADATA.create_all(session.connection())
            plain = time.perf_counter() - started
            session.rollback()
        started = time.perf_counter()
        with store.transaction() as session:
            upgrade(session.connection(), METADATA)
            took.append(time.perf_counter() - started - plain)
        store.close()
    assert min(took) < 0.02


def test_a_store_of_before_there_were_versions_keeps_its_rows(empty_store: Store, tmp_path: Path) -> None:
    by_scripts(empty_store, ground(tmp_path / "ground"))
    one_row_each(empty_store)
    with empty_store.transaction() as session:
        session.connection().execute(text("DROP TABLE alembic_version"))
    before = contents(empty_store)
    upgraded(empty_store)
    assert version(empty_store) == head()
    after = contents(empty_store)
    for table, rows in before.items():
        kept = [{name: new[name] for name in old} for old, new in zip(rows, after[table], strict=True)]
        assert kept == rows, table
    assert verify_store(empty_store.url).ok


def test_rows_survive_a_later_version_and_a_store_says_which_it_has(empty_store: Store, tmp_path: Path) -> None:
    upgraded(empty_store)
    empty_store.prepare()
    one_row_each(empty_store)
    before = contents(empty_store)
    upgraded(empty_store, later(tmp_path / "later"))
    assert version(empty_store) == "9999"
    after = contents(empty_store)
    assert after["hold"] == [{**before["hold"][0], "colour": "red"}]
    assert after["reminder"] == [{"request": "x", "times": 7, "last_at": "x"}]
    same = set(before) - {"hold", "reminder"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert verify_store(empty_store.url).to_json()["events"] == 3
    guarded(empty_store)


def guarded(store: Store) -> None:
    warnings = verify_store(store.url).warnings
    assert [warning for warning in warnings if "trigger" in warning] == []
    if not store.embedded:
        with store.reading() as session:
            assert altered(session.connection()) == []


def test_a_newer_store_is_refused_in_words_and_not_touched(empty_store: Store, tmp_path: Path) -> None:
    upgraded(empty_store, later(tmp_path / "later"))
    with empty_store.transaction() as session:
        session.connection().execute(text("DROP TABLE inbox"))  # what is missing is not made either
    with pytest.raises(VersionUnknown) as refused:
        upgraded(empty_store)
    assert "A newer Seconder has written this store" in refused.value.message
    assert "9999" in refused.value.message
    assert "Start the newer Seconder" in refused.value.hint
    with empty_store.reading() as session:
        assert "inbox" not in {table.name for table in tables(session.connection())}
    assert version(empty_store) == "9999"


def test_a_table_that_a_smaller_process_did_not_know_is_made(empty_store: Store) -> None:
    with empty_store.transaction() as session:
        METADATA.tables[TABLE].create(session.connection())
    upgraded(empty_store)
    with empty_store.transaction() as session:
        session.connection().execute(text("DROP TABLE inbox"))
    upgraded(empty_store)
    assert set(contents(empty_store)) == set(METADATA.tables)


@pytest.mark.postgres
def test_a_role_that_may_not_is_told_who_may(empty_server: Store, tmp_path: Path) -> None:
    def as_reader(*versions: Path) -> None:
        with empty_server.transaction() as session:
            session.connection().execute(text("SET LOCAL ROLE pg_read_all_data"))
            upgrade(session.connection(), METADATA, versions or VERSIONS)

    words = (
        "its role may not change tables. Nothing was changed. As the role that owns the store: seconder store migrate"
    )
    with pytest.raises(ConfigurationError, match=f"This store has no version, .*{words}"):
        as_reader()
    upgraded(empty_server)
    as_reader()
    with pytest.raises(ConfigurationError, match=f"This store has {head()}, this Seconder works with 9999, .*{words}"):
        as_reader(*later(tmp_path / "later"))
    assert version(empty_server) == head()


def test_killed_in_the_middle_it_has_the_old_version_and_can_go_on(empty_store: Store, tmp_path: Path) -> None:
    upgraded(empty_store)
    empty_store.prepare()
    one_row_each(empty_store)
    before, versions = contents(empty_store), later(tmp_path / "later")
    (versions[-1] / "slowly").touch()
    killed(UPGRADE, empty_store.url, str(versions[-1]), here=versions[-1] / "reached")
    assert version(empty_store) == head()
    assert contents(empty_store) == before
    (versions[-1] / "slowly").unlink()
    upgraded(empty_store, versions)
    assert version(empty_store) == "9999"
    assert contents(empty_store)["hold"][0]["colour"] == "red"


def test_a_script_may_build_a_table_of_a_file_anew_once_foreign_keys_rest(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'anew.db'}")
    upgraded(store)
    one_row_each(store)
    before, versions = contents(store), later(tmp_path / "later", ANEW)
    upgraded(store, versions)
    after = contents(store)
    assert (after["request"][0]["remark"], after["vote"]) == ("x", before["vote"])
    store.close()


def test_a_file_with_rows_that_belong_to_nothing_stays_as_it_is(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'lost.db'}")
    upgraded(store)
    one_row_each(store)
    with closing(sqlite3.connect(tmp_path / "lost.db")) as other:
        other.execute("DELETE FROM run")
        other.commit()
    with pytest.raises(ConfigurationError, match="Rows of settlement, step in this store belong to nothing"):
        upgraded(store, later(tmp_path / "later"))
    assert version(store) == head()
    store.close()
