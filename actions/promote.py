"""Make a standby the primary: a planned switchover while the primary answers, a failover when it is proven dead."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from actions.contract import Action, At, Opening, StepCode, told
from core.outcome import Evidence, Probe, Refusal
from core.plan import Lock, Look, Plan, Risk
from core.spec import Argument, Spec, Takes
from fleet.hooks import carrying, filling, trying
from fleet.hooks.hook import At as When
from fleet.hooks.hook import Hook
from fleet.inventory import Cluster
from fleet.postgres import (
    account,
    archived,
    archiving,
    byhand,
    failover,
    handing,
    handover,
    hosts,
    hung,
    lookup,
    lsn,
    pacemaker,
    promoting,
    switch,
    takeover,
    unseen,
    vantage,
)
from fleet.postgres.blocking import blocked
from fleet.postgres.candidate import Choice, choose
from fleet.postgres.handover import Handover
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
    version=4,
    arguments=(Argument("node", Takes.NODE, "the standby; without it the best one is chosen"),),
    example="promote main db2",
)
SECOND_LOOK = 0.5  # seconds
_PLANNED = (When.PRE_PROMOTE, When.POST_DEMOTE, When.POST_PROMOTE)
_UNPLANNED = (When.FENCE, When.POST_PROMOTE)


@dataclass(frozen=True)
class Asked:
    """Which cluster, and which standby if anybody cares."""

    cluster: str
    node: str | None = None


@dataclass(frozen=True)
class Found:
    """What was seen, who was chosen or why nobody, what a failover would lose, the hooks, who else would do it."""

    view: ClusterView
    cluster: Cluster
    choice: Choice | Refusal
    hosts: Refusal | None = None
    loss: Loss | None = None
    hooks: tuple[Hook, ...] = ()
    handover: Handover | None = None


def look(asked: Asked, site: Site) -> Found:
    """See all nodes, choose, try what the plan will need. Raises ``SeconderError`` when a loss can't be measured."""
    view = observe(site)
    if view.primary is not None and any(sender.stuck for sender in view.primary.replication):
        time.sleep(SECOND_LOOK)  # WAL that was sent this very moment looks the same
        view = observe(site)
    choice, way, measured = choose(view, site.cluster, asked.node), None, None
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="promote") as pool:  # at once: clients may be waiting
        suspected = pool.submit(pacemaker.suspected, site, view)
        if isinstance(choice, Choice) and choice.seen and not choice.planned:
            dead, new = site.cluster.node(choice.old), site.cluster.node(choice.new)
            measured = pool.submit(measure, site, dead, new)
        if isinstance(choice, Choice) and view.manager is None:
            choice, way = _surroundings(site, view, choice)
        view = suspected.result()
    other = handover.look(site, view.manager, choice) if view.manager else None
    if isinstance(choice, Refusal) or (other is not None and other.refusal is not None):
        return Found(view, site.cluster, choice, handover=other)
    if other is None and way is not None:
        return Found(view, site.cluster, choice, way)
    words = filling.promotion(site.cluster, choice.old, choice.new)
    hooks = trying.look(site, _PLANNED if choice.planned else _UNPLANNED, words)
    return Found(view, site.cluster, choice, None, measured.result() if measured else None, hooks, other)


