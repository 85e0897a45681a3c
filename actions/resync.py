"""Bring a standby back: the cheapest way that is sure to work."""

import posixpath
from dataclasses import dataclass

from actions.contract import Action, told
from core.errors import StepFailed
from core.outcome import Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Argument, Spec, Takes
from fleet.hooks import carrying, filling, planning, trying
from fleet.hooks.hook import At, Hook
from fleet.inventory import Cluster
from fleet.postgres import (
    against,
    aiming,
    archives,
    datadir,
    fitting,
    healing,
    ladder,
    lookup,
    orders,
    pacemaker,
    plight,
    readiness,
    rebuild,
    rewind,
    speed,
    telling,
    ways,
)
from fleet.postgres.against import Case
from fleet.postgres.ladder import Choice, Rung
from fleet.postgres.mute import takes_no_queries
from fleet.postgres.observe import observe
from fleet.postgres.plight import Plight
from fleet.postgres.readiness import Readiness
from fleet.postgres.speed import Speed, limited
from fleet.postgres.upstream import slot_for
from fleet.postgres.view import STANDBY, ClusterView
from fleet.postgres.ways import Way
from fleet.postgres.whom import nobody, primary_for
from fleet.site import Site

SPEC = Spec(
    name="resync",
    engine="postgres",
    summary="bring a standby or an old primary back: reconnect, feed WAL, rewind, or copy",
    risk=Risk.DESTRUCTIVE,
    lock=Lock.CLUSTER,
    deadline=12 * 3600.0,
    version=2,
    arguments=(
        Argument("node", Takes.NODE, "the node to bring back", required=True),
        Argument("rebuild", Takes.SWITCH, "copy it whole, whatever cheaper way there is", option=True),
        Argument("from", Takes.NODE, "the node to copy from; without it the primary", option=True),
        Argument("follow", Takes.NODE, "the node to follow afterwards; without it the primary", option=True),
        Argument("rate", Takes.WORD, "at most so many bytes a second for a copy, such as 20M", option=True),
    ),
    example="resync main db1",
    least=Risk.CHANGE,
)


@dataclass(frozen=True)
class Asked:
    """Which node, whether to copy it whatever else would do, from where and how fast, whom it follows afterwards."""

    cluster: str
    node: str
    rebuild: bool = False
    source: str | None = None
    follow: str | None = None
    rate: str = ""


def asked(cluster: str, node: str, *, rebuild: bool | None = False, **options: str | None) -> Asked:
    """Read the words of the command; ``from`` is no name that Python lets a field have."""
    return Asked(cluster, node, bool(rebuild), options.get("from"), options.get("follow"), options.get("rate") or "")


@dataclass(frozen=True)
class Found:
    """What the look showed: no ``plight`` and ``choice`` without a primary to follow, ``ready`` only for a copy.

    ``low``: settings with which the node would not start. ``measured``: how the last copy from the source went.
    """

    cluster: Cluster
    view: ClusterView
    primary: str | None
    plight: Plight | None = None
    choice: Choice | None = None
    ready: Readiness | None = None
    low: tuple[str, ...] = ()
    measured: Speed | None = None
    hooks: tuple[Hook, ...] = ()


