"""From the point of no return on: promote, prove, and have the others follow.

Every function takes the site and the step's args; each checks again what it relies on.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.errors import SeconderError, StepFailed, Unreachable
from core.outcome import Evidence, Probe
from fleet.early import MOMENT
from fleet.inventory import Node
from fleet.postgres import control, lsn, mute, process, proof, upstream
from fleet.postgres.failover import behind_fence, weigh
from fleet.postgres.loss import lacks, see_within
from fleet.postgres.patience import Connection, one, patience, talk
from fleet.postgres.promoting import fences
from fleet.postgres.standing import head, poised, reached
from fleet.site import Site

PROMOTE_TIME = 60.0  # seconds, as pg_promote's own default
FOLLOW_TIME = 60.0  # seconds
REJOIN_TIME = 90.0  # seconds, for the old process to end and for the new one to stream, each
_PROMOTING = 3.0  # seconds that a promotion under way is given before it counts as not done
_CHECKPOINT = 600.0  # seconds
_CANARY = 10.0  # seconds
_CLIENTS_FIRST = 0.2  # seconds in which they come back, before a checkpoint takes the disk
_RECOVERY = "SELECT pg_is_in_recovery() AS in_recovery"


def promote(  # the step's args, and what was shown before
    site: Site, *, node: str, old: str, timeline: int, wal_bytes: int, wal_seconds: int, seal: str = ""
) -> Evidence:
    """Promote: no way back. ``wal_bytes`` and ``wal_seconds`` are the largest loss agreed to, 0 for none at all.

    ``seal``: the one over the dead primary's WAL behind its fence. What was read under it is held against what the
    candidate has now; without one, as when another bot takes the run up, all is weighed again.
    """
    new, dead = site.cluster.node(node), site.cluster.node(old)
    if wal_bytes and not seal:
        weigh(site, node=old, candidate=node, wal_bytes=wal_bytes, wal_seconds=wal_seconds)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="fence") as pool:
        fenced = pool.submit(_fenced, site, dead) if wal_bytes else None  # at once: clients wait
        with talk(site, new, seconds=PROMOTE_TIME + _CANARY) as connection:
            here = poised(connection, node)
            if fenced is None:
                _nothing_missing(site, dead, node, here.end)
            else:
                fenced.result()
            if seal:
                see_within(lacks(site, dead, here, seal), old, node, wal_bytes, wal_seconds)
            return lead(connection, node, timeline)


def lead(connection: Connection, node: str, timeline: int) -> Evidence:
    """Have a standby leave recovery and wait for it. Raises ``StepFailed`` when it stays, or keeps its timeline."""
    began = time.monotonic()
    one(connection, "SELECT pg_promote(false) AS sent")  # true looks only every 100 ms
    while one(connection, _RECOVERY)["in_recovery"]:
        if time.monotonic() - began > PROMOTE_TIME:
            raise StepFailed(f"{node} is still in recovery after {PROMOTE_TIME:g} s.", code="PROMOTE-TOO-LONG")
        time.sleep(control.POLL)
    now, position = head(connection, node)
    if now <= timeline:
        raise StepFailed(f"{node} accepts writes on timeline {now}, not above {timeline}.", code="SAME-TIMELINE")
    took = time.monotonic() - began
    return Evidence(
        f"{node} accepts writes, timeline {now}, after {took:.2f} s", {"timeline": now, "lsn": lsn.show(position)}
    )


def promoted(site: Site, *, node: str, old: str, timeline: int, wal_bytes: int, wal_seconds: int) -> Probe:  # noqa: ARG001
    """Look whether the node is out of recovery; a promotion may be under way, so not only once."""
    deadline = time.monotonic() + _PROMOTING
    with talk(site, site.cluster.node(node), seconds=2 * _PROMOTING) as connection:
        while one(connection, _RECOVERY)["in_recovery"]:
            if time.monotonic() > deadline:
                return Probe.NOT_DONE
            time.sleep(0.1)
        now, _position = head(connection, node)
    return Probe.DONE if now > timeline else Probe.UNKNOWN


def prove(site: Site, *, node: str) -> Evidence:
    """Write through the new primary, then checkpoint: pg_rewind and pg_controldata believe the old timeline before.

    The canary waits for no standby, else a missing synchronous one would hold it for ever.
    """
    new = site.cluster.node(node)
    with talk(site, new, seconds=_CHECKPOINT) as connection:
        with patience(connection, _CANARY, f"The canary on {node}"):
            connection.execute("SET synchronous_commit = local")
            written = one(connection, "SELECT pg_logical_emit_message(true, 'seconder', 'canary')::text AS lsn")["lsn"]
        time.sleep(_CLIENTS_FIRST)
        connection.execute("CHECKPOINT")
        timeline, _position = head(connection, node)
    return Evidence(
        f"{node} wrote a canary at {written}, timeline {timeline}", {"canary": written, "timeline": timeline}
    )


def proven(site: Site, *, node: str) -> Probe:  # noqa: ARG001  # the step's args
    """Say no: a canary is cheaper to write again than to find."""
    return Probe.NOT_DONE


def follow(site: Site, *, node: str, upstream_node: str, slot: str) -> Evidence:
    """Aim a standby at the new primary and wait until it streams the new timeline. No restart is needed (13+)."""
    sibling, new = site.cluster.node(node), site.cluster.node(upstream_node)
    if mute.is_mute(site.shell(sibling), sibling):
        return Evidence(mute.follow(site, node=node, upstream_node=upstream_node, slot=slot, timeout=FOLLOW_TIME))
    with talk(site, new) as connection:
        timeline, marker = head(connection, upstream_node)
        upstream.ensure_slot(connection, slot)
    with talk(site, sibling) as connection:
        reached(connection, node)
        known = upstream.current_conninfo(connection)
        upstream.aim(connection, upstream.conninfo(known, new, node), slot)
        connection.execute("SELECT pg_reload_conf()")
    upstream.wait_following(site, sibling, new, timeline=timeline, marker=marker, timeout=FOLLOW_TIME)
    return Evidence(f"{node} streams timeline {timeline} from {upstream_node}")


def following(site: Site, *, node: str, upstream_node: str, slot: str) -> Probe:
    """Look whether a standby streams the primary's timeline from it."""
    new, here = site.cluster.node(upstream_node), site.cluster.node(node)
    if mute.is_mute(site.shell(here), here):
        with talk(site, new) as connection:
            return Probe.DONE if mute.fed(connection, slot) else Probe.NOT_DONE
    timeline, _position = _marker(site, new)
    return Probe.NOT_DONE if upstream.follows(site, here, new, timeline) else Probe.DONE


