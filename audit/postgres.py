"""The same store in PostgreSQL: one writer at a time, and a table that refuses to be altered."""

from collections.abc import Generator, Sequence

from sqlalchemy import Connection, Engine, create_engine, text

from audit.guard import TABLE

SCHEME = "postgresql+psycopg"
CONNECT_SECONDS = 3
_LOCK = 0x5EC0DE  # one advisory lock for all writers, as SQLite has one; the chain has one end
_FUNCTION = f"""CREATE OR REPLACE FUNCTION {TABLE}_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
DECLARE newest record;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'the audit log is never changed';
  END IF;
  SELECT seq, hash INTO newest FROM {TABLE} ORDER BY seq DESC LIMIT 1;
  IF NEW.seq IS DISTINCT FROM coalesce(newest.seq, 0) + 1
     OR NEW.prev_hash IS DISTINCT FROM coalesce(newest.hash, '{"0" * 64}') THEN
    RAISE EXCEPTION 'this entry does not follow the last one';
  END IF;
  RETURN NEW;
END $guard$"""  # noqa: S608  # constants only
_ROW, _STATEMENT = f"{TABLE}_row", f"{TABLE}_statement"
_TRIGGERS = (
    f"""CREATE OR REPLACE TRIGGER {_ROW} BEFORE INSERT OR UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION {TABLE}_guard()""",
    f"""CREATE OR REPLACE TRIGGER {_STATEMENT} BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_guard()""",
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {_ROW}",  # also for whoever sets session_replication_role
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {_STATEMENT}",
)
_LOOK = """SELECT tgname, tgenabled::text, tgtype, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal ORDER BY tgname"""
_BODY = _FUNCTION.split("$guard$")[1]
_AS_MADE = {_ROW: ("A", 31, _BODY), _STATEMENT: ("A", 34, _BODY)}  # pg_trigger.tgtype: bits of level, time and event


def engine(url: str) -> Engine:
    """Give the engine. READ COMMITTED is meant: behind the lock each statement sees what was committed before it."""
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=10,
        pool_timeout=CONNECT_SECONDS,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "seconder"},
    )


def begin_writing(connection: Connection, wait: float) -> None:
    """Wait for the writers' lock, at most so many seconds; what is committed is on the disk."""
    connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{int(wait * 1000)}ms"})
    connection.execute(text("SET LOCAL synchronous_commit = on"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def begin_reading(connection: Connection) -> None:
    """See one snapshot, and change nothing."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def guard(connection: Connection) -> None:
    """Put the triggers in place."""
    for statement in (_FUNCTION, *_TRIGGERS):
        connection.execute(text(statement))


def altered(connection: Connection) -> list[str]:
    """Name the triggers that are not there as we made them, or not ours."""
    rows = connection.execute(text(_LOOK), {"table": TABLE}).all()
    found = {str(name): (str(enabled), int(kind), str(body)) for name, enabled, kind, body in rows}
    return [name for name in sorted({*found, *_AS_MADE}) if found.get(name) != _AS_MADE.get(name)]


def entries(connection: Connection, columns: Sequence[str]) -> Generator[Sequence[object]]:
    """Give the record's rows in the order of their numbers."""
    query = text(f"SELECT {', '.join(columns)} FROM {TABLE} ORDER BY seq")  # noqa: S608  # constants only
    with connection.execution_options(yield_per=1000).execute(query) as rows:
        for row in rows:
            yield tuple(row)
