"""Make a standby the primary: a planned switchover while the primary answers, a failover when it is proven dead."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from actions.contract import Action, At, StepCode
from core.outcome import Evidence, Probe, Refusal
from core.plan import Kind, Lock, Plan, Risk, Step, Undo
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster
from fleet.postgres import account, byhand, failover, hosts, lookup, lsn, switch, takeover
from fleet.postgres.blocking import blocked
from fleet.postgres.candidate import Choice, choose
from fleet.postgres.loss import WAL_BYTES, WAL_SECONDS, Loss, measure
from fleet.postgres.observe import observe
from fleet.postgres.upstream import slot_for
from fleet.postgres.view import ClusterView
from fleet.site import Site

SPEC = Spec(
    name="promote",
    engine="postgres",
    summary="Make a standby the primary",
    risk=Risk.DESTRUCTIVE,
    lock=Lock.CLUSTER,
    deadline=1800,
    version=1,
    arguments=(Argument("node", Takes.NODE, "the standby; without it the best one is chosen"),),
    example="promote main db2",
)
SECOND_LOOK = 0.5  # seconds


@dataclass(frozen=True)
class Asked:
    """Which cluster, and which standby if anybody cares."""

    cluster: str
    node: str | None = None


@dataclass(frozen=True)
class Found:
    """What was seen, who was chosen or why nobody, and what a failover would lose."""

    view: ClusterView
    cluster: Cluster
    choice: Choice | Refusal
    hosts: Refusal | None = None
    loss: Loss | None = None


def look(asked: Asked, site: Site) -> Found:
    """See all nodes, choose, try what the plan will need. Raises ``SeconderError`` when a loss can't be measured."""
    view = observe(site)
    if view.primary is not None and any(sender.stuck for sender in view.primary.replication):
        time.sleep(SECOND_LOOK)  # WAL that was sent this very moment looks the same
        view = observe(site)
    choice = choose(view, site.cluster, asked.node)
    if isinstance(choice, Refusal):
        return Found(view, site.cluster, choice)
    way = hosts.in_the_way(site, view, choice)
    if choice.planned or way is not None:
        return Found(view, site.cluster, choice, way)
    loss = measure(site, site.cluster.node(choice.old), site.cluster.node(choice.new))
    return Found(view, site.cluster, choice, None, loss)


def refuse(_asked: Asked, found: Found) -> Refusal | None:
    """Give the first thing that is in the way."""
    choice = found.choice
    if isinstance(choice, Refusal):
        return choice
    if found.view.primary is not None:
        stuck = next(iter(blocked(found.view, found.view.primary)), None)
        return stuck or found.hosts
    if found.hosts is not None:
        return found.hosts
    if found.loss is not None and not found.loss.within(WAL_BYTES, WAL_SECONDS):
        said = f"{choice.new} lacks {found.loss.words}; at most {lsn.size(WAL_BYTES)} and {WAL_SECONDS} s may be lost."
        return Refusal("PROMOTE-LOSS", said, f"Start {choice.old} again if you can: that loses nothing.")
    return None


def plan(asked: Asked, found: Found) -> Plan:
    """Plan the switchover or the failover."""
    choice = found.choice
    if isinstance(choice, Refusal):
        raise TypeError(choice.message)  # refuse() comes first
    slots = {name: slot_for(found.view.nodes[name]) for name in (choice.old, *choice.others)}
    planned = choice.planned
    arrow = f"Switch {asked.cluster}: {choice.old} → {choice.new}"
    return Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=choice.new,
        title=arrow if planned else f"Fail over {asked.cluster} to {choice.new}",
        risk=SPEC.risk,
        asked=asdict(asked),
        facts=account.facts(found.view, choice, found.loss),
        steps=_switchover(found, choice, slots) if planned else _failover(found, choice, slots),
        caps={} if planned else {"wal_bytes": WAL_BYTES, "wal_seconds": WAL_SECONDS},
        costs=account.costs(found.view, choice, found.loss),
        notes=account.notes(found.view, found.cluster, choice),
        onward=byhand.onward(found.cluster, choice, slots),
        back=byhand.back(found.cluster, choice),
        notes_on=choice.new,
        waiting=account.waiting(found.view, choice, found.loss),
        look=lookup.timeline(found.view, choice.old, "primary" if planned else "dead primary"),
    )


