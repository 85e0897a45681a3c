"""What a server refuses to the role that the bot works with: it may read the record and add to it, nothing else."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from audit.store import Store
from audit.verify import verify_store
from tests.audit.bypass import INSERT, ROWS, WRONG_ROWS, attempt, copy_in, record, refused, row, wrong_row
from tests.fixtures.stores import app_store

__all__ = ["app_store"]

pytestmark = pytest.mark.postgres
DENIED, OWNER = "permission denied", "must be owner|permission denied"
AGAIN = "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1"
ON_ONE = "MERGE INTO audit_event a USING (SELECT 1 AS n) s ON a.seq = s.n WHEN MATCHED THEN"
BELIEVING = "FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
WRONG = "does not follow|unique|null value|does not belong"
OWNERS_NAME = "SELECT tableowner FROM pg_tables WHERE tablename = 'audit_event'"

ATTEMPTS = {
    "UPDATE": (DENIED, "UPDATE audit_event SET actor = 'x' WHERE seq = 1"),
    "DELETE": (DENIED, "DELETE FROM audit_event"),
    "TRUNCATE": (DENIED, "TRUNCATE audit_event"),
    "upsert": (DENIED, f"{AGAIN} ON CONFLICT (seq) DO UPDATE SET actor = 'x'"),
    "insert or nothing": ("does not follow", f"{AGAIN} ON CONFLICT DO NOTHING"),
    "MERGE that updates": (DENIED, f"{ON_ONE} UPDATE SET actor = 'x'"),
    "MERGE that deletes": (DENIED, f"{ON_ONE} DELETE"),
    "a block": (DENIED, "DO 'BEGIN DELETE FROM audit_event; END'"),
    "a CTE": (DENIED, "WITH gone AS (DELETE FROM audit_event RETURNING seq) SELECT * FROM gone"),
    "SELECT FOR UPDATE": (DENIED, "SELECT seq FROM audit_event FOR UPDATE"),
    "LOCK": (DENIED, "LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE"),
    "DISABLE TRIGGER": (OWNER, "ALTER TABLE audit_event DISABLE TRIGGER audit_event_row"),
    "DISABLE TRIGGER ALL": (OWNER, "ALTER TABLE audit_event DISABLE TRIGGER ALL"),
    "DISABLE TRIGGER USER": (OWNER, "ALTER TABLE audit_event DISABLE TRIGGER USER"),
    "replica": (DENIED, "SET session_replication_role = replica", "DELETE FROM audit_event"),
    "replica, by function": (DENIED, "SELECT set_config('session_replication_role', 'replica', false)"),
    "replica, from the next login on": (DENIED, "ALTER ROLE CURRENT_USER SET session_replication_role = replica"),
    "DROP TRIGGER": (OWNER, "DROP TRIGGER audit_event_row ON audit_event"),
    "RENAME TRIGGER": (OWNER, "ALTER TRIGGER audit_event_row ON audit_event RENAME TO other"),
    "CREATE TRIGGER": (DENIED, "CREATE TRIGGER a BEFORE INSERT ON audit_event EXECUTE FUNCTION audit_event_guard()"),
    "DROP TABLE": (OWNER, "DROP TABLE audit_event"),
    "RENAME TABLE": (OWNER, "ALTER TABLE audit_event RENAME TO gone"),
    "SET SCHEMA": (OWNER, "ALTER TABLE audit_event SET SCHEMA pg_temp"),
    "OWNER TO": (OWNER, "ALTER TABLE audit_event OWNER TO CURRENT_USER"),
    "ADD COLUMN": (OWNER, "ALTER TABLE audit_event ADD COLUMN more text DEFAULT 'x'"),
    "ALTER TYPE": (OWNER, "ALTER TABLE audit_event ALTER actor TYPE text USING 'x'"),
    "DROP CONSTRAINT": (OWNER, "ALTER TABLE audit_event DROP CONSTRAINT audit_event_pkey"),
    "row security": (OWNER, "ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY"),
    "a policy": (OWNER, "CREATE POLICY nobody ON audit_event USING (false)"),
    "an index": (OWNER, "CREATE UNIQUE INDEX one ON audit_event (action) WHERE seq > 3"),
    "a rule": (OWNER, "CREATE RULE swallow AS ON INSERT TO audit_event DO INSTEAD NOTHING"),
    "a child": (OWNER, "CREATE TABLE child () INHERITS (audit_event)"),
    "another guard": (OWNER, f"CREATE OR REPLACE {BELIEVING}"),
    "no guard": (OWNER, "DROP FUNCTION audit_event_guard CASCADE"),
    "another guard's path": (OWNER, "ALTER FUNCTION audit_event_guard() SET search_path = public"),
    "a guard of its own": (DENIED, f"CREATE {BELIEVING.replace('audit_event', 'pg_temp.audit_event')}"),
    "a temporary table before it": (DENIED, "CREATE TEMP TABLE audit_event (LIKE public.audit_event)"),
    "a temporary view before it": (DENIED, "CREATE TEMP VIEW audit_event AS SELECT * FROM public.audit_event"),
    "a copy in pg_temp": (DENIED, "SELECT * INTO TEMP audit_event FROM public.audit_event"),
    "another schema before it": (DENIED, "CREATE SCHEMA front"),
    "its own schema before it": (DENIED, "CREATE SCHEMA AUTHORIZATION CURRENT_USER"),
    "another table": (DENIED, "CREATE TABLE public.other (n int)"),
    "an operator": (
        DENIED,
        "CREATE OPERATOR public.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8mi)",
    ),
    "a view": (DENIED, "CREATE VIEW public.seen AS SELECT * FROM audit_event", "DELETE FROM seen"),
    "a right of its own": (DENIED, "GRANT UPDATE ON audit_event TO CURRENT_USER", "UPDATE audit_event SET actor = 'x'"),
    "a right to the column": (
        DENIED,
        "GRANT UPDATE (actor) ON audit_event TO PUBLIC",
        "UPDATE audit_event SET actor = 'x'",
    ),
    "another role's rights": (DENIED, f"DO $$BEGIN EXECUTE format('SET ROLE %I', ({OWNERS_NAME})); END$$"),
    "another role's groups": (
        f"{DENIED}|ADMIN option",
        f"DO $$BEGIN EXECUTE format('GRANT %I TO CURRENT_USER', ({OWNERS_NAME})); END$$",
    ),
    "more of a role": (f"{DENIED}|must be superuser", "ALTER ROLE CURRENT_USER SUPERUSER"),
    "a role": (DENIED, "CREATE ROLE other SUPERUSER"),
    "the catalogue": (DENIED, "UPDATE pg_trigger SET tgenabled = 'D'"),
    "a program": (f"{DENIED}|superuser", "COPY audit_event FROM PROGRAM 'true'"),
    "a file": (f"{DENIED}|superuser", "COPY audit_event FROM '/etc/hostname'"),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_bots_own_role_is_refused(app_store: Store, name: str) -> None:
    record(app_store)
    words, *statements = ATTEMPTS[name]
    with refused(app_store, words):
        attempt(app_store, *statements)


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_the_bots_own_role_is_refused_a_row_with(app_store: Store, what: str) -> None:
    record(app_store)
    with refused(app_store, WRONG):
        attempt(app_store, INSERT, **wrong_row(app_store, what))


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_the_bots_own_role_is_refused_to_copy_in_a_row_with(app_store: Store, what: str) -> None:
    record(app_store)
    with refused(app_store, WRONG):
        copy_in(app_store, wrong_row(app_store, what))


def test_who_sees_only_what_was_there_before_can_not_make_a_fork(app_store: Store) -> None:
    record(app_store)
    last = verify_store(app_store.url).head
    with app_store.engine.connect() as connection:
        connection.execute(text("BEGIN ISOLATION LEVEL REPEATABLE READ"))
        connection.execute(text("SELECT seq FROM audit_event"))
        record(app_store, 1)
        with pytest.raises(DatabaseError, match="unique"):
            connection.execute(text(INSERT), row(ROWS + 1, last.hash))
    record(app_store, 1)
    assert (verify_store(app_store.url).ok, verify_store(app_store.url).events) == (True, ROWS + 2)
