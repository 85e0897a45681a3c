"""A hook's SQL file: over the simple query protocol, which is all that PgBouncer's admin console knows."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from core.errors import StepFailed, Unreachable
from fleet.hooks.hook import Statements
from fleet.postgres.patience import Connection, patience
from fleet.site import Site

CONSOLE = "pgbouncer"  # PgBouncer's own name for its admin console
_CONNECT = 3  # seconds
_SHOWN = 300  # characters


def execute(site: Site, sql: Statements) -> str:
    """Send the file; gives what was found of ``expect``. Raises ``StepFailed``, ``Unreachable``, ``TimedOut``."""
    text = _text(sql)
    if hashlib.sha256(text).hexdigest() != sql.sha256:
        hint = "Ask again, so that people agree to what stands there now."
        raise StepFailed(f"{sql.file} is not the file that was agreed to.", hint, code="HOOK-CHANGED")
    rows: list[dict[str, str]] = []
    with connected(site, sql) as connection:
        for part in _parts(sql, text):
            rows += _rows(connection, part)
    for wanted in sql.expect:
        if not any(_fits(row, wanted) for row in rows):
            raise StepFailed(f"No row has {_listed(wanted)}; there is {_nearest(rows, wanted)}.", code="HOOK")
    return "; ".join(map(_listed, sql.expect))


def digest(sql: Statements) -> str:
    """Give the SHA-256 of the file. Raises ``StepFailed``."""
    return hashlib.sha256(_text(sql)).hexdigest()


@contextmanager
def connected(site: Site, sql: Statements) -> Iterator[Connection]:
    """Connect for at most ``seconds``. Raises ``Unreachable``, ``TimedOut``, ``StepFailed`` with the server's words."""
    with _open(site, sql) as connection:
        try:
            with patience(connection, sql.seconds, sql.file):
                yield connection
        except psycopg.OperationalError as error:
            raise Unreachable(f"The server broke the connection: {_said(error)}") from error
        except psycopg.Error as error:
            raise StepFailed(f"The server refused: {_said(error)}", code=f"SQL-{error.sqlstate or '?'}") from error


def secret_in(conninfo: str) -> str:
    """Say what is wrong with a conninfo of the configuration, or nothing."""
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError as error:
        return f"is no conninfo: {_said(error)}"
    return "holds a password: name a passfile instead" if {"password", "sslpassword"} & set(given) else ""


def _open(site: Site, sql: Statements) -> Connection:
    if not sql.conninfo:
        return site.connect(site.cluster.node(sql.on))
    ours: dict[str, str | int | None] = {
        "application_name": "seconder",
        "connect_timeout": _CONNECT,
        "passfile": sql.passfile or None,
    }
    given = {key: value for key, value in (ours | conninfo_to_dict(sql.conninfo)).items() if value is not None}
    try:
        return psycopg.connect(
            make_conninfo("", **given), autocommit=True, prepare_threshold=None, row_factory=dict_row
        )
    except psycopg.Error as error:
        where = f"{given.get('host', 'the local socket')}:{given.get('port', 5432)}"
        raise Unreachable(f"{where} took no connection: {_said(error)}", "Does it run, and let the bot in?") from error


def _parts(sql: Statements, text: bytes) -> list[bytes]:
    """Give what is sent at once: the whole file, which a server takes apart itself; the console takes one command."""
    if not sql.conninfo or conninfo_to_dict(sql.conninfo).get("dbname") != CONSOLE:
        return [text]
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(b"--")]


def _rows(connection: Connection, part: bytes) -> Iterator[dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(part)
        more: bool | None = True
        while more:
            result = cursor.pgresult
            for row in range(result.ntuples if result else 0):
                yield {_name(result, n): _value(result, row, n) for n in range(result.nfields)} if result else {}
            more = cursor.nextset()


def _name(result: psycopg.pq.abc.PGresult, column: int) -> str:
    return (result.fname(column) or b"").decode("utf-8", "backslashreplace")


def _value(result: psycopg.pq.abc.PGresult, row: int, column: int) -> str:
    return (result.get_value(row, column) or b"").decode("utf-8", "backslashreplace")


def _fits(row: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(row.get(column) == value for column, value in wanted.items())


def _nearest(rows: list[dict[str, str]], wanted: Mapping[str, str]) -> str:
    """Show the same columns of the row that has most of what was wanted."""
    if not rows:
        return "no row at all"
    best = max(rows, key=lambda row: sum(row.get(column) == value for column, value in wanted.items()))
    return _listed({column: best.get(column, "no such column") for column in wanted})


def _listed(row: Mapping[str, str]) -> str:
    return " ".join(f"{column}={value}" for column, value in row.items())[:_SHOWN]


def _text(sql: Statements) -> bytes:
    try:
        return Path(sql.file).read_bytes()
    except OSError as error:
        said = f"{sql.file} can't be read: {error.strerror}."
        raise StepFailed(said, "It lies on the bot's machine.", code="HOOK-FILE") from error


def _said(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
