"""Nobody gets past the record's guard with a connection of the application's own: each attempt is refused in words."""

from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from audit.chain import STORED
from audit.store import Store, StoreUnavailable
from audit.verify import verify_store
from tests.audit.bypass import INSERT, ROWS, WRONG_ROWS, attempt, record, refused, wrong_row

DENIED = "not authorized|prohibited|may not be modified"
CHANGED, FOLLOWS = f"never (changed|shortened)|{DENIED}", "does not follow"

ON_BOTH = {
    "UPDATE audit_event SET actor = 'x' WHERE seq = 1": CHANGED,
    "UPDATE audit_event SET actor = actor": CHANGED,
    "DELETE FROM audit_event": CHANGED,
    "DELETE FROM audit_event WHERE seq = 3": CHANGED,
    "WITH gone AS (SELECT 2 AS n) DELETE FROM audit_event WHERE seq IN (SELECT n FROM gone)": CHANGED,
    "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 3": FOLLOWS,
    "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1 ON CONFLICT DO NOTHING": FOLLOWS,
    "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET actor = 'x'": (
        f"{FOLLOWS}|{DENIED}"
    ),
}
ON_SQLITE = (
    "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
    "REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 3",
    "INSERT OR IGNORE INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
    "UPDATE OR REPLACE audit_event SET seq = 2 WHERE seq = 1",
    "UPDATE AUDIT_EVENT SET actor = 'x'",
    'DELETE FROM main."audit_event"',
    "DROP TABLE audit_event",
    "DROP TRIGGER audit_event_no_update",
    "DROP TRIGGER IF EXISTS main.audit_event_link",
    "ALTER TABLE audit_event RENAME TO gone",
    "ALTER TABLE audit_event RENAME COLUMN hash TO other",
    "ALTER TABLE audit_event ADD COLUMN more TEXT",
    "ALTER TABLE audit_event DROP COLUMN step",
    "DROP INDEX ix_audit_event_request",
    "PRAGMA writable_schema = ON",
    "PRAGMA main.Writable_Schema = 1",
    "PRAGMA writable_schema = RESET",
    "PRAGMA recursive_triggers = OFF",
    "PRAGMA trusted_schema = ON",
    "PRAGMA synchronous = OFF",
    "PRAGMA journal_mode = OFF",
    "UPDATE sqlite_master SET sql = '' WHERE name = 'audit_event_link'",
    "DELETE FROM sqlite_master WHERE type = 'trigger'",
    "ATTACH DATABASE ':memory:' AS other",
    "DETACH DATABASE main",
    "CREATE TEMP TABLE audit_event (seq)",
    "CREATE TEMP VIEW audit_event AS SELECT 1 AS seq",
    "CREATE TEMP TRIGGER swallow BEFORE INSERT ON main.audit_event BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER swallow BEFORE INSERT ON audit_event BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER swallow BEFORE INSERT ON AUDIT_EVENT BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER audit_event_link BEFORE INSERT ON audit_event BEGIN SELECT RAISE(IGNORE); END",
)
BY_A_DETOUR = {
    "a view": ("CREATE VIEW seen AS SELECT * FROM audit_event", "UPDATE seen SET actor = 'x'"),
    "a view with a trigger": (
        "CREATE VIEW seen AS SELECT * FROM audit_event",
        """CREATE TRIGGER helper INSTEAD OF UPDATE ON seen
        BEGIN UPDATE audit_event SET actor = NEW.actor WHERE seq = NEW.seq; END""",
        "UPDATE seen SET actor = 'x'",
    ),
    "a table with a trigger": (
        "CREATE TABLE other (n)",
        "CREATE TRIGGER helper AFTER INSERT ON other BEGIN DELETE FROM audit_event WHERE seq = NEW.n; END",
        "INSERT INTO other VALUES (1)",
    ),
    "another table in its place": (
        "CREATE TABLE loose AS SELECT * FROM audit_event",
        "DROP TABLE audit_event",
        "ALTER TABLE loose RENAME TO audit_event",
    ),
}
BEFORE_THE_REAL_ONE = {
    "a table": ("CREATE TABLE temp.audit_event AS SELECT * FROM main.audit_event",),
    "a table renamed": (
        "CREATE TABLE temp.loose AS SELECT * FROM main.audit_event",
        "ALTER TABLE temp.loose RENAME TO audit_event",
    ),
    "a virtual table": (f"CREATE VIRTUAL TABLE temp.audit_event USING fts5({', '.join(STORED)})",),
    "a view": ("CREATE VIEW temp.audit_event AS SELECT * FROM main.audit_event",),
    "a trigger of the same name": (
        "CREATE TRIGGER temp.audit_event_link BEFORE INSERT ON main.audit_event BEGIN SELECT RAISE(IGNORE); END",
    ),
}
sqlite_only = pytest.mark.parametrize("any_store", ["sqlite"], indirect=True)


