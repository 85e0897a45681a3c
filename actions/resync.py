"""Bring a standby back: the cheapest way that is sure to work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actions.contract import Action, At, StepCode
from core.errors import StepFailed
from core.facts import Fact
from core.outcome import Evidence, Probe, Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Argument, Spec, Takes
from fleet.postgres import aiming, datadir, healing, ladder, lsn, orders, plight, readiness, rebuild, rewind, ways
from fleet.postgres.ladder import Choice, Rung
from fleet.postgres.observe import observe
from fleet.postgres.plight import Plight
from fleet.postgres.readiness import Readiness
from fleet.postgres.upstream import slot_for
from fleet.postgres.view import PRIMARY, STANDBY, ClusterView
from fleet.postgres.ways import Way
from fleet.site import Site

SPEC = Spec(
    name="resync",
    engine="postgres",
    summary="bring a standby or an old primary back: unpause, reconnect, feed WAL, rewind, or copy",
    risk=Risk.DESTRUCTIVE,
    lock=Lock.CLUSTER,
    deadline=12 * 3600.0,
    version=1,
    arguments=(
        Argument("node", Takes.NODE, "the node to bring back", required=True),
        Argument("rebuild", Takes.SWITCH, "copy it whole, whatever cheaper way there is", option=True),
        Argument("from", Takes.NODE, "the node to copy from; without it the primary", option=True),
    ),
    example="resync main db1",
)


@dataclass(frozen=True)
class Asked:
    """Which node, whether to copy it whatever else would do, and from where."""

    cluster: str
    node: str
    rebuild: bool = False
    source: str | None = None


def asked(cluster: str, node: str, *, rebuild: bool | None = False, **options: str | None) -> Asked:
    """Read the words of the command; ``from`` is no name that Python lets a field have."""
    return Asked(cluster, node, bool(rebuild), options.get("from"))


@dataclass(frozen=True)
class Found:
    """What the look showed. ``plight`` and ``choice`` are None without a primary to follow, ``ready`` unless a copy is due."""

    cluster: Cluster
    view: ClusterView
    primary: str | None
    plight: Plight | None = None
    choice: Choice | None = None
    ready: Readiness | None = None


def look(asked: Asked, site: Site) -> Found:
    """Look at the cluster, then closely at the node, its folder and its WAL."""
    view = observe(site)
    primary = primary_for(view, asked.node)
    if primary is None or asked.node not in view.nodes:
        return Found(site.cluster, view, primary)
    seen = plight.look(site, view, asked.node, primary)
    choice = ladder.choose(seen.standing, rebuild=asked.rebuild)
    ready = None
    source = site.cluster.nodes.get(asked.source or primary)
    if choice.rung is Rung.COPY and source is not None and view.nodes[source.name].reachable:
        here = site.cluster.node(asked.node)
        folder = posixpath.dirname(datadir.real(site.shell(here), here.data))
        ready = readiness.look(site, source, here, folder, site.cluster.replication_user or source.database_user)
    return Found(site.cluster, view, primary, seen, choice, ready)


def primary_for(view: ClusterView, node: str) -> str | None:
    """Give the one primary that a node can follow: a former primary that still writes must be on an older timeline."""
    others = [other for other in view.primaries if other.name != node]
    itself = view.nodes.get(node)
    if len(others) != 1:
        return None
    if itself and itself.state == PRIMARY and (itself.timeline or 0) >= (others[0].timeline or 0):
        return None
    return others[0].name


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Say what stands in the way, most basic first; "not needed" is a friendly one."""
    if asked.node not in found.view.nodes:
        return Refusal("RESYNC-UNKNOWN-NODE", f"{asked.cluster} has no node {asked.node}.", "See /db status.")
    if found.primary is None or found.plight is None or found.choice is None:
        return _no_primary(asked, found.view)
    return _wrong_node(asked, found, found.plight) or _not_needed(asked, found) or _no_copy(asked, found)


