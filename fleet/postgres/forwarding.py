"""What people are told about rolling a standby forward, and the commands with which they do it by hand. Pure."""

from fleet.inventory import Cluster, Node
from fleet.postgres import lsn
from fleet.postgres.byhand import run, sql
from fleet.postgres.control import program, signal_file
from fleet.postgres.point import Point
from fleet.postgres.replay import Replay, ago
from fleet.postgres.target import DELAY, HOW
from fleet.postgres.view import ClusterView


def costs(seen: Replay, node: str, to: Point) -> tuple[str, ...]:
    """Say what it does."""
    return (
        f"{node} applies what was committed before {to.said}, and can't go back behind it",
        f"restarts {node}; {lsn.size(seen.waiting)} of WAL wait there",
    )


def notes(view: ClusterView, node: str) -> tuple[str, ...]:
    """Say what a tired person should know before agreeing, and what comes next."""
    again = f"/db resume {view.name} {node}"
    said = [
        f"then copy the rows: PGOPTIONS='-c lock_timeout=5s' pg_dump -t TABLE against {node}",
        "what a TRUNCATE or DROP had locked by then can't be read there: choose a point before it began, best an LSN",
        f"NEVER pg_wal_replay_resume() on {node} then: at its target that makes it a primary. {again} brings it back",
        f"its delay is off on the way; {again} gives it back",
    ]
    if view.primary is None:
        said.append("no primary answers: what it needs must lie in its own pg_wal or in the archive")
    return tuple(said)


def waiting(seen: Replay, node: str) -> tuple[str, ...]:
    """Say what waiting costs, and what ends the plan."""
    late = f"; its delay is {ago(seen.delay)}" if seen.delay else ""
    return (
        f"replay on {node} is paused: {seen.last}{late}. A restart of {node} before this would end the pause",
        "ends when replay moves, or with a change of primary or timeline",
    )


def onward(cluster: Cluster, node: str, to: Point) -> tuple[str, ...]:
    """Give the commands that finish it by hand: all settings first, then the restart."""
    here = cluster.node(node)
    settings = {**HOW, to.setting: to.value, DELAY: "0"}
    return (
        f"# Note its delay first, to give it back afterwards (it may be kept as {DELAY} or seconder.apply_delay):",
        sql(here, f"SHOW {DELAY}"),
        *(sql(here, f"ALTER SYSTEM SET {name} = '{value}'") for name, value in settings.items()),
        run(here, "ls", signal_file(here)),
        *_restart(here),
        "# paused, and still t? Then it stands there. Never resume it there: it would become a primary.",
        sql(here, "SELECT pg_get_wal_replay_pause_state(), pg_is_in_recovery(), pg_last_xact_replay_timestamp()"),
    )


def back(cluster: Cluster, node: str) -> tuple[str, ...]:
    """Give the commands that take the settings away while the node has not been stopped."""
    here = cluster.node(node)
    names = (*HOW, "recovery_target_time", "recovery_target_lsn", DELAY)
    return (
        f"# Then set {DELAY} to what it was. Only a restart would let {node} replay on:",
        *(sql(here, f"ALTER SYSTEM RESET {name}") for name in names),
    )


def _restart(here: Node) -> list[str]:
    return [run(here, program(here, "pg_ctl"), "-D", here.data, "-m", "fast", "restart")]
