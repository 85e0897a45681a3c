"""The steps that every way back of a standby shares: stop it behind a fence, start it, prove it.

Every function takes the site, where the run stands, and the step's args; each checks again what it relies on.
"""

import time
from collections.abc import Sequence

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from core.step import StepContext
from fleet.inventory import Node
from fleet.postgres import control, datadir, lsn, process, standing
from fleet.postgres.patience import one, talk
from fleet.postgres.upstream import drop_slot, wait_following
from fleet.shell import Shell
from fleet.site import Site

STOP_TIME = 90.0  # seconds: a fast stop waits for WAL senders, and those for wal_sender_timeout (60 s)
_AT_ONCE = 20.0  # seconds for an immediate stop
_BURIAL = 5.0  # seconds that a parent may take to reap its child
_CHECKPOINT = 600.0  # seconds
_LOOK_EVERY = 0.1  # seconds
_CONTROL = "SELECT (SELECT system_identifier::text FROM pg_control_system()) AS sysid"
_KNOWN = "SELECT timeline_id AS timeline FROM pg_control_checkpoint()"
_REPLAYED = "SELECT pg_last_wal_replay_lsn()::text AS lsn"
_MARK = "SELECT pg_logical_emit_message(true, 'seconder', 'resync')::text AS lsn"


def still(site: Site, *, node: str, primary: str, system: str, timeline: int) -> None:
    """Make sure again that ``primary`` is the primary that people saw, and that ``node`` is not.

    Raises ``StepFailed``, ``Unreachable``.
    """
    with talk(site, site.cluster.node(primary)) as connection:
        sysid = one(connection, _CONTROL)["sysid"]
        now, _position = standing.head(connection, primary)
    if sysid != system or now != timeline:
        said = f"{primary} is on timeline {now} of system {sysid}, not {timeline} of {system}."
        raise StepFailed(said, "Look at the cluster again.", code="RESYNC-OTHER-SYSTEM")
    here = site.cluster.node(node)
    if standing.writable(site, here):
        with talk(site, here) as connection:
            its, _position = standing.head(connection, node)
        if its >= timeline:
            said = f"{node} accepts writes on timeline {its}."
            raise StepFailed(said, "A primary is never resynced.", code="RESYNC-IS-PRIMARY")


def must_be_gone(shell: Shell, node: Node) -> None:
    """Raise ``StepFailed`` while any process of a node's server is left."""
    if datadir.exists(shell, f"{node.data}/PG_VERSION") and not process.gone(shell, node):
        raise StepFailed(f"{node.name} runs.", "Somebody started it; look there first.", code="STILL-RUNNING")


def bury(shell: Shell, node: Node) -> None:
    """Have a killed server's entry in postmaster.pid not stand in the way: PostgreSQL takes a zombie for alive.

    Where no parent reaps it (a container without an init), the file is removed once it is proven that nothing runs.
    """
    deadline = time.monotonic() + _BURIAL
    while shell.run([control.program(node, "pg_ctl"), "-D", node.data, "status"], timeout=_AT_ONCE).ok:
        if time.monotonic() > deadline:
            must_be_gone(shell, node)
            shell.run(["rm", "-f", f"{node.data}/postmaster.pid"], timeout=_AT_ONCE)
            return
        time.sleep(_LOOK_EVERY)


def checkpoint(site: Site, node: Node) -> int:
    """Checkpoint the primary until its control file names the timeline that it writes; that timeline.

    Raises ``StepFailed``.
    """
    with talk(site, node, seconds=_CHECKPOINT) as connection:
        timeline, _position = standing.head(connection, node.name)
        connection.execute("CHECKPOINT")
        known = one(connection, _KNOWN)["timeline"]
    if known != timeline:
        said = f"{node.name} writes timeline {timeline}, its control file says {known}."
        raise StepFailed(said, "Look at its log.", code="CHECKPOINT")
    return timeline


def stop(site: Site, step: StepContext, *, node: str, primary: str, system: str, timeline: int) -> Evidence:
    """Stop a node behind a fence: whoever starts it gets a standby. Fast first, then at once."""
    still(site, node=node, primary=primary, system=system, timeline=timeline)
    return halt(site, step, node=node)


