"""Roll a paused standby forward to right before a point, and hold it there."""

from dataclasses import asdict, dataclass

from actions.contract import Action, told
from core.errors import StepFailed
from core.facts import Fact
from core.outcome import Refusal
from core.plan import Kind, Lock, Plan, Risk, Step, Undo
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster
from fleet.postgres import forwarding, healing, lookup, lsn, point, replay, resuming, target
from fleet.postgres.observe import observe
from fleet.postgres.point import Point
from fleet.postgres.replay import Replay
from fleet.postgres.view import ClusterView
from fleet.site import Site

SPEC = Spec(
    name="forward",
    engine="postgres",
    summary="roll a paused standby forward to right before a point, and hold it there",
    risk=Risk.DESTRUCTIVE,
    lock=Lock.NODE,
    deadline=12 * 3600.0,
    version=1,
    arguments=(
        Argument("node", Takes.NODE, "the paused standby", required=True),
        Argument("to", Takes.WORD, "a moment such as 2026-11-21T17:03:00Z, or an LSN", required=True, option=True),
    ),
    example="forward main db3 --to 2026-11-21T17:03:00Z",
)


@dataclass(frozen=True)
class Asked:
    """Which standby, and right before what."""

    cluster: str
    node: str
    to: str


@dataclass(frozen=True)
class Found:
    """The whole cluster, what the standby says of its replay, and the point or why it is none."""

    cluster: Cluster
    view: ClusterView
    replay: Replay
    point: Point | Refusal


def look(asked: Asked, site: Site) -> Found:
    """Ask the node, and look at the others. Raises ``Unreachable`` when the node does not answer."""
    seen = replay.read(site, site.cluster.node(asked.node))
    return Found(site.cluster, observe(site), seen, point.read(asked.to))


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Refuse what is not paused, and points that can't be reached."""
    node, seen = asked.node, found.replay
    if not seen.in_recovery:
        return Refusal("FORWARD-PRIMARY", f"{node} is no standby: it replays nothing.", "Name a standby.")
    if isinstance(found.point, Refusal):
        return found.point
    if not seen.held:
        hint = f"Pause it first, which is one person's at once: /db pause {asked.cluster} {node}"
        return Refusal("FORWARD-NOT-PAUSED", f"Replay is not paused on {node}: it may pass that point any time.", hint)
    if not seen.hot:
        said = f"hot_standby is off on {node}: at its target it would shut down."
        return Refusal("FORWARD-NOT-HOT", said, "Turn hot_standby on there.")
    primary = found.view.primary
    unreachable = point.judged(found.point, seen, node, primary.write_lsn if primary else None)
    return unreachable or resuming.too_small(found.view, node)


def plan(asked: Asked, found: Found) -> Plan:
    """Set the target while the pause still holds, restart, wait until it stands there."""
    node, seen, primary = asked.node, found.replay, found.view.primary
    if isinstance(found.point, Refusal):
        raise StepFailed("There is nothing to plan from.", "refuse() comes first.")
    to = found.point
    return Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=node,
        title=f"Roll {node} forward to right before {to.said}",
        risk=SPEC.risk,
        asked=asdict(asked),
        facts=(
            Fact("system identifier", node, seen.system),
            Fact("role", node, "standby"),
            Fact("replayed up to", node, lsn.show(seen.replayed)),
            Fact("recovery target", node, seen.target or "none"),
            Fact("primary", found.view.name, primary.name if primary else None),
            Fact("timeline", found.view.name, primary.timeline if primary else None),
        ),
        steps=_steps(node, to, seen, primary.name if primary else ""),
        costs=forwarding.costs(seen, node, to),
        notes=forwarding.notes(found.view, node),
        onward=forwarding.onward(found.cluster, node, to),
        back=forwarding.back(found.cluster, node),
        notes_on=node,
        waiting=forwarding.waiting(seen, node),
        look=lookup.timeline(found.view, primary.name) if primary else None,
    )


def _steps(node: str, to: Point, seen: Replay, primary: str) -> tuple[Step, ...]:
    same = {"node": node, "system": seen.system}
    stop_at = {"setting": to.setting, "value": to.value}
    here = {"replayed": lsn.show(seen.replayed)}
    undo = Undo("clear", same, f"take {node}'s target away again")
    if seen.target:
        setting, _, value = seen.target.partition(" = ")
        undo = Undo("aim", {**same, **here, "setting": setting, "value": value}, f"give {node} its old target back")
    wait = {**same, **stop_at, "primary": primary}
    return (
        Step("aim", {**same, **stop_at, **here}, f"have {node} stop right before it", Kind.IDEMPOTENT, 30.0, undo=undo),
        Step("stop", {"node": node}, f"stop {node}: its pause ends here", Kind.PROBE, 180.0, ponr=True),
        Step("start", {"node": node, **stop_at}, f"start {node} as a standby", Kind.PROBE, 600.0),
        Step("arrive", wait, f"see {node} stand there", Kind.IDEMPOTENT, 3600.0),
    )


ACTION = Action(
    spec=SPEC,
    asked=Asked,
    look=look,
    refuse=refuse,
    plan=plan,
    steps={
        "aim": told(target.aim, healing.again),
        "clear": told(target.clear, healing.again),
        "stop": told(healing.halt, healing.stopped),
        "start": told(target.start, healing.started),
        "arrive": told(point.arrive, healing.again),
    },
)
