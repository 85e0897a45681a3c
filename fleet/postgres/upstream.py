"""Whom a standby follows: primary_conninfo, slots, and the wait until it streams."""

import time
from collections.abc import Iterable
from contextlib import suppress

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.errors import SeconderError, StepFailed
from fleet.inventory import Node
from fleet.postgres import lsn
from fleet.postgres.patience import Connection, patience
from fleet.postgres.view import NodeView
from fleet.site import Site

_LOOK_EVERY = 0.02  # seconds
_ANSWER = 5.0  # seconds for one quick statement
_RECEIVER = """
    SELECT pg_is_in_recovery() AS in_recovery,
           greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text AS has,
           (SELECT status FROM pg_stat_wal_receiver) AS status, (SELECT received_tli FROM pg_stat_wal_receiver) AS tli,
           (SELECT sender_port FROM pg_stat_wal_receiver) AS port,
           (SELECT sender_host FROM pg_stat_wal_receiver) AS host
"""


def slot_for(node: NodeView) -> str:
    """Give the name of the slot that feeds a node: the one it names now, else its own name as slots may be spelled."""
    named = node.settings.get("primary_slot_name") or (node.receiver.slot if node.receiver else "")
    return named or "".join(char if char.isalnum() and char.isascii() else "_" for char in node.name.lower())


def conninfo(existing: str, upstream: Node, name: str) -> str:
    """Aim a primary_conninfo at another server: host and port change, all else stays (password, TLS, time-outs).

    Raises ``StepFailed`` when ``existing`` can't be read, without showing it: it may hold a password.
    """
    try:
        parameters = conninfo_to_dict(existing)
    except psycopg.Error:
        hint = "Correct it by hand; keep the password in a passfile."
        raise StepFailed(f"primary_conninfo of {name} can't be read.", hint, code="CONNINFO") from None
    kept = {key: str(value) for key, value in parameters.items() if value is not None and key != "hostaddr"}
    if "application_name" in kept:
        kept["application_name"] = name
    return make_conninfo(**{**kept, "host": upstream.address, "port": str(upstream.port)})


def points_at(text: str, nodes: Iterable[Node]) -> str:
    """Give the name of the node at which a conninfo points, or nothing."""
    try:
        parameters = conninfo_to_dict(text)
    except psycopg.Error:
        return ""
    where = (parameters.get("host"), str(parameters.get("port") or "5432"))
    return next((node.name for node in nodes if (node.address, str(node.port)) == where), "")


def current_conninfo(connection: Connection) -> str:
    """Give a node's primary_conninfo. It may hold a password: never put it in a plan, evidence or message."""
    row = connection.execute("SELECT setting FROM pg_settings WHERE name = 'primary_conninfo'").fetchone()
    return str(row["setting"]) if row else ""


def aim(connection: Connection, text: str, slot: str) -> None:
    """Write primary_conninfo and primary_slot_name into postgresql.auto.conf; a reload makes them count (13+)."""
    with suppress(psycopg.errors.InsufficientPrivilege):  # a password must not reach the server's log
        connection.execute(
            "SELECT set_config('log_statement', 'none', false), set_config('log_min_duration_statement', '-1', false),"
            " set_config('log_min_error_statement', 'panic', false)",
        )
    connection.execute(sql.SQL("ALTER SYSTEM SET primary_conninfo = {}").format(sql.Literal(text)))
    connection.execute(sql.SQL("ALTER SYSTEM SET primary_slot_name = {}").format(sql.Literal(slot)))


