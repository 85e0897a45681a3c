"""What a server's record refuses even to the owner of its tables; what he can take away is named by verifying."""

import pytest

from audit.store import Store, StoreUnavailable
from audit.verify import verify_store
from tests.audit.bypass import ROWS, attempt, copy_in, record, refused, wrong_row

CHANGED, FOLLOWS, BELONGS = "never changed", "does not follow", "does not belong"
AGAIN = "INSERT INTO public.audit_event SELECT * FROM public.audit_event"
REPLICA = "SET LOCAL session_replication_role = replica"
SEEN = "CREATE VIEW seen AS SELECT * FROM audit_event"
ON_ONE = "MERGE INTO audit_event a USING (SELECT 1 AS n) s ON a.seq = s.n WHEN MATCHED THEN"
SHADOW = "CREATE TEMP TABLE audit_event (seq bigint, hash text) ON COMMIT DROP"
BELIEVING = "CREATE OR REPLACE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"

REFUSED = {
    "TRUNCATE": (CHANGED, "TRUNCATE audit_event"),
    "TRUNCATE CASCADE": (CHANGED, "TRUNCATE audit_event RESTART IDENTITY CASCADE"),
    "DELETE as a replica": (CHANGED, REPLICA, "DELETE FROM audit_event"),
    "UPDATE as a replica": (CHANGED, REPLICA, "UPDATE audit_event SET actor = 'x'"),
    "TRUNCATE as a replica": (CHANGED, REPLICA, "TRUNCATE audit_event"),
    "INSERT as a replica": (FOLLOWS, REPLICA, AGAIN),
    "UPDATE through a view": (CHANGED, SEEN, "UPDATE seen SET actor = 'x'"),
    "DELETE through a view": (CHANGED, SEEN, "DELETE FROM seen"),
    "INSERT through a view": (FOLLOWS, SEEN, "INSERT INTO seen SELECT * FROM seen WHERE seq = 2"),
    "MERGE that updates": (CHANGED, f"{ON_ONE} UPDATE SET actor = 'x'"),
    "MERGE that deletes": (CHANGED, f"{ON_ONE} DELETE"),
    "UPDATE ONLY": (CHANGED, "UPDATE ONLY public.audit_event SET actor = 'x'"),
    "a temporary table before an UPDATE": (CHANGED, SHADOW, "UPDATE public.audit_event SET actor = 'x'"),
    "a temporary table before an INSERT": (FOLLOWS, SHADOW, "SET LOCAL search_path = pg_temp, public", AGAIN),
    "another schema before an INSERT": (
        FOLLOWS,
        "CREATE SCHEMA front",
        "CREATE TABLE front.audit_event (LIKE audit_event)",
        "SET LOCAL search_path = front, public",
        AGAIN,
    ),
    "an operator of somebody's own": (
        FOLLOWS,
        "CREATE FUNCTION yes(bigint, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT CAST(1 AS bigint)'",
        "CREATE OPERATOR public.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = yes)",
        "SET LOCAL search_path = public, pg_catalog",
        AGAIN,
    ),
    "an inheriting table": (CHANGED, "CREATE TABLE child () INHERITS (audit_event)", "DELETE FROM audit_event"),
}
NAMED = {
    "DISABLE TRIGGER": ("audit_event_row", "ALTER TABLE audit_event DISABLE TRIGGER audit_event_row"),
    "DISABLE TRIGGER ALL": ("audit_event_statement", "ALTER TABLE audit_event DISABLE TRIGGER ALL"),
    "not ALWAYS": ("audit_event_row", "ALTER TABLE audit_event ENABLE TRIGGER audit_event_row"),
    "DROP TRIGGER": ("audit_event_statement", "DROP TRIGGER audit_event_statement ON audit_event"),
    "DROP FUNCTION": ("audit_event_row", "DROP FUNCTION audit_event_guard CASCADE"),
    "another function": ("audit_event_row", BELIEVING),
    "another search_path": ("audit_event_row", "ALTER FUNCTION audit_event_guard() SET search_path = public"),
    "no search_path": ("audit_event_row", "ALTER FUNCTION audit_event_guard() RESET ALL"),
    "one more trigger": (
        "audit_event_a",
        "CREATE TRIGGER audit_event_a BEFORE INSERT ON audit_event EXECUTE FUNCTION audit_event_guard()",
    ),
    "a rule": ("swallow", "CREATE RULE swallow AS ON INSERT TO audit_event DO INSTEAD NOTHING"),
    "a rule for others": ("forward", "CREATE RULE forward AS ON DELETE TO audit_event DO INSTEAD NOTHING"),
}
postgres_only = pytest.mark.parametrize(
    "any_store", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@postgres_only
@pytest.mark.parametrize("name", REFUSED)
def test_a_server_refuses_even_the_owner(any_store: Store, name: str) -> None:
    record(any_store)
    words, *statements = REFUSED[name]
    with refused(any_store, words):
        attempt(any_store, *statements)


@postgres_only
def test_a_server_refuses_even_the_owner_to_copy_in_a_row_that_does_not_follow(any_store: Store) -> None:
    record(any_store)
    with refused(any_store, FOLLOWS):
        copy_in(any_store, wrong_row(any_store, "a gap"))


@postgres_only
@pytest.mark.parametrize("name", NAMED)
def test_what_the_owner_takes_away_is_named(any_store: Store, name: str) -> None:
    record(any_store)
    missing, *statements = NAMED[name]
    attempt(any_store, *statements)
    report = verify_store(any_store.url)
    assert (report.ok, report.events) == (True, ROWS)
    assert any(warning.startswith(f"{missing}: this") for warning in report.warnings), report.warnings
    any_store.close()


@postgres_only
def test_a_record_that_was_dropped_is_not_called_whole(any_store: Store) -> None:
    record(any_store)
    attempt(any_store, "DROP TABLE audit_event")
    assert verify_store(any_store.url).ok is None
    with pytest.raises(StoreUnavailable):
        record(any_store, 1)