def _surroundings(site: Site, view: ClusterView, choice: Choice) -> tuple[Choice, Refusal | None]:
    """Look whether archive, shells and logins will do, and whether it is not the bot that is cut off."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive") as pool:
        proving = pool.submit(archiving.prove, site, view, choice)
        way = hosts.in_the_way(site, view, choice)
        proof = proving.result()
    choice, way = replace(choice, notes=(*choice.notes, *proof.notes)), way or proof.refusal
    if way is None and (choice.hangs or not choice.seen):
        way = vantage.cut_off(site, view, choice.old)
    return choice, way


def refuse(_asked: Asked, found: Found) -> Refusal | None:
    """Give the first thing that is in the way."""
    choice = found.choice
    if found.handover is not None and found.handover.refusal is not None:
        return found.handover.refusal
    if isinstance(choice, Refusal):
        return choice
    if found.view.primary is not None:
        stuck = next(iter(blocked(found.view, found.view.primary)), None)
        return stuck or found.hosts or trying.in_the_way(found.hooks)
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
    ours = Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=choice.new,
        title=arrow if planned else f"Fail over {asked.cluster} to {choice.new}",
        risk=SPEC.risk,
        asked=asdict(asked),
        facts=account.facts(found.view, choice, found.loss),
        steps=promoting.steps(_ground(found, choice, slots)),
        caps={"wal_bytes": WAL_BYTES, "wal_seconds": WAL_SECONDS} if found.loss is not None else {},
        costs=account.costs(found.view, choice, found.loss),
        notes=(*trying.notes(found.hooks), *account.notes(found.view, found.cluster, choice)),
        onward=byhand.onward(found.cluster, choice, slots, found.hooks),
        back=byhand.back(found.cluster, choice, found.hooks),
        notes_on=choice.new,
        waiting=account.waiting(found.view, choice, found.loss),
        look=_lookup(found, choice),
        urgent=found.view.primary is None,
        typed="" if choice.seen or promoting.fences(found.hooks) else unseen.off(choice.old),
    )
    return handing.instead(ours, found.cluster, choice, found.handover, found.hooks) if found.handover else ours


def _ground(found: Found, choice: Choice, slots: Mapping[str, str]) -> promoting.Ground:
    archives = archiving.wanted(found.view, found.cluster, choice)
    return promoting.Ground(found.view, choice, slots, found.hooks, archives=archives)


def _lookup(found: Found, choice: Choice) -> Look | None:
    if not choice.seen:
        return lookup.timeline(found.view, choice.new, "standby")
    return lookup.timeline(found.view, choice.old, "primary" if choice.planned else "dead primary")


def _code(do: Callable[..., Evidence], probe: Callable[..., Probe], **shown: tuple[str, ...]) -> StepCode:
    """Give a step's args to functions of the fleet by name, and what earlier steps have ``shown``, where they did.

    ``shown`` names for each what it is called there, and the steps that may show it, the last one first.
    """

    def carry_out(at: At, args: Mapping[str, Any]) -> Evidence:
        return do(at.site, **args, **{name: _shown(at, *where) for name, where in shown.items()})

    return StepCode(carry_out, lambda at, args: probe(at.site, **args))


def _shown(at: At, item: str, *steps: str) -> str:
    done = next((at.step.evidence[step] for step in steps if step in at.step.evidence), {})
    return str(done.get(item, ""))


def _look(do: Callable[..., Evidence], **shown: tuple[str, ...]) -> StepCode:
    """A step that only looks is done again, never probed."""
    return _code(do, lambda _site, **_args: Probe.NOT_DONE, **shown)


STEPS = {
    "prepare": _code(switch.prepare, switch.prepared),
    "unprepare": _code(switch.drop_slots, switch.slots_dropped),
    "stop": _code(switch.stop, switch.stopped),
    "return": _code(switch.give_back, switch.given_back),
    "gate": _look(switch.gate, ended=("checkpoint", "stop")),
    "confirm": _look(failover.confirm),
    "fence": replace(
        _code(failover.fence, failover.is_fenced),
        opening=Opening(
            lambda site, args, count: failover.ready_to_fence(site, **args, count=count),
            lambda site, args: failover.glance(site, **args),
        ),
    ),
    "unfence": _code(failover.unfence, failover.unfenced),
    "hung": _look(hung.hung),
    "halt": _code(hung.halt, hung.halted),
    "revive": _code(hung.revive, hung.revived),
    "weigh": _look(failover.weigh, seal=("seal", "fence")),
    "unheard": _look(unseen.unheard),
    "lead": _code(unseen.promote, unseen.promoted),
    "promote": _code(takeover.promote, takeover.promoted, seal=("seal", "weigh", "fence")),
    "prove": _code(takeover.prove, takeover.proven),
    "follow": _code(takeover.follow, takeover.following),
    "rejoin": _code(takeover.rejoin, takeover.rejoined),
    "tidy": _code(takeover.tidy, takeover.tidied),
    "hook": told(carrying.run, carrying.proven),
    "unhook": told(carrying.take_back, carrying.again),
    "held": told(carrying.held, carrying.again),
    "archive": _code(archived.archive, archived.looked),
    "rehearse": _look(handover.rehearse),
    "hand_over": StepCode(
        lambda at, args: handover.hand_over(at.site, at.step, **args),
        lambda at, args: handover.handed_over(at.site, at.step, **args),
    ),
    "streams": _look(handover.streams),
}

ACTION = Action(spec=SPEC, asked=Asked, look=look, refuse=refuse, plan=plan, steps=STEPS)
