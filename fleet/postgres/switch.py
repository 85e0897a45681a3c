"""A planned switchover up to the point of no return: prepare, stop, prove, and the way back.

Every function takes the site and the step's args; each checks again what it relies on.
"""

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

from core.errors import StepFailed, Unreachable
from core.outcome import Evidence, Probe
from fleet.inventory import Node
from fleet.postgres import brim, control, lsn, process, proof, upstream
from fleet.postgres.candidate import LAG_BUDGET
from fleet.postgres.observe import observe
from fleet.postgres.patience import Connection, one, talk
from fleet.postgres.shutting import shut_down
from fleet.postgres.standing import head, reached, writable
from fleet.postgres.view import DOWN, PRIMARY, UNKNOWN, ClusterView
from fleet.site import Site

CHECKPOINT_TIME = 300.0  # seconds
STOP_TIME = 95.0  # seconds: wal_sender_timeout (60 s), after which a stuck walsender gives up, and some more
GATE_TIME = 30.0  # seconds, as repmgr and pg_auto_failover
REPLAY_TIME = 10.0  # seconds to replay what it has
_CATCH_UP = 10.0  # seconds
_LATER = 2  # connections to the candidate that are opened ahead: for the gate and for the promotion
_DELAYED = "SELECT current_setting('recovery_min_apply_delay') <> '0' AS delayed"
_RECENT = "SELECT clock_timestamp() - checkpoint_time < interval '2 min' AS recent FROM pg_control_checkpoint()"
_REPLAYED = "SELECT pg_last_wal_replay_lsn()::text AS lsn"
_LONG_CHECKPOINT = 1.0  # seconds; after a longer one there is enough new to write to make a second one worth it


def prepare(site: Site, *, node: str, primary: str, slots: Mapping[str, str]) -> Evidence:
    """Make slots on the candidate and have little left for the shutdown checkpoint to write."""
    candidate = site.cluster.node(node)
    with talk(site, candidate) as connection:
        made = [slot for slot in slots.values() if upstream.ensure_slot(connection, slot)]
    with talk(site, site.cluster.node(primary), seconds=2 * CHECKPOINT_TIME) as connection:
        seconds = _checkpoint(connection)
        if brim.fill(connection) or seconds > _LONG_CHECKPOINT:
            _checkpoint(connection)
        _timeline, position = head(connection, primary)
    with talk(site, candidate, seconds=CHECKPOINT_TIME) as connection:
        _see_it_replay(connection, node, position)  # it makes no checkpoint of its own before, nor WAL files ahead
        _checkpoint(connection)
    return Evidence(f"slots on {node}: {', '.join(slots.values())}; checkpoint took {seconds:.2f} s", {"made": made})


def prepared(site: Site, *, node: str, primary: str, slots: Mapping[str, str]) -> Probe:
    """Look for the slots and for a checkpoint of late: without one the stop would take long."""
    with talk(site, site.cluster.node(node)) as connection:
        there = all(upstream.has_slot(connection, slot) for slot in slots.values())
    with talk(site, site.cluster.node(primary)) as connection:
        recent = one(connection, _RECENT)["recent"]
    return Probe.DONE if there and recent else Probe.NOT_DONE


def drop_slots(site: Site, *, node: str, slots: Sequence[str]) -> Evidence:
    """Drop the slots that were made for a switchover, unless somebody uses them.

    A candidate that died is often why all is taken back: nobody has to be asked then what became of the cluster.
    """
    try:
        with talk(site, site.cluster.node(node)) as connection:
            dropped = [slot for slot in slots if upstream.drop_slot(connection, slot)]
    except Unreachable:
        return Evidence(f"{node} does not answer: slots that were made there stay, and hold WAL once it is back")
    return Evidence(f"slots dropped on {node}: {', '.join(dropped) or 'none'}")


def slots_dropped(site: Site, *, node: str, slots: Sequence[str]) -> Probe:
    """Look whether the slots are gone."""
    with talk(site, site.cluster.node(node)) as connection:
        there = any(upstream.has_slot(connection, slot) for slot in slots)
    return Probe.NOT_DONE if there else Probe.DONE


