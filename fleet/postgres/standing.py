"""Where a server stands right now: one quick question each."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import SeconderError, StepFailed
from fleet.inventory import Node
from fleet.postgres import lsn
from fleet.postgres.control import POLL
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
_HELD = """
    SELECT min(wait_event_type || ' ' || wait_event) FROM pg_stat_activity
     WHERE backend_type = 'startup' AND (
               wait_event_type IN ('Lock', 'BufferPin') OR wait_event LIKE 'RecoveryConflict%'
               OR wait_event = 'RecoveryPause')
"""
POISED = f"{_REACHED}, ({_HELD}) AS held"  # one question: clients may be waiting
REPLAY_TIME = 10.0  # seconds for what holds the replay up to go away


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
    return _standby(stands(connection), name)


def poised(connection: Connection, name: str) -> Stands:
    """Say where a standby stands that is to be promoted, once nothing holds its replay up.

    A startup process that is held up would not hear of the promotion, and then nobody takes writes. Raises
    ``StepFailed`` (NOT-REPLAYING), and as ``reached`` does.
    """
    deadline = time.monotonic() + REPLAY_TIME
    while (held := (row := one(connection, POISED))["held"]) is not None:
        if time.monotonic() > deadline:
            hint = f"A query on {name} may do that: see pg_stat_activity there, and end it."
            raise StepFailed(f"The replay of {name} is held up ({held}).", hint, code="NOT-REPLAYING")
        time.sleep(POLL)
    return _standby(_read(row), name)


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
    return _read(one(connection, _REACHED))


def _read(row: Mapping[str, Any]) -> Stands:
    replayed = None if row["committed"] is None else datetime.fromtimestamp(row["committed"], UTC)
    return Stands(not row["in_recovery"], lsn.parse(row["lsn"]) if row["lsn"] else 0, row["hears"], replayed)


def writable(site: Site, node: Node) -> bool:
    """Say whether a server answers and is out of recovery; False proves nothing."""
    found = stand(site, node)
    return found is not None and found.writes


def _standby(found: Stands, name: str) -> Stands:
    if found.writes:
        raise StepFailed(f"{name} is not a standby any more.", "Look at the cluster again.", code="NOT-STANDBY")
    return found
