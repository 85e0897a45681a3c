"""The plan of a promotion that Patroni or repmgr carries out: one command of theirs, and proof of our own."""

from collections.abc import Sequence
from dataclasses import replace

from core.facts import Fact, Value
from core.plan import Kind, Plan, Step
from fleet.hooks import planning, trying
from fleet.hooks.hook import At, Hook
from fleet.inventory import Cluster
from fleet.postgres import byhand, managers
from fleet.postgres.candidate import Choice
from fleet.postgres.handover import Handover
from fleet.postgres.loss import WAL_BYTES, WAL_SECONDS


def instead(ours: Plan, cluster: Cluster, choice: Choice, handover: Handover, hooks: Sequence[Hook] = ()) -> Plan:
    """Give the plan in which the manager does what our own steps would do; what is asked and found stays the same."""
    name = handover.manager.name
    timeline = next(fact.value for fact in ours.facts if fact.name == "timeline")
    who = Fact("manager", cluster.name, handover.manager.kind)
    return replace(
        ours,
        title=f"{ours.title} (by {name})",
        facts=(*ours.facts, who, Fact("command", choice.new, handover.command)),
        steps=_steps(choice, handover, timeline, hooks),
        costs=_costs(choice, handover, ours.costs),
        notes=(*trying.notes(hooks), *_notes(choice, handover), *_unused(handover, hooks)),
        onward=_onward(cluster, choice, handover),
        back=_back(cluster, choice, handover),
    )


def _steps(choice: Choice, handover: Handover, timeline: Value, hooks: Sequence[Hook]) -> tuple[Step, ...]:
    """Rehearse, hand over, then prove: the new primary writes, the others stream from it."""
    old, new, name = choice.old, choice.new, handover.manager.name
    asked = {"node": new, "old": old, "planned": choice.planned}
    back = [*choice.others, *([old] if choice.planned else [])]
    return (
        *(() if choice.planned else _before_a_failover(choice)),
        Step("rehearse", asked, f"ask {name} whether it could", Kind.LOOK, 120),
        Step(
            "hand_over", {**asked, "timeline": timeline}, f"{name} makes {new} the primary", Kind.PROBE, 300, ponr=True
        ),
        *planning.steps_at(hooks, At.POST_PROMOTE),
        Step("prove", {"node": new}, f"write through {new}", Kind.IDEMPOTENT, 660),
        *(
            Step("streams", {"node": node, "upstream_node": new}, f"see {node} follow {new}", Kind.LOOK, 180)
            for node in back
        ),
        *planning.held_step(hooks),
    )


def _before_a_failover(choice: Choice) -> tuple[Step, ...]:
    away = {"node": choice.old, "candidate": choice.new}
    caps = {"wal_bytes": WAL_BYTES, "wal_seconds": WAL_SECONDS}
    return (
        Step("confirm", away, f"see that {choice.old} is dead", Kind.LOOK, 60),
        Step("weigh", {**away, **caps}, "measure the loss", Kind.LOOK, 120),
    )


def _costs(choice: Choice, handover: Handover, ours: tuple[str, ...]) -> tuple[str, ...]:
    """Say what it costs: the pace and the promise are the manager's, the sessions and slots are the same."""
    if not choice.planned:
        return ours
    name = handover.manager.name
    _loss, _pause, *rest = ours
    return (f"{name} sees to it that nothing is lost", f"writes stop ≈ 1 to 3 s, at {name}'s pace", *rest)


def _notes(choice: Choice, handover: Handover) -> tuple[str, ...]:
    """Say who does it, and that the manager undoes what others do."""
    said = f"{handover.manager.sentence} It is asked to do it: {handover.command} on {choice.new}"
    fenced = f"{choice.old} is not fenced by Seconder: {handover.manager.name} decides what becomes of it."
    return (said,) if choice.planned else (said, fenced)


def _unused(handover: Handover, hooks: Sequence[Hook]) -> tuple[str, ...]:
    """Name the hooks that have no place here: nothing could take them back when the manager fails half-way."""
    names = ", ".join(hook.name for hook in hooks if hook.at is not At.POST_PROMOTE)
    return (f"not run, {handover.manager.name} has callbacks of its own for that: {names}",) if names else ()


def _onward(cluster: Cluster, choice: Choice, handover: Handover) -> tuple[str, ...]:
    """Give the commands with which a person finishes it."""
    new = cluster.node(choice.new)
    return (
        f"# {handover.manager.name} manages this cluster; only its own command. Unless {new.name} leads already:",
        byhand.run(new, *handover.argv),
    )


def _back(cluster: Cluster, choice: Choice, handover: Handover) -> tuple[str, ...]:
    """Give the command that switches back, once all is well again."""
    command = managers.by_hand(cluster, handover.manager.kind, choice.new, choice.old)
    return (f"# Once {choice.old} follows {choice.new}, {handover.manager.name} can switch back:", command)
