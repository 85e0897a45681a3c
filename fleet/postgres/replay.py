"""Replay on one standby: how far it is, pause it, let it go on. Nobody else has to answer for that."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from core.step import StepContext
from fleet.inventory import Node
from fleet.postgres import lsn
from fleet.postgres.patience import Connection, one, talk
from fleet.postgres.statements import replay_statement
from fleet.site import Site

NOT_PAUSED, REQUESTED, PAUSED = "not paused", "pause requested", "paused"
_LOOK_EVERY = 0.1  # seconds


@dataclass(frozen=True)
class Replay:
    """What one node says of its replay. LSNs are bytes, ``delay`` is in seconds.

    ``delaying``: it waits before a commit, as its delay asks for. ``committed``: when the last transaction that it
    replayed was committed, by the primary's clock; None when there was none since its start. ``target``: where its
    recovery is to stop, as settings; resumed there, it would become a primary. ``kept_delay``: the delay that it had
    before it was rolled forward; None when it was not.
    """

    system: str
    in_recovery: bool
    state: str
    delaying: bool
    received: int
    replayed: int
    committed: datetime | None
    now: datetime
    delay: float
    hot: bool
    target: str
    kept_delay: str | None

    @property
    def held(self) -> bool:
        """Say whether no further commit is applied."""
        return self.state == PAUSED or (self.state == REQUESTED and self.delaying)

    @property
    def waiting(self) -> int:
        """Give the bytes of WAL that were received and not replayed."""
        return max(0, self.received - self.replayed)

    @property
    def last(self) -> str:
        """Say what the last replayed transaction is, for people."""
        if self.committed is None:
            return "no transaction was replayed since its start"
        age = max(0.0, (self.now - self.committed).total_seconds())
        return f"the last transaction that it replayed was committed at {utc(self.committed)}, {ago(age)} ago"


def utc(moment: datetime) -> str:
    """Write a moment as people compare it with a log, to the millisecond: two commits often share a second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03} UTC"


def ago(seconds: float) -> str:
    """Write a time span in its largest unit that says enough: ``40 s``, ``25 min``, ``3.5 h``."""
    if seconds < 120:  # noqa: PLR2004  # two minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004  # two hours


def read(site: Site, node: Node) -> Replay:
    """Ask a node. Raises ``Unreachable``, ``TimedOut``, ``StepFailed``."""
    with talk(site, node) as connection:
        return asked(connection)


def asked(connection: Connection) -> Replay:
    """Ask over a connection that is there."""
    row = one(connection, replay_statement(connection.info.server_version))
    places = {name: lsn.parse(row[name]) if row[name] else 0 for name in ("received", "replayed")}
    return Replay(**{**row, **places, "delay": int(row["delay"]) / 1000})


def pause(site: Site, step: StepContext, *, node: str, system: str) -> Evidence:
    """Have a standby apply no further commit, and wait until that is so. Raises ``StepFailed``."""
    here = site.cluster.node(node)
    with talk(site, here) as connection:
        same(asked(connection), node, system)
        connection.execute("SELECT pg_wal_replay_pause()")
    deadline = time.monotonic() + step.deadline
    while not (seen := read(site, here)).held:
        if time.monotonic() > deadline:
            said = f"The pause is asked for on {node}, but replay is still in the middle of a record."
            hint = f"It may still apply that one. A query there may hold it up: see pg_stat_activity on {node}."
            raise StepFailed(said, hint, code="PAUSE-REQUESTED")
        time.sleep(_LOOK_EVERY)
    data = {"replayed": lsn.show(seen.replayed), "committed": utc(seen.committed) if seen.committed else None}
    held = "paused" if seen.state == PAUSED else "held before the next commit"
    text = f"replay on {node} is {held} at {data['replayed']}; {seen.last}; {lsn.size(seen.waiting)} of WAL wait"
    return Evidence(text, data)


def is_paused(site: Site, step: StepContext, *, node: str, system: str) -> Probe:
    """Look whether a standby applies nothing more; between asked for and paused nobody can tell."""
    del step
    seen = read(site, site.cluster.node(node))
    same(seen, node, system)
    if seen.held:
        return Probe.DONE
    return Probe.UNKNOWN if seen.state == REQUESTED else Probe.NOT_DONE


def resume(site: Site, step: StepContext, *, node: str, system: str) -> Evidence:
    """Let a paused standby replay on. Raises ``StepFailed`` at a recovery target: there it would become a primary."""
    del step
    with talk(site, site.cluster.node(node)) as connection:
        seen = asked(connection)
        same(seen, node, system)
        if seen.target:
            said = f"{node} stands at its recovery target ({seen.target}): resumed, it would become a primary."
            raise StepFailed(said, "Ask again: the plan will clear the target and restart it.", code="RESUME-TARGET")
        connection.execute("SELECT pg_wal_replay_resume()")
    return Evidence(f"{node} replays on from {lsn.show(seen.replayed)}")


def goes_on(site: Site, step: StepContext, *, node: str, system: str) -> Evidence:
    """See that a standby is one, and paused by nobody. Raises ``StepFailed``."""
    deadline = time.monotonic() + step.deadline
    while (seen := read(site, site.cluster.node(node))).state != NOT_PAUSED or seen.target:
        if time.monotonic() > deadline:
            said = f"Replay on {node} is {seen.state}{f', with {seen.target}' if seen.target else ''}."
            raise StepFailed(said, f"Read the end of {node}'s log.", code="STILL-PAUSED")
        time.sleep(_LOOK_EVERY)
    same(seen, node, system)
    late = f", {ago(seen.delay)} late as configured" if seen.delay else ""
    return Evidence(f"{node} replays{late}; it is at {lsn.show(seen.replayed)}")


def same(seen: Replay, node: str, system: str) -> None:
    """Raise ``StepFailed`` when a node is no standby, or not of the system that people saw."""
    if seen.system != system:
        raise StepFailed(f"{node} is another system now.", "Check the configuration.", code="OTHER-SYSTEM")
    if not seen.in_recovery:
        raise StepFailed(f"{node} is not a standby any more.", "Look at the cluster again.", code="NOT-STANDBY")