def rejoin(site: Site, *, node: str, upstream_node: str) -> Evidence:
    """Start the old primary as a standby of the new one. It stays fenced: it can't come up as a primary."""
    old, new = site.cluster.node(node), site.cluster.node(upstream_node)
    shell = site.shell(old)
    timeline, marker = _marker(site, new)
    if upstream.follows(site, old, new, timeline):
        if not control.fenced(shell, old):
            raise StepFailed(f"{node} lost its standby.signal.", "Put it back before any start.", code="NOT-FENCED")
        # What a dead bot told to start may be coming up right now: then it never goes.
        process.wait_gone(shell, old, timeout=REJOIN_TIME, unless=lambda: _answers(site, old))
        process.start(shell, old, timeout=REJOIN_TIME)
        upstream.wait_following(site, old, new, timeline=timeline, marker=marker, timeout=REJOIN_TIME)
    waiting = _unarchived(site, old)
    note = f"; {waiting} WAL files of its own were never archived, see its pg_wal/archive_status" if waiting else ""
    return Evidence(f"{node} streams timeline {timeline} from {upstream_node}{note}", {"ready": waiting})


def rejoined(site: Site, *, node: str, upstream_node: str) -> Probe:
    """Look whether the old primary streams from the new one; else starting it again does no harm."""
    return following(site, node=node, upstream_node=upstream_node, slot="")


def tidy(site: Site, *, drop: Mapping[str, Sequence[str]]) -> Evidence:
    """Drop slots of our nodes that nobody needs where they lie now: they would pin WAL until the disk is full."""
    done = []
    for name, slots in drop.items():
        with talk(site, site.cluster.node(name)) as connection:
            done += [f"{slot} on {name}" for slot in slots if upstream.drop_slot(connection, slot)]
    return Evidence(f"slots dropped: {', '.join(done) or 'none'}")


def tidied(site: Site, *, drop: Mapping[str, Sequence[str]]) -> Probe:
    """Look whether the slots are gone."""
    for name, slots in drop.items():
        with talk(site, site.cluster.node(name)) as connection:
            if any(upstream.has_slot(connection, slot) for slot in slots):
                return Probe.NOT_DONE
    return Probe.DONE


def _nothing_missing(site: Site, old: Node, name: str, has: int) -> None:
    found = proof.end(site, old)
    if not found.shut_down or not found.fenced or has <= found.checkpoint:
        raise StepFailed(
            f"{old.name} is {found.state!r} (fenced: {found.fenced}), its WAL ends behind {lsn.show(found.checkpoint)};"
            f" {name} has {lsn.show(has)}.",
            f"Nothing was promoted. Look at {old.name} first.",
            code="GATE",
        )


def _fenced(site: Site, old: Node) -> None:
    """See that the dead primary is stopped behind its fence, unless that was seen a moment ago.

    Behind that a hook may have switched its machine off: then it answers no more.
    """

    def look() -> str | None:
        return "" if process.gone_fenced(site.shell(old), old) else None

    try:
        seen = site.kept(behind_fence(old.name), look, MOMENT)
    except Unreachable:
        if not fences(site.cluster.hooks):
            raise
        return
    if seen is None:
        raise StepFailed(f"{old.name} is not stopped behind its fence.", "Nothing was promoted.", code="NOT-FENCED")


def _marker(site: Site, new: Node) -> tuple[int, int]:
    with talk(site, new) as connection:
        return head(connection, new.name)


def _answers(site: Site, node: Node) -> bool:
    try:
        with talk(site, node) as connection:
            one(connection, "SELECT 1 AS up")
    except SeconderError:
        return False
    return True


def _unarchived(site: Site, node: Node) -> int:
    with talk(site, node) as connection:
        query = "SELECT count(*) AS n FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"
        return int(one(connection, query)["n"])
