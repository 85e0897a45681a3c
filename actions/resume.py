"""Let a paused standby replay on: what was held back is applied."""

from dataclasses import asdict, dataclass

from actions.contract import Action, told
from core.facts import Fact
from core.outcome import Refusal
from core.plan import Kind, Lock, Plan, Risk, Step
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster
from fleet.postgres import healing, lookup, lsn, replay, resuming, target
from fleet.postgres.followers import feeder
from fleet.postgres.observe import observe
from fleet.postgres.replay import Replay
from fleet.postgres.view import ClusterView
from fleet.site import Site

SPEC = Spec(
    name="resume",
    engine="postgres",
    summary="let a paused standby replay on: what was held back is applied",
    risk=Risk.DESTRUCTIVE,
    lock=Lock.NODE,
    deadline=3600.0,
    version=1,
    arguments=(Argument("node", Takes.NODE, "the standby that is to go on", required=True),),
    example="resume main db3",
)


@dataclass(frozen=True)
class Asked:
    """Which standby."""

    cluster: str
    node: str


@dataclass(frozen=True)
class Found:
    """The whole cluster, and what the standby says of its replay."""

    cluster: Cluster
    view: ClusterView
    replay: Replay


def look(asked: Asked, site: Site) -> Found:
    """Ask the node, and look at the others. Raises ``Unreachable`` when the node does not answer."""
    seen = replay.read(site, site.cluster.node(asked.node))
    return Found(site.cluster, observe(site), seen)


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Refuse what is not paused, and what would fall over."""
    node, seen = asked.node, found.replay
    if not seen.in_recovery:
        return Refusal("RESUME-PRIMARY", f"{node} is no standby: it replays nothing.", "See /db status.")
    if seen.state == replay.NOT_PAUSED and not resuming.restarts(seen):
        hint = f"/db resync {asked.cluster} {node} finds out what it lacks, if it lags."
        return Refusal("RESUME-NOT-PAUSED", f"Replay is not paused on {node}.", hint)
    return resuming.too_small(found.view, node)


def plan(asked: Asked, found: Found) -> Plan:
    """Resume, or restart without the target that it stands at; then see that it replays."""
    node, seen, primary = asked.node, found.replay, found.view.primary
    return Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=node,
        title=f"Resume replay on {node}",
        risk=SPEC.risk,
        asked=asdict(asked),
        facts=_facts(found, node),
        steps=_steps(found, node),
        costs=resuming.costs(seen, node),
        notes=resuming.notes(found.view, seen, node),
        onward=resuming.onward(found.cluster.node(node), seen),
        back=(f"# What was applied stays applied. To stop again where it is: /db pause {asked.cluster} {node}",),
        notes_on=node,
        waiting=resuming.waiting(seen, node),
        look=lookup.timeline(found.view, primary.name) if primary else None,
    )


def _facts(found: Found, node: str) -> tuple[Fact, ...]:
    seen, primary = found.replay, found.view.primary
    facts = [
        Fact("system identifier", node, seen.system),
        Fact("role", node, "standby"),
        Fact("primary", found.view.name, primary.name if primary else None),
        Fact("timeline", found.view.name, primary.timeline if primary else None),
        Fact("recovery target", node, seen.target or "none"),
    ]
    if seen.held:
        facts.append(Fact("replayed up to", node, lsn.show(seen.replayed)))
    return tuple(facts)


def _steps(found: Found, node: str) -> tuple[Step, ...]:
    seen, primary = found.replay, found.view.primary
    same = {"node": node, "system": seen.system}
    on = Step("resume", same, f"let {node} replay on", Kind.IDEMPOTENT, 30.0, ponr=True)
    steps = [on]
    if resuming.restarts(seen):
        steps = [
            Step("clear", same, f"take {node}'s recovery target away", Kind.IDEMPOTENT, 30.0, ponr=True),
            Step("stop", {"node": node}, f"stop {node}, read-only at any start", Kind.PROBE, 180.0),
            Step("start", {"node": node}, f"start {node} as a standby", Kind.PROBE, 600.0),
        ]
    steps.append(Step("see", same, f"see {node} replay", Kind.LOOK, 60.0))
    if primary is not None and not resuming.streams_late(seen):
        ahead = feeder(found.view, node) or primary
        args = {"node": node, "primary": primary.name, "upstream": ahead.name, "timeline": primary.timeline}
        args["replays"] = not seen.delay
        steps.append(Step("prove", args, f"see {node} follow {ahead.name}", Kind.IDEMPOTENT, 300.0))
    return tuple(steps)


ACTION = Action(
    spec=SPEC,
    asked=Asked,
    look=look,
    refuse=refuse,
    plan=plan,
    steps={
        "resume": told(replay.resume, healing.again),
        "clear": told(target.clear, healing.again),
        "stop": told(healing.halt, healing.stopped),
        "start": told(healing.start, healing.started),
        "see": told(replay.goes_on, healing.again),
        "prove": told(healing.prove, healing.again),
    },
)
