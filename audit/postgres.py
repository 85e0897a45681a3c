"""The same store in PostgreSQL: one writer at a time, and a table that refuses to be altered."""

import math
from collections.abc import Generator, Sequence

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from audit.chain import DOMAIN
from audit.guard import TABLE
from core.errors import ConfigurationError

SCHEME = "postgresql+psycopg"
CONNECT_SECONDS = 3
POOLED, BURST = 10, 20  # more handlers than are pooled may wait for the lock at once; none may wait for a connection
_LOCK = 0x5EC0DE  # one advisory lock for all writers, as SQLite has one; the chain has one end
_DEFAULTS = {  # what the URL says itself comes first
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "seconder",
    "keepalives_idle": 10,  # a host that vanished is noticed within half a minute, not after two hours
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
# One message: what a round trip costs is paid once. Each of its statements sees what is committed when it begins.
# No statement_timeout: it would end the wait for a synchronous standby, and call that committed.
_WRITE = """BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; SET LOCAL lock_timeout = {wait};
SET LOCAL idle_in_transaction_session_timeout = '30s';
SELECT set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true);
SELECT pg_advisory_xact_lock({lock})"""
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL lock_timeout = {wait}"
_SEARCH = "pg_catalog, pg_temp"  # a temporary audit_event, or an operator of somebody's own, stands before nothing
_FUNCTION = f"""CREATE OR REPLACE FUNCTION {TABLE}_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = {_SEARCH} AS $guard$
DECLARE
  last_seq bigint;
  last_hash text;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'the audit log is never changed';
  END IF;
  EXECUTE format('SELECT seq, hash FROM %I.%I ORDER BY seq DESC LIMIT 1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
    INTO last_seq, last_hash;
  IF NEW.seq IS DISTINCT FROM coalesce(last_seq, 0) + 1
     OR NEW.prev_hash IS DISTINCT FROM coalesce(last_hash, '{"0" * 64}') THEN
    RAISE EXCEPTION 'this entry does not follow the last one';
  END IF;
  IF NEW.hash IS DISTINCT FROM
     encode(sha256(decode('{DOMAIN.hex()}', 'hex') || convert_to(NEW.body, 'UTF8')), 'hex') THEN
    RAISE EXCEPTION 'the hash does not belong to the body';
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
_LOOK = """SELECT tgname, tgenabled::text, tgtype::int, tgqual IS NULL AND tgattr::text = '', lanname::text,
provolatile::text, array_to_string(proconfig, ';'), prosrc
FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_language ON pg_language.oid = prolang
WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal"""
_RULES = "SELECT rulename::text FROM pg_rewrite WHERE ev_class = to_regclass(:table) ORDER BY rulename"
_MADE = (True, "plpgsql", "v", f"search_path={_SEARCH}", _FUNCTION.split("$guard$")[1])
_AS_MADE = {_ROW: ("A", 31, *_MADE), _STATEMENT: ("A", 34, *_MADE)}  # pg_trigger.tgtype: bits of level, time, event
_CORRUPT = {"XX001", "XX002"}  # data_corrupted, index_corrupted


def engine(url: str) -> Engine:
    """Give the engine. Transactions are ours, as over a file: psycopg would send BEGIN by itself, and wait for it.

    Raises ConfigurationError for a URL that can't be read.
    """
    try:
        asked = make_url(url)
    except (ArgumentError, ValueError) as error:  # its words would repeat the password
        raise ConfigurationError(
            "SECONDER_STORE is no URL that can be read.",
            f"Write it as {SCHEME}://user@host:5432/database; in a password, write @ as %40, / as %2F and : as %3A.",
        ) from error
    return create_engine(
        asked,
        isolation_level="AUTOCOMMIT",
        pool_size=POOLED,
        max_overflow=BURST,
        pool_timeout=CONNECT_SECONDS,
        connect_args={name: value for name, value in _DEFAULTS.items() if name not in asked.query},
    )


def begin_writing(connection: Connection, wait: float) -> None:
    """Wait for the writers' lock, at most so many seconds; what is committed is on the disk.

    READ COMMITTED, whatever the server's default is: behind the lock each statement sees what was committed before it.
    A writer that falls silent for 30 s loses its transaction and the lock.
    """
    connection.exec_driver_sql(_WRITE.format(wait=_milliseconds(wait), lock=_LOCK))


def begin_reading(connection: Connection, wait: float) -> None:
    """See one snapshot, and change nothing; wait at most so many seconds for a table that somebody locked."""
    connection.exec_driver_sql(_READ.format(wait=_milliseconds(wait)))


def owns(connection: Connection) -> bool:
    """Say whether this role owns the record: then nothing on the server keeps it from taking the guard away."""
    owner = "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass(:table)"
    return bool(connection.execute(text(owner), {"table": TABLE}).scalar())


def has_role(connection: Connection, role: str) -> bool:
    """Say whether the server knows a role."""
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    return found is not None


def grant(connection: Connection, role: str) -> None:
    """Give a role what a bot needs and no more: of the record it may read and add lines, nothing else."""
    quoted = connection.dialect.identifier_preparer.quote(role)
    database, schema = connection.execute(text("SELECT current_database(), current_schema()")).one()
    quote = connection.dialect.identifier_preparer.quote
    for statement in (
        f"REVOKE CREATE, TEMPORARY ON DATABASE {quote(database)} FROM PUBLIC, {quoted}",
        f"REVOKE CREATE ON SCHEMA {quote(schema)} FROM PUBLIC, {quoted}",
        f"GRANT CONNECT ON DATABASE {quote(database)} TO {quoted}",
        f"GRANT USAGE ON SCHEMA {quote(schema)} TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {quote(schema)} TO {quoted}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {quote(schema)} TO {quoted}",
        f"REVOKE ALL ON {TABLE}, alembic_version FROM PUBLIC, {quoted}",
        f"GRANT SELECT, INSERT ON {TABLE} TO {quoted}",
        f"GRANT SELECT ON alembic_version TO {quoted}",
    ):
        connection.execute(text(statement))


def guard(connection: Connection) -> None:
    """Put the triggers in place."""
    for statement in (_FUNCTION, *_TRIGGERS):
        connection.execute(text(statement))


def altered(connection: Connection) -> list[str]:
    """Name the triggers that are not there as we made them, or not ours."""
    rows = connection.execute(text(_LOOK), {"table": TABLE}).all()
    found = {str(row[0]): tuple(row[1:]) for row in rows}
    return [name for name in sorted({*found, *_AS_MADE}) if found.get(name) != _AS_MADE.get(name)]


def rules(connection: Connection) -> list[str]:
    """Name the rules on the table: none is ours, and one may swallow an entry without a word."""
    return [str(name) for name in connection.execute(text(_RULES), {"table": TABLE}).scalars()]


def entries(connection: Connection, columns: Sequence[str]) -> Generator[Sequence[object]]:
    """Give the record's rows in the order of their numbers; one short row for what can't be read."""
    query = text(f"SELECT {', '.join(columns)} FROM {TABLE} ORDER BY seq")  # noqa: S608  # constants only
    try:
        with connection.execution_options(yield_per=1000).execute(query) as rows:
            for row in rows:
                yield tuple(row)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _CORRUPT:
            raise
        yield (str(error.orig),)


def _milliseconds(wait: float) -> int:
    return max(1, math.ceil(wait * 1000))  # 0 would be: wait for ever
