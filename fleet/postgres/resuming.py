"""What resuming a standby's replay means: which way, what stands against it, what people are told. Pure."""

from core.outcome import Refusal
from fleet.inventory import Node
from fleet.postgres import lsn
from fleet.postgres.byhand import run, sql
from fleet.postgres.candidate import too_little
from fleet.postgres.control import program
from fleet.postgres.replay import Replay, ago, utc
from fleet.postgres.view import ClusterView


def restarts(seen: Replay) -> bool:
    """Say whether it takes a restart: at a recovery target, resuming makes a standby a primary."""
    return bool(seen.target) or seen.kept_delay is not None


def streams_late(seen: Replay) -> bool:
    """Say whether it will stream only after its delay: a restarted one first replays the WAL that it has."""
    return restarts(seen) and seen.kept_delay not in {None, "0"}


def too_small(view: ClusterView, node: str) -> Refusal | None:
    """Refuse where PostgreSQL itself may have paused: resumed with less than its primary has, a standby shuts down."""
    here, primary = view.nodes[node], view.primary
    key = too_little(here, primary) if primary and here.reachable else ""
    if primary is None or not key:
        return None
    mine, theirs = here.settings[key], primary.settings[key]
    said = f"{key} is {mine} on {node}, {theirs} on {primary.name}: replaying on, {node} would shut down."
    hint = f"Raise it on {node} and restart that one. Beware: a restart also ends a pause that a person made."
    return Refusal("REPLAY-SETTINGS", said, hint)


def costs(seen: Replay, node: str) -> tuple[str, ...]:
    """Say what is applied."""
    since = f" after {utc(seen.committed)}" if seen.committed else ""
    said = [
        f"{node} applies what was committed{since}, {lsn.size(seen.waiting)} of WAL so far: also what it was paused for"
    ]
    if restarts(seen):
        said.append(f"restarts {node}: it stands at a recovery target")
    return tuple(said)


def notes(view: ClusterView, seen: Replay, node: str) -> tuple[str, ...]:
    """Say what a tired person should know before agreeing."""
    said = [f"copy what you still need from {node} first: afterwards it is gone there"]
    if seen.delay:
        said.append(f"its delay of {ago(seen.delay)} still holds back what is newer")
    if restarts(seen):
        said.append(f"never pg_wal_replay_resume() on {node}: at its target ({seen.target}) that makes it a primary")
        said.append(f"{node} gets the delay back that it had before it was rolled forward")
    if view.primary is None:
        said.append(f"no primary answers: whether {node} streams, and whether its settings suffice, stays UNKNOWN")
    return tuple(said)


def waiting(seen: Replay, node: str) -> tuple[str, ...]:
    """Say what waiting costs: nothing but disk, and what ends the plan."""
    return (
        f"{seen.last}; PostgreSQL does not keep since when it is paused",
        f"until then {node} keeps what it shows, and its pg_wal grows. A restart of {node} would end the pause",
        "ends when replay moves, or with a change of primary or timeline",
    )


def onward(here: Node, seen: Replay) -> tuple[str, ...]:
    """Give the commands that finish it by hand."""
    state = sql(here, "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()")
    if not restarts(seen):
        return (sql(here, "SELECT pg_wal_replay_resume()"), state)
    return (
        f"# Out of {here.data}/postgresql.auto.conf: every line with recovery_target. Set recovery_min_apply_delay",
        f"# to {seen.kept_delay or 'what it was'}. {here.name} must have its standby.signal. Then restart it:",
        run(here, "ls", f"{here.data}/standby.signal"),
        run(here, program(here, "pg_ctl"), "-D", here.data, "-m", "fast", "restart"),
        state,
    )