def _no_primary(asked: Asked, view: ClusterView) -> Refusal:
    status = f"/db status {asked.cluster}"
    if view.primary and view.primary.name == asked.node:
        hint = f"Promote another node first: /db promote {asked.cluster}"
        return Refusal("RESYNC-IS-PRIMARY", f"{asked.node} is the primary. A primary is never resynced.", hint)
    if view.primaries:
        names = " and ".join(node.name for node in view.primaries)
        hint = "Decide which one is right, and stop the other by hand."
        return Refusal("RESYNC-TWO-PRIMARIES", f"{names} both accept writes.", hint)
    if not any(node.reachable for node in view.nodes.values() if node.name != asked.node):
        hint = "Bring another node up first; until then nothing here may be overwritten."
        return Refusal("RESYNC-LAST-COPY", f"No other node answers: {asked.node} may hold the last copy.", hint)
    return Refusal("RESYNC-NO-PRIMARY", "There is no primary to follow.", f"{status}, then /db promote {asked.cluster}")


def _wrong_node(asked: Asked, found: Found, seen: Plight) -> Refusal | None:
    primary = found.view.nodes[found.primary or ""]
    if seen.data and seen.data.sysid != primary.sysid:
        said = f"{asked.node}'s folder belongs to system {seen.data.sysid}, {primary.name} is {primary.sysid}."
        return Refusal("RESYNC-OTHER-SYSTEM", said, "Check data and port in the configuration: is it the right folder?")
    if seen.standing.verdict is Verdict.NEWER:
        said = f"{asked.node} is on timeline {seen.end.timeline}, {primary.name} only on {primary.timeline}."
        return Refusal("RESYNC-TARGET-NEWER", said, f"Find out which of them has the newer data: is {primary.name} right?")
    return None


def _not_needed(asked: Asked, found: Found) -> Refusal | None:
    if found.choice is None or found.choice.rung is not Rung.WAIT:
        return None
    node, lag = found.view.nodes[asked.node], found.view.lag(asked.node)
    behind = "an unknown amount" if lag is None else lsn.size(lag)
    delay = f", replays {node.apply_delay:g} s later as configured" if node.apply_delay else ""
    said = f"{asked.node} streams timeline {node.timeline}, {behind} behind and replaying{delay}: nothing to do."
    return Refusal("RESYNC-NOT-NEEDED", said, f"If you still want a fresh copy: /db {SPEC.name} {asked.cluster} {asked.node} --rebuild")


def _no_copy(asked: Asked, found: Found) -> Refusal | None:
    """Say what speaks against stopping the node for a full copy."""
    if found.choice is None or found.choice.rung is not Rung.COPY or found.plight is None:
        return None
    source = asked.source or found.primary
    if source == asked.node or found.ready is None:
        return Refusal("RESYNC-SOURCE", f"{source} can't be copied from.", "Leave --from out to copy the primary.")
    if asked.source and source != found.primary and not found.view.nodes[source].streaming:
        return Refusal("RESYNC-SOURCE", f"{source} does not stream from the primary.", "Leave --from out.")
    row = found.view.sender(asked.node)
    waited = [other for other in found.view.nodes[found.primary or ""].replication if other.sync_state != "async"]
    if row and waited == [row]:
        said = f"{asked.node} is the only synchronous standby: commits would wait while it is copied."
        return Refusal("RESYNC-ONLY-SYNC", said, "Take it out of synchronous_standby_names first.")
    data = found.plight.data
    if data and data.mount:
        hint = "Copy it by hand; see docs."
        return Refusal("RESYNC-MOUNT", f"{data.real} is a mount point, which can't be renamed aside.", hint)
    here = found.cluster.node(asked.node)
    place = f"{asked.node}:{posixpath.dirname(data.real if data else here.data)}"
    return objection(found.ready, here, place, SPEC.name.upper())