def halt(site: Site, step: StepContext, *, node: str) -> Evidence:
    """Stop a node behind a fence, whatever the rest of the cluster does: going back must not need it."""
    del step
    here = site.cluster.node(node)
    shell = site.shell(here)
    control.fence(shell, here)
    try:
        process.stop(shell, here, timeout=STOP_TIME)
        how = "stopped"
    except StepFailed:
        shell.run([control.program(here, "pg_ctl"), "-D", here.data, "-m", "immediate", "-W", "stop"], timeout=_AT_ONCE)
        process.wait_gone(shell, here, timeout=_AT_ONCE)
        how = "stopped at once, a fast stop took too long"
    return Evidence(f"{node} is {how}; standby.signal lies in its folder")


def stopped(site: Site, step: StepContext, *, node: str, **_args: object) -> Probe:
    """Look for a fence around a stopped server."""
    del step
    here = site.cluster.node(node)
    return Probe.DONE if process.gone_fenced(site.shell(here), here) else Probe.NOT_DONE


def start(site: Site, step: StepContext, *, node: str) -> Evidence:
    """Start a fenced node. Raises ``StepFailed`` when it has no fence, or does not come up."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    if not control.fenced(shell, here):
        said = f"{node} has no standby.signal: started, it would accept writes."
        raise StepFailed(said, "Put it back before any start.", code="NOT-FENCED")
    try:
        if not process.running(shell, here):
            bury(shell, here)
    except StepFailed:
        if not process.running(shell, here):  # it does: a bot that is dead by now had told it to start
            raise
    process.start(shell, here, timeout=step.deadline)
    return Evidence(f"{node} runs as a standby")


def started(site: Site, step: StepContext, *, node: str, **_args: object) -> Probe:
    """Look whether the server runs."""
    del step
    here = site.cluster.node(node)
    return Probe.DONE if process.running(site.shell(here), here) else Probe.NOT_DONE


def prove(
    site: Site, step: StepContext, *, node: str, primary: str, upstream: str, timeline: int, replays: bool = True
) -> Evidence:
    """See that the node streams the primary's timeline, and replays what was written just now unless it is delayed."""
    here, there = site.cluster.node(node), site.cluster.node(upstream)
    marker = mark(site, site.cluster.node(primary))
    exact = upstream != primary
    wait_following(site, here, there, timeline=timeline, marker=0, timeout=step.deadline, exact=exact)
    if not replays:
        return Evidence(f"{node} streams timeline {timeline} from {upstream}; it replays later, as configured")
    _wait_replayed(site, step, here, marker)
    return Evidence(f"{node} streams timeline {timeline} from {upstream} and replayed the marker at {lsn.show(marker)}")


def _wait_replayed(site: Site, step: StepContext, node: Node, marker: int) -> None:
    """Wait as long as replay moves on. Raises ``StepFailed`` when it stood still for the step's deadline."""
    before, moved = -1, time.monotonic()
    while (reached := _replayed(site, node)) < marker:
        if reached > before:
            before, moved = reached, time.monotonic()
        step.report(reached, marker, f"{lsn.size(marker - reached)} to replay")
        if time.monotonic() - moved > step.deadline:
            said = f"{node.name} streams but replay stands at {lsn.show(reached)}, before {lsn.show(marker)}."
            raise StepFailed(said, "A query may block it: look at pg_stat_activity there.", code="NOT-REPLAYING")
        time.sleep(_LOOK_EVERY)


def mark(site: Site, primary: Node) -> int:
    """Write a message into the primary's WAL and give its place; it waits for no standby."""
    with talk(site, primary) as connection:
        connection.execute("SET synchronous_commit = local")
        return lsn.parse(one(connection, _MARK)["lsn"])


def _replayed(site: Site, node: Node) -> int:
    with talk(site, node) as connection:
        return lsn.parse(one(connection, _REPLAYED)["lsn"] or "0/0")


def tidy(site: Site, step: StepContext, *, node: str, slots: Sequence[str]) -> Evidence:
    """Drop the slots that a former primary kept for others: nobody uses them there, and they would pin WAL."""
    del step
    with talk(site, site.cluster.node(node)) as connection:
        standing.reached(connection, node)
        dropped = [name for name in slots if drop_slot(connection, name)]
    return Evidence(f"slots dropped on {node}: {', '.join(dropped) or 'none'}")


def again(site: Site, step: StepContext, **_args: object) -> Probe:
    """Say that doing it again is the way to find out."""
    del site, step
    return Probe.NOT_DONE
