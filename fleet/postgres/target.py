"""Where a standby's recovery is to stop: its settings, set for one roll forward and taken away after it.

A standby that stands at its target and is told to resume becomes a primary. So nothing here does that: a target goes
by a restart without it. The delay that the node had before is kept beside, in a setting of our own.
"""

from psycopg import sql

from core.outcome import Evidence
from core.step import StepContext
from fleet.postgres import replay
from fleet.postgres.patience import Connection, talk
from fleet.site import Site

DELAY, KEPT = "recovery_min_apply_delay", "seconder.apply_delay"
_TARGETS = tuple(f"recovery_target{kind}" for kind in ("", "_lsn", "_name", "_time", "_xid"))
_HOW = tuple(f"recovery_target_{how}" for how in ("action", "inclusive", "timeline"))


def clear(site: Site, step: StepContext, *, node: str, system: str) -> Evidence:
    """Take the target out of a standby's settings and give its delay back: both count from its next start."""
    del step
    with talk(site, site.cluster.node(node)) as connection:
        seen = replay.asked(connection)
        replay.same(seen, node, system)
        for name in (*_TARGETS, *_HOW):
            _reset(connection, name)
        if seen.kept_delay is not None:
            _give_back(connection, seen.kept_delay)
    return Evidence(f"{node} has no recovery target from its next start on")


def _give_back(connection: Connection, kept: str) -> None:
    if kept:
        _set(connection, DELAY, kept)
    else:
        _reset(connection, DELAY)
    connection.execute("SELECT set_config(%s, '', false)", (KEPT,))  # else the server does not know the name
    _reset(connection, KEPT)


def _set(connection: Connection, name: str, value: str) -> None:
    connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.SQL(name), sql.Literal(value)))


def _reset(connection: Connection, name: str) -> None:
    connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.SQL(name)))