def ensure_slot(connection: Connection, name: str) -> bool:
    """Have a physical slot that keeps WAL from now on; True when it was made.

    A lost one is made anew: 18 refuses it for ever ("can no longer access replication slot"). So is one that nobody
    has used and that was made without a place: it keeps nothing.
    """
    row = connection.execute(
        "SELECT slot_type, active, restart_lsn IS NULL OR wal_status = 'lost' AS keeps_nothing"
        " FROM pg_replication_slots WHERE slot_name = %s",
        (name,),
    ).fetchone()
    if row is not None and row["slot_type"] != "physical":
        raise StepFailed(f"Slot {name} exists and is not physical.", "Rename or drop it.", code="SLOT-TAKEN")
    if row is not None and row["keeps_nothing"] and not row["active"]:
        connection.execute("SELECT pg_drop_replication_slot(%s)", (name,))
        row = None
    if row is not None:
        return False
    with suppress(psycopg.errors.DuplicateObject):  # the session of a bot that died here may still be at it
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (name,))
        return True
    return False


def drop_slot(connection: Connection, name: str) -> bool:
    """Drop a physical slot that nobody uses; False when there is none or somebody does."""
    row = connection.execute(
        "SELECT slot_name FROM pg_replication_slots WHERE slot_name = %s AND slot_type = 'physical' AND NOT active",
        (name,),
    ).fetchone()
    if row is None:
        return False
    with suppress(psycopg.errors.ObjectInUse, psycopg.errors.UndefinedObject):
        connection.execute("SELECT pg_drop_replication_slot(%s)", (name,))
        return True
    return False


def has_slot(connection: Connection, name: str) -> bool:
    """Say whether there is a slot of this name."""
    return connection.execute("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", (name,)).fetchone() is not None


def follows(site: Site, node: Node, upstream: Node, timeline: int, marker: int = 0) -> str:
    """Say why a node does not follow another on a timeline, or nothing when it does and has WAL up to ``marker``.

    A row in pg_stat_replication proves less: a standby ahead of the fork appears there too and never streams.
    """
    try:
        with site.connect(node, timeout=_ANSWER) as connection:
            return _missing(connection, node, upstream, timeline, marker)
    except (SeconderError, psycopg.Error) as error:
        return f"{node.name} does not answer: {error}"


def wait_following(
    site: Site, node: Node, upstream: Node, *, timeline: int, marker: int, timeout: float, exact: bool = False
) -> None:
    """Wait until a node streams from another. Raises ``StepFailed`` with the last thing that was missing.

    ``exact``: its conninfo has the inventory's address, so the host tells standbys on the same port apart. Elsewhere a
    person may have written another name of the same host.
    """
    deadline = time.monotonic() + timeout
    why = "it was not looked at"
    while time.monotonic() < deadline:
        try:
            with site.connect(node, timeout=_ANSWER) as connection:
                while why := _missing(connection, node, upstream, timeline, marker, exact=exact):
                    if time.monotonic() > deadline:
                        break
                    time.sleep(_LOOK_EVERY)
        except (SeconderError, psycopg.Error) as error:
            why = str(error)
            time.sleep(10 * _LOOK_EVERY)
        if not why:
            return
    hint = f"Read the end of {node.name}'s log. /db resync can bring it back."
    raise StepFailed(
        f"{node.name} does not follow {upstream.name} after {timeout:g} s: {why}", hint, code="NOT-FOLLOWING"
    )


def _missing(
    connection: Connection, node: Node, upstream: Node, timeline: int, marker: int, *, exact: bool = False
) -> str:
    with patience(connection, _ANSWER, f"{node.name}'s answer"):
        row = connection.execute(_RECEIVER).fetchone()
    if row is None or not row["in_recovery"]:
        return "it is not in recovery"
    if row["status"] != "streaming":
        return f"its receiver is {row['status'] or 'not there'}"
    if row["port"] != upstream.port:
        return f"its receiver is connected to port {row['port']}, not {upstream.port}"
    if exact and row["host"] != upstream.address:
        return f"its receiver is connected to {row['host']}, not {upstream.address}"
    if row["tli"] != timeline:
        return f"it receives timeline {row['tli']}, not {timeline}"
    has = lsn.parse(str(row["has"])) if row["has"] else 0
    return "" if has >= marker else f"it has WAL up to {lsn.show(has)}, not {lsn.show(marker)}"