def _switchover(found: Found, choice: Choice, slots: Mapping[str, str]) -> tuple[Step, ...]:
    old, new = choice.old, choice.new
    timeline = found.view.nodes[old].timeline
    there = {slot.name for slot in found.view.nodes[new].slots}
    fresh = [slot for slot in slots.values() if slot not in there]
    away = {"node": old, "candidate": new}
    stop = {**away, "slot": slots[old], "timeline": timeline}
    back = Undo("return", away, f"{old} serves again")
    drop = Undo("unprepare", {"node": new, "slots": fresh}, f"drop the slots on {new}")
    ready = {"node": new, "primary": old, "slots": dict(slots)}
    steps = [
        Step("prepare", ready, f"slots on {new}, checkpoint on {old}", Kind.IDEMPOTENT, 900, undo=drop),
        Step("stop", stop, f"stop {old}", Kind.PROBE, 120, undo=back),
        Step("gate", {**away, "timeline": timeline}, f"prove that {new} has everything", Kind.LOOK, 60),
        *_from_promotion(found, choice, slots, 0, 0),
    ]
    mine = [slot_for(found.view.nodes[name]) for name in (new, *choice.others)]
    drop_all = {"drop": {old: mine, new: [slot_for(found.view.nodes[new])]}}
    back_in = {"node": old, "upstream_node": new}
    steps += [
        Step("rejoin", back_in, f"{old} returns as standby", Kind.PROBE, 300),
        Step("tidy", drop_all, "drop slots that nobody needs", Kind.IDEMPOTENT, 30),
    ]
    return tuple(steps)


def _failover(found: Found, choice: Choice, slots: Mapping[str, str]) -> tuple[Step, ...]:
    old, new = choice.old, choice.new
    siblings = {name: slot for name, slot in slots.items() if name != old}
    away = {"node": old, "candidate": new}
    caps = {"wal_bytes": WAL_BYTES, "wal_seconds": WAL_SECONDS}
    loose = Undo("unfence", {"node": old}, f"take the fence off {old}")
    return (
        Step("confirm", away, f"see that {old} is dead", Kind.LOOK, 60),
        Step("fence", {"node": old}, f"fence {old}", Kind.PROBE, 60, undo=loose),
        Step("weigh", {**away, **caps}, "measure the loss", Kind.LOOK, 120),
        *_from_promotion(found, choice, siblings, WAL_BYTES, WAL_SECONDS),
    )


def _from_promotion(
    found: Found, choice: Choice, slots: Mapping[str, str], wal_bytes: int, wal_seconds: int
) -> list[Step]:
    old, new = choice.old, choice.new
    timeline = found.view.nodes[old].timeline
    loss = {"wal_bytes": wal_bytes, "wal_seconds": wal_seconds}
    args = {"node": new, "old": old, "timeline": timeline, **loss}
    steps = [
        Step("promote", args, f"promote {new}", Kind.PROBE, 120, ponr=True),
        Step("prove", {"node": new}, f"write through {new}", Kind.IDEMPOTENT, 660),
    ]
    for name in choice.others:
        follow = {"node": name, "upstream_node": new, "slot": slots[name]}
        steps.append(Step("follow", follow, f"{name} follows {new}", Kind.IDEMPOTENT, 120))
    return steps


def _code(do: Callable[..., Evidence], probe: Callable[..., Probe], **shown: tuple[str, str]) -> StepCode:
    """Give a step's args to functions of the fleet by name, and what earlier steps have ``shown``, where they did."""

    def carry_out(at: At, args: Mapping[str, Any]) -> Evidence:
        known = {name: str(at.step.evidence.get(step, {}).get(item, "")) for name, (step, item) in shown.items()}
        return do(at.site, **args, **known)

    return StepCode(carry_out, lambda at, args: probe(at.site, **args))


def _look(do: Callable[..., Evidence], **shown: tuple[str, str]) -> StepCode:
    """A step that only looks is done again, never probed."""
    return _code(do, lambda _site, **_args: Probe.NOT_DONE, **shown)


STEPS = {
    "prepare": _code(switch.prepare, switch.prepared),
    "unprepare": _code(switch.drop_slots, switch.slots_dropped),
    "stop": _code(switch.stop, switch.stopped),
    "return": _code(switch.give_back, switch.given_back),
    "gate": _look(switch.gate, ended=("stop", "checkpoint")),
    "confirm": _look(failover.confirm),
    "fence": _code(failover.fence, failover.is_fenced),
    "unfence": _code(failover.unfence, failover.unfenced),
    "weigh": _look(failover.weigh),
    "promote": _code(takeover.promote, takeover.promoted, weighed=("weigh", "has")),
    "prove": _code(takeover.prove, takeover.proven),
    "follow": _code(takeover.follow, takeover.following),
    "rejoin": _code(takeover.rejoin, takeover.rejoined),
    "tidy": _code(takeover.tidy, takeover.tidied),
}

ACTION = Action(spec=SPEC, asked=Asked, look=look, refuse=refuse, plan=plan, steps=STEPS)