def stop(site: Site, *, node: str, candidate: str, slot: str, timeline: int, through: str = "") -> Evidence:
    """Fence the primary, so that any start comes up read-only, then stop it; come back at "shut down".

    The process may live on while it archives: nobody has to wait for that. Writes stop here. ``through`` is who feeds
    a cascading candidate.
    """
    old, new = site.cluster.node(node), site.cluster.node(candidate)
    patient = 2 * _CATCH_UP + REPLAY_TIME
    with talk(site, old, seconds=patient) as primary, talk(site, new, seconds=patient) as standby:
        head(primary, node)
        _follows(site, [site.cluster.node(name) for name in (candidate, through, node) if name], timeline)
        _wait_near(primary, standby, candidate)
        _see_it_replay(standby, candidate, head(primary, node)[1])
        known = upstream.current_conninfo(primary) or upstream.current_conninfo(standby)
        upstream.aim(primary, upstream.conninfo(known, new, node), slot)
    shell = site.shell(old)
    site.ahead(new, _LATER)
    control.fence(shell, old)
    began = time.monotonic()
    found = shut_down(shell, old, timeout=STOP_TIME)
    took = time.monotonic() - began
    proof.begin(site, new, timeline, found.checkpoint)  # it takes as long as writing down that this is done
    text = f"{node} is shut down at {lsn.show(found.checkpoint)}, timeline {found.timeline}, after {took:.2f} s"
    return Evidence(text, {"checkpoint": lsn.show(found.checkpoint), "seconds": round(took, 3)})


def stopped(site: Site, *, node: str, **_args: object) -> Probe:
    """Look whether the primary is shut down behind its fence; a stop that is under way is waited for."""
    old = site.cluster.node(node)
    shell = site.shell(old)
    deadline = time.monotonic() + STOP_TIME
    while time.monotonic() < deadline:
        ended = process.gone(shell, old)  # before the control file is read: it may end in between
        found = control.read_control(shell, old)
        if found.shut_down:
            return Probe.DONE if found.fenced else Probe.UNKNOWN
        if ended:
            return Probe.UNKNOWN  # it died instead of stopping
        if writable(site, old):
            return Probe.NOT_DONE
        time.sleep(0.2)
    return Probe.UNKNOWN


def give_back(site: Site, *, node: str, candidate: str) -> Evidence:
    """Let the old primary serve again. Raises ``StepFailed`` when anybody else may accept writes."""
    old = site.cluster.node(node)
    shell = site.shell(old)
    _nobody_else(observe(site), node, candidate)
    if writable(site, old):
        control.unfence(shell, old)
        return Evidence(f"{node} never stopped being the primary")
    process.wait_gone(shell, old, timeout=STOP_TIME)
    control.unfence(shell, old)
    process.start(shell, old, timeout=STOP_TIME)
    with talk(site, old) as connection:
        timeline, _position = head(connection, node)
    return Evidence(f"{node} is the primary again, timeline {timeline}")


def given_back(site: Site, *, node: str, candidate: str) -> Probe:  # noqa: ARG001  # the step's args
    """Look whether the old primary serves and would come back as a primary."""
    old = site.cluster.node(node)
    served = writable(site, old) and not control.fenced(site.shell(old), old)
    return Probe.DONE if served else Probe.NOT_DONE