@pytest.mark.parametrize("statement", ON_BOTH)
def test_both_stores_refuse(any_store: Store, statement: str) -> None:
    record(any_store)
    with refused(any_store, ON_BOTH[statement]):
        attempt(any_store, statement)


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_both_stores_refuse_a_row_with(any_store: Store, what: str) -> None:
    record(any_store)
    with refused(any_store, "does not follow|UNIQUE|unique|NOT NULL|null value|does not belong"):
        attempt(any_store, INSERT, **wrong_row(any_store, what))


@sqlite_only
@pytest.mark.parametrize("end", ["OR REPLACE", "OR IGNORE", "OR FAIL", "OR ROLLBACK"])
@pytest.mark.parametrize("what", WRONG_ROWS)
def test_an_sqlite_file_refuses_to_settle_the_conflict_of_a_row_with(any_store: Store, what: str, end: str) -> None:
    record(any_store)
    before = verify_store(any_store.url)
    with suppress(StoreUnavailable, DatabaseError):
        attempt(any_store, INSERT.replace("INSERT", f"INSERT {end}"), **wrong_row(any_store, what))
    assert verify_store(any_store.url) == before  # OR IGNORE may also do nothing, and say nothing
    record(any_store, 1)
    assert verify_store(any_store.url).events == ROWS + 1


@sqlite_only
@pytest.mark.parametrize("statement", ON_SQLITE)
def test_an_sqlite_file_refuses(any_store: Store, statement: str) -> None:
    record(any_store)
    with refused(any_store, f"{CHANGED}|{FOLLOWS}|already exists"):
        attempt(any_store, statement)


@sqlite_only
@pytest.mark.parametrize("statements", BEFORE_THE_REAL_ONE.values(), ids=BEFORE_THE_REAL_ONE)
def test_an_sqlite_file_lets_nothing_stand_before_the_record(any_store: Store, statements: tuple[str, ...]) -> None:
    record(any_store)
    with refused(any_store, DENIED):
        attempt(any_store, *statements)


@sqlite_only
@pytest.mark.parametrize("outside", [True, False], ids=["by itself", "in a transaction"])
@pytest.mark.parametrize("statement", ["PRAGMA recursive_triggers = OFF", "ATTACH ':memory:' AS o"])
def test_an_sqlite_connection_refuses(any_store: Store, statement: str, *, outside: bool) -> None:
    record(any_store)
    with refused(any_store, DENIED), any_store.engine.connect() as connection:
        if not outside:
            connection.execute(text("BEGIN"))
        connection.execute(text(statement))


@sqlite_only
@pytest.mark.parametrize("statements", BY_A_DETOUR.values(), ids=BY_A_DETOUR)
def test_an_sqlite_file_refuses_a_detour_by(any_store: Store, statements: tuple[str, ...]) -> None:
    record(any_store)
    with refused(any_store, f"{CHANGED}|cannot modify seen because it is a view"):
        attempt(any_store, *statements)
