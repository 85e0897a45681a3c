"""Where a server stands right now: one quick question each."""

from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import SeconderError, StepFailed
from fleet.inventory import Node
from fleet.postgres import lsn
from fleet.postgres.patience import Connection, one, talk
from fleet.site import Site

_HEAD = """
    SELECT pg_is_in_recovery() AS in_recovery,
           CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn()::text END AS lsn,
           CASE WHEN pg_is_in_recovery() THEN NULL
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline
"""
_REACHED = """
    SELECT pg_is_in_recovery() AS in_recovery,
           greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text AS lsn,
           extract(epoch FROM pg_last_xact_replay_timestamp())::float8 AS committed,
           (SELECT sender_port FROM pg_stat_wal_receiver WHERE status = 'streaming') AS hears
"""


@dataclass(frozen=True)
class Stands:
    """Where a server stands: whether it ``writes``, else where its WAL ends, and the port from which it hears.

    ``replayed``: when the newest commit that it replayed was made.
    """

    writes: bool
    end: int
    hears: int | None
    replayed: datetime | None = None


def head(connection: Connection, name: str) -> tuple[int, int]:
    """Give a primary's timeline and the end of its WAL, in bytes. Raises ``StepFailed`` when it is a standby."""
    row = one(connection, _HEAD)
    if row["in_recovery"]:
        raise StepFailed(f"{name} is in recovery: it does not accept writes.", code="NOT-PRIMARY")
    return int(row["timeline"]), lsn.parse(row["lsn"])


def reached(connection: Connection, name: str) -> Stands:
    """Say where a standby stands. Raises ``StepFailed`` when it is a primary."""
    found = stands(connection)
    if found.writes:
        raise StepFailed(f"{name} is not a standby any more.", "Look at the cluster again.", code="NOT-STANDBY")
    return found


def stand(site: Site, node: Node) -> Stands | None:
    """Say where a server stands; None without an answer."""
    try:
        return where(site, node)
    except SeconderError:
        return None


def where(site: Site, node: Node) -> Stands:
    """Say where a server stands. Raises ``Unreachable``, ``TimedOut``, ``StepFailed``."""
    with talk(site, node) as connection:
        return stands(connection)


def stands(connection: Connection) -> Stands:
    """Say where the server stands that is connected to."""
    row = one(connection, _REACHED)
    replayed = None if row["committed"] is None else datetime.fromtimestamp(row["committed"], UTC)
    return Stands(not row["in_recovery"], lsn.parse(row["lsn"]) if row["lsn"] else 0, row["hears"], replayed)


def writable(site: Site, node: Node) -> bool:
    """Say whether a server answers and is out of recovery; False proves nothing."""
    found = stand(site, node)
    return found is not None and found.writes