def look(asked: Asked, site: Site) -> Found:
    """Look at the cluster, then closely at the node, its folder and its WAL."""
    view = pacemaker.suspected(site, observe(site))
    primary = primary_for(view, asked.node)
    if primary is None or asked.node not in view.nodes:
        return Found(site.cluster, view, primary)
    ahead = view.nodes.get(asked.follow or primary)
    seen = plight.look(site, view, asked.node, primary, (asked.follow or "") if ahead and ahead.reachable else "")
    choice = ladder.choose(seen.standing, rebuild=asked.rebuild)
    ready = measured = None
    here, source = site.cluster.node(asked.node), site.cluster.nodes.get(asked.source or primary)
    shell = site.shell(here)
    if source is not None and choice.rung >= Rung.REWIND:
        measured = speed.last(shell, here, source)
    if choice.rung is Rung.COPY and source is not None and view.nodes[source.name].reachable:
        folder = posixpath.dirname(datadir.real(shell, here.data))
        ready = readiness.look(site, source, here, folder, site.cluster.replication_user or source.database_user)
    starts = choice.rung >= Rung.REWIND or (choice.rung >= Rung.REPAIR and seen.restart)
    low = fitting.shortfalls(shell, here, view.nodes[primary].settings) if starts and seen.data else ()
    hooks = trying.look(site, (At.POST_RESYNC,), filling.resync(site.cluster, asked.node, primary))
    return Found(site.cluster, view, primary, seen, choice, ready, low, measured, hooks)


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Say what stands in the way, most basic first; "not needed" is a friendly one."""
    if asked.node not in found.view.nodes:
        return Refusal("RESYNC-UNKNOWN-NODE", f"{asked.cluster} has no node {asked.node}.", "See /db status.")
    if takes_no_queries(found.view.nodes[asked.node]):
        hint = "Set hot_standby = on there and restart it; then ask again."
        return Refusal("RESYNC-MUTE", f"{asked.node} takes no queries: whether it replays could not be proven.", hint)
    if found.primary is None or found.plight is None or found.choice is None:
        return nobody(found.view, asked.node)
    case = Case(
        cluster=found.cluster,
        view=found.view,
        node=asked.node,
        primary=found.primary,
        seen=found.plight,
        choice=found.choice,
        ready=found.ready,
        low=found.low,
        source=asked.source,
        upstream=asked.follow,
        wrong_rate=asked.rate if asked.rate and limited(asked.rate) is None else "",
    )
    return against.first(case)


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
        asked={
            "cluster": asked.cluster,
            "node": asked.node,
            "rebuild": asked.rebuild,
            "from": asked.source,
            "follow": asked.follow,
            "rate": asked.rate,
        },
        facts=telling.facts(found.view, found.plight, way),
        steps=planning.after(ways.steps(way), found.hooks, At.POST_RESYNC),
        costs=telling.costs(way, found.plight, found.ready, found.measured),
        notes=(*trying.notes(found.hooks), *telling.notes(way, found.plight, found.choice, found.cluster)),
        onward=(*orders.onward(found.cluster, way), *planning.lines_at(found.cluster, found.hooks, At.POST_RESYNC)),
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
        upstream=asked.follow or (seen.followed if rung is Rung.UNPAUSE else ""),
        rate=asked.rate,
        strays=tuple(seen.strays) if rung >= Rung.REPAIR else (),
        known=seen.known if seen.strays else (),
        former=former(found.view, asked.node, seen.followed or primary, asked.follow or primary),
    )


def former(view: ClusterView, node: str, before: str, after: str) -> str:
    """Give whom the node followed before if that is another one now and keeps a slot for it; else nothing."""
    slot = slot_for(view.nodes[node])
    return before if before != after and any(one.name == slot for one in view.nodes[before].slots) else ""


ACTION = Action(
    spec=SPEC,
    asked=asked,
    look=look,
    refuse=refuse,
    plan=plan,
    steps={
        "stop": told(healing.stop, healing.stopped),
        "halt": told(healing.halt, healing.stopped),
        "start": told(healing.start, healing.started),
        "slot": told(aiming.slot, aiming.slotted),
        "aim": told(aiming.aim, healing.again),
        "unslot": told(aiming.unslot, healing.again),
        "settle": told(aiming.settle, healing.again),
        "save": told(rewind.save, healing.again),
        "rewind": told(rewind.rewind, rewind.rewound),
        "copy": told(rebuild.copy, rebuild.copied),
        "verify": told(rebuild.verify, healing.again),
        "set_aside": told(archives.set_aside, healing.again),
        "put_back": told(archives.put_back, healing.again),
        "discard": told(rebuild.discard, healing.again),
        "swap": told(rebuild.swap, rebuild.swapped),
        "swap_back": told(rebuild.swap_back, healing.again),
        "prove": told(healing.prove, healing.again),
        "tidy": told(healing.tidy, healing.again),
        "hook": told(carrying.run, carrying.proven),
        "held": told(carrying.held, carrying.again),
    },
)
