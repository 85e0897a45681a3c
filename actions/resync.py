"""Bring a standby back: the cheapest way that is sure to work."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actions.contract import Action, At, StepCode
from core.errors import StepFailed
from core.outcome import Evidence, Probe, Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster
from fleet.postgres import (
    aiming,
    datadir,
    handover,
    healing,
    ladder,
    lookup,
    lsn,
    orders,
    pacemaker,
    plight,
    readiness,
    rebuild,
    rewind,
    telling,
    ways,
)
from fleet.postgres.divergence import Verdict
from fleet.postgres.ladder import Choice, Rung
from fleet.postgres.observe import observe
from fleet.postgres.plight import Plight
from fleet.postgres.readiness import Readiness, objection
from fleet.postgres.upstream import slot_for
from fleet.postgres.view import STANDBY, ClusterView
from fleet.postgres.ways import Way
from fleet.postgres.whom import nobody, primary_for
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
    least=Risk.CHANGE,
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
    """What the look showed: no ``plight`` and ``choice`` without a primary to follow, ``ready`` only for a copy."""

    cluster: Cluster
    view: ClusterView
    primary: str | None
    plight: Plight | None = None
    choice: Choice | None = None
    ready: Readiness | None = None


def look(asked: Asked, site: Site) -> Found:
    """Look at the cluster, then closely at the node, its folder and its WAL."""
    view = pacemaker.suspected(site, observe(site))
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


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Say what stands in the way, most basic first; "not needed" is a friendly one."""
    if asked.node not in found.view.nodes:
        return Refusal("RESYNC-UNKNOWN-NODE", f"{asked.cluster} has no node {asked.node}.", "See /db status.")
    if found.primary is None or found.plight is None or found.choice is None:
        return nobody(found.view, asked.node)
    return (
        _wrong_node(asked, found, found.plight)
        or _not_needed(asked, found)
        or handover.left_alone(found.cluster, found.view.manager, asked.node)
        or _no_copy(asked, found)
    )


def _wrong_node(asked: Asked, found: Found, seen: Plight) -> Refusal | None:
    primary = found.view.nodes[found.primary or ""]
    if seen.data and seen.data.sysid != primary.sysid:
        said = f"{asked.node}'s folder belongs to system {seen.data.sysid}, {primary.name} is {primary.sysid}."
        return Refusal("RESYNC-OTHER-SYSTEM", said, "Check data and port in the configuration: is it the right folder?")
    if seen.standing.verdict is Verdict.NEWER:
        said = f"{asked.node} is on timeline {seen.end.timeline}, {primary.name} only on {primary.timeline}."
        return Refusal(
            "RESYNC-TARGET-NEWER", said, f"Find out which of them has the newer data: is {primary.name} right?"
        )
    return None


def _not_needed(asked: Asked, found: Found) -> Refusal | None:
    if found.choice is None or found.choice.rung is not Rung.WAIT:
        return None
    node, lag = found.view.nodes[asked.node], found.view.lag(asked.node)
    behind = "an unknown amount" if lag is None else lsn.size(lag)
    delay = f", replays {node.apply_delay:g} s later as configured" if node.apply_delay else ""
    said = f"{asked.node} streams timeline {node.timeline}, {behind} behind and replaying{delay}: nothing to do."
    return Refusal(
        "RESYNC-NOT-NEEDED",
        said,
        f"If you still want a fresh copy: /db {SPEC.name} {asked.cluster} {asked.node} --rebuild",
    )


def _no_copy(asked: Asked, found: Found) -> Refusal | None:
    """Say what speaks against stopping the node for a full copy."""
    if found.choice is None or found.choice.rung is not Rung.COPY or found.plight is None:
        return None
    source = asked.source or found.primary or ""
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
        hint = "Copy it by hand, or take the mounts out of the data folder."
        return Refusal("RESYNC-MOUNT", f"{data.real} is a mount point, which can't be renamed aside.", hint)
    here = found.cluster.node(asked.node)
    place = f"{asked.node}:{posixpath.dirname(data.real if data else here.data)}"
    return objection(found.ready, here, place, SPEC.name.upper())


def plan(asked: Asked, found: Found) -> Plan:
    """Take the ladder's rung: its steps, its risk, what it costs."""
    if found.primary is None or found.plight is None or found.choice is None:
        raise StepFailed("There is nothing to plan from.", "refuse() comes first.")
    way, rung = way_for(asked, found, found.primary, found.plight), found.choice.rung
    return Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=asked.node,
        title=telling.title(way),
        risk=Risk.DESTRUCTIVE if rung in {Rung.REWIND, Rung.COPY} else Risk.CHANGE,
        asked={"cluster": asked.cluster, "node": asked.node, "rebuild": asked.rebuild, "from": asked.source},
        facts=telling.facts(found.view, found.plight, way),
        steps=ways.steps(way),
        costs=telling.costs(way, found.plight, found.ready),
        notes=telling.notes(way, found.plight, found.choice, found.cluster.node(asked.node)),
        onward=orders.onward(found.cluster, way),
        back=orders.back(found.cluster, way),
        notes_on=asked.node,
        waiting=telling.waiting(found.view, found.plight, way),
        look=lookup.timeline(found.view, found.primary),
    )


def way_for(asked: Asked, found: Found, primary: str, seen: Plight) -> Way:
    """Put together what the steps are told: nothing that changes by itself."""
    node, rung = found.view.nodes[asked.node], found.choice.rung if found.choice else Rung.WAIT
    other = [slot_for(one) for one in found.view.nodes.values() if one.name != asked.node]
    return Way(
        rung=rung,
        node=asked.node,
        primary=primary,
        system=found.view.nodes[primary].sysid,
        timeline=found.view.nodes[primary].timeline or 0,
        slot=slot_for(node),
        source=asked.source or primary,
        restart=seen.restart,
        running=node.state == STANDBY,
        replays=not node.apply_delay,
        archive=seen.archive if rung is Rung.FEED else "",
        slots=tuple(sorted(other)) if seen.end.wrote else (),
        there=seen.data is not None,
    )


def _step(do: Callable[..., Evidence], probe: Callable[..., Probe] = healing.again) -> StepCode:
    """Join a step's two functions, which take the site, where the run stands, and the step's args."""

    def carry_out(at: At, args: Mapping[str, Any]) -> Evidence:
        return do(at.site, at.step, **args)

    def look_up(at: At, args: Mapping[str, Any]) -> Probe:
        return probe(at.site, at.step, **args)

    return StepCode(carry_out, look_up)


ACTION = Action(
    spec=SPEC,
    asked=asked,
    look=look,
    refuse=refuse,
    plan=plan,
    steps={
        "stop": _step(healing.stop, healing.stopped),
        "halt": _step(healing.halt, healing.stopped),
        "start": _step(healing.start, healing.started),
        "resume": _step(healing.resume),
        "slot": _step(aiming.slot, aiming.slotted),
        "aim": _step(aiming.aim),
        "settle": _step(aiming.settle),
        "save": _step(rewind.save),
        "rewind": _step(rewind.rewind, rewind.rewound),
        "copy": _step(rebuild.copy, rebuild.copied),
        "discard": _step(rebuild.discard),
        "swap": _step(rebuild.swap, rebuild.swapped),
        "swap_back": _step(rebuild.swap_back),
        "prove": _step(healing.prove),
        "tidy": _step(healing.tidy),
    },
)