def gate(site: Site, *, node: str, candidate: str, timeline: int, ended: str = "") -> Evidence:
    """Prove that the candidate holds all that the old primary ever acknowledged: its shutdown checkpoint record.

    Received must lie strictly behind the record's beginning, and the record itself must be there. ``ended`` is where
    the stop saw it begin; that the old primary's WAL still ends there, behind a fence, is what the promotion looks at.
    Raises ``StepFailed`` after 30 s; then the old primary can come back, for nobody was promoted.
    """
    old, new = site.cluster.node(node), site.cluster.node(candidate)
    checkpoint = lsn.parse(ended) if ended else _shut_down(site, old)
    deadline = time.monotonic() + GATE_TIME
    proof.begin_end(site, old)  # for the promotion
    with talk(site, new, seconds=2 * GATE_TIME) as connection:
        while not (reached(connection, candidate).end > checkpoint and proof.holds(site, new, timeline, checkpoint)):
            if time.monotonic() > deadline:
                raise _gate_failed(node, candidate, checkpoint, reached(connection, candidate).end)
            time.sleep(control.POLL)
    return Evidence(f"{candidate} holds the shutdown record of {node} at {lsn.show(checkpoint)}: nothing is lost")


def _follows(site: Site, chain: Sequence[Node], timeline: int) -> None:
    """See that each streams from the next. Raises ``StepFailed``."""
    for node, up in pairwise(chain):
        if why := upstream.follows(site, node, up, timeline):
            raise StepFailed(f"{node.name} does not follow {up.name}: {why}", code="NOT-STREAMING")


def _shut_down(site: Site, old: Node) -> int:
    found = control.read_control(site.shell(old), old)
    if not found.shut_down or not found.fenced:
        said = f"{old.name} is {found.state!r}, fenced: {found.fenced}."
        raise StepFailed(said, "Look at it by hand.", code="NOT-STOPPED")
    return found.checkpoint


def _gate_failed(node: str, candidate: str, checkpoint: int, has: int) -> StepFailed:
    return StepFailed(
        f"{candidate} has WAL up to {lsn.show(has)}, not the shutdown record of {node} at {lsn.show(checkpoint)}.",
        f"{node} can serve again; look why {candidate} did not get the last bytes.",
        code="GATE",
    )


def _wait_near(primary: Connection, standby: Connection, name: str) -> None:
    """Wait until the candidate is within a WAL file of the primary. Raises ``StepFailed`` above the budget."""
    deadline = time.monotonic() + _CATCH_UP
    while True:
        lag = head(primary, "The primary")[1] - reached(standby, name).end
        if lag <= lsn.SEGMENT // 16 or (lag <= LAG_BUDGET and time.monotonic() > deadline):
            return
        if time.monotonic() > deadline:
            raise StepFailed(f"{name} lacks {lsn.size(lag)}, at most {lsn.size(LAG_BUDGET)} is agreed.", code="LAG")
        time.sleep(control.POLL)


def _see_it_replay(connection: Connection, name: str, position: int) -> None:
    """Wait until the candidate has replayed up to a place: it receives all the same while its replay hangs.

    Such a one passes every later look, but can't be promoted, and then nobody accepts writes. Raises ``StepFailed``.
    One that is kept behind on purpose replays when it is promoted.
    """
    if one(connection, _DELAYED)["delayed"]:
        return
    deadline = time.monotonic() + REPLAY_TIME
    while (replayed := lsn.parse(one(connection, _REPLAYED)["lsn"] or "0/0")) < position:
        if time.monotonic() > deadline:
            said = f"{name} receives, but its replay stands at {lsn.show(replayed)}, before {lsn.show(position)}."
            raise StepFailed(said, f"A query on {name} may hold it up: see pg_stat_activity.", code="NOT-REPLAYING")
        time.sleep(control.POLL)


def _checkpoint(connection: Connection) -> float:
    began = time.monotonic()
    connection.execute("CHECKPOINT")
    return time.monotonic() - began


def _nobody_else(view: ClusterView, node: str, candidate: str) -> None:
    for other in view.nodes.values():
        if other.name == node:
            continue
        was_primary = other.control is not None and other.control.may_write
        if other.state == PRIMARY or (other.state == DOWN and was_primary):
            raise StepFailed(f"{other.name} is or was a primary: {node} must stay fenced.", code="TWO-PRIMARIES")
        if other.state == UNKNOWN and other.name == candidate:
            raise StepFailed(f"{candidate} does not answer: it may have been promoted.", other.error, code="CANT-TELL")
