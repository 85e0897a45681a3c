"""The steps of a promotion, in their order, for each way that it can go: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.plan import Kind, Step, Undo
from fleet.hooks import planning
from fleet.hooks.hook import At, Failure, Hook
from fleet.postgres.candidate import Choice
from fleet.postgres.followers import feeder
from fleet.postgres.loss import WAL_BYTES, WAL_SECONDS
from fleet.postgres.upstream import slot_for
from fleet.postgres.view import ClusterView


@dataclass(frozen=True)
class Ground:
    """What the steps are made of. ``slots``: for each node that will follow, the slot that it gets.

    ``archives``: WAL of the next primary is to be seen in the archive at the end.
    """

    view: ClusterView
    choice: Choice
    slots: Mapping[str, str]
    hooks: tuple[Hook, ...] = ()
    archives: bool = False

    @property
    def old(self) -> str:
        """Give who hands over."""
        return self.choice.old

    @property
    def new(self) -> str:
        """Give who takes over."""
        return self.choice.new

    @property
    def feeder(self) -> str:
        """Give the standby from which a cascading one takes over, or nothing."""
        up = feeder(self.view, self.new)
        return up.name if up else ""

    @property
    def own_slot(self) -> list[str]:
        """Give the slot that fed the new primary, wherever it lies."""
        return [slot_for(self.view.nodes[self.new])]

    @property
    def timeline(self) -> int | None:
        """Give the timeline that ends: the old primary's, else the candidate's."""
        known = self.view.nodes[self.old if self.choice.seen else self.new]
        return known.timeline


def steps(ground: Ground) -> tuple[Step, ...]:
    """Give the steps of a switchover, or of the failover that the old primary's state asks for."""
    if ground.choice.planned:
        return _switchover(ground)
    begin = _unseen(ground)
    if ground.choice.seen:
        begin = [*(_hung(ground) if ground.choice.hangs else _dead(ground)), *_weighed(ground)]
    tidy = [_tidy({ground.feeder: ground.own_slot})] if ground.feeder else []
    return (*begin, *_after(ground), *tidy, *_last(ground, ""))


def fences(hooks: Sequence[Hook]) -> bool:
    """Say whether a hook answers for the old primary's being off, so that no person has to."""
    return any(hook.at is At.FENCE and hook.failure is Failure.STOP for hook in hooks)


def _switchover(ground: Ground) -> tuple[Step, ...]:
    old, new, slots = ground.old, ground.new, ground.slots
    there = {slot.name for slot in ground.view.nodes[new].slots}
    fresh = [slot for slot in slots.values() if slot not in there]
    away = {"node": old, "candidate": new}
    up = ground.feeder
    stop = {**away, "slot": slots[old], "timeline": ground.timeline, **({"through": up} if up else {})}
    back = Undo("return", away, f"{old} serves again")
    drop = Undo("unprepare", {"node": new, "slots": fresh}, f"drop the slots on {new}")
    ready = {"node": new, "primary": old, "slots": dict(slots)}
    others = [slot_for(ground.view.nodes[name]) for name in ground.choice.others]
    spare = {old: [*ground.own_slot, *others], new: ground.own_slot, **({up: ground.own_slot} if up else {})}
    return (
        Step("prepare", ready, f"slots on {new}, checkpoint on {old}", Kind.IDEMPOTENT, 900, undo=drop),
        *planning.steps_at(ground.hooks, At.PRE_PROMOTE),
        Step("stop", stop, f"stop {old}", Kind.PROBE, 120, undo=back),
        Step("gate", {**away, "timeline": ground.timeline}, f"prove that {new} has everything", Kind.LOOK, 60),
        *planning.steps_at(ground.hooks, At.POST_DEMOTE),
        _promotion(ground, 0, 0),
        *_after(ground),
        Step("rejoin", {"node": old, "upstream_node": new}, f"{old} returns as standby", Kind.PROBE, 300),
        _tidy(spare),
        *_last(ground, old),
    )


def _tidy(drop: Mapping[str, Sequence[str]]) -> Step:
    return Step("tidy", {"drop": drop}, "drop slots that nobody needs", Kind.IDEMPOTENT, 30)


def _dead(ground: Ground) -> list[Step]:
    old = ground.old
    loose = Undo("unfence", {"node": old}, f"take the fence off {old}")
    away = {"node": old, "candidate": ground.new}
    return [Step("fence", away, f"see that {old} is dead, fence it, measure the loss", Kind.PROBE, 180, undo=loose)]


def _hung(ground: Ground) -> list[Step]:
    old = ground.old
    again = Undo("revive", {"node": old}, f"start {old} again")
    return [
        Step("hung", {"node": old}, f"see that {old} hangs", Kind.LOOK, 60),
        Step("halt", {"node": old}, f"kill {old} behind a fence", Kind.PROBE, 120, undo=again),
    ]


def _weighed(ground: Ground) -> list[Step]:
    """Fence by hooks, too, where there are any; the loss is measured behind the last fence."""
    hooks = planning.steps_at(ground.hooks, At.FENCE)
    weigh = {"node": ground.old, "candidate": ground.new, "wal_bytes": WAL_BYTES, "wal_seconds": WAL_SECONDS}
    measured = not (hooks or ground.choice.hangs)
    return [
        *hooks,
        *([] if measured else [Step("weigh", weigh, "measure the loss", Kind.LOOK, 120)]),
        _promotion(ground, WAL_BYTES, WAL_SECONDS),
    ]


def _unseen(ground: Ground) -> list[Step]:
    old, new = ground.old, ground.new
    lead = {"node": new, "old": old, "timeline": ground.timeline}
    return [
        Step("unheard", {"node": old, "candidate": new}, f"see that nobody hears {old}", Kind.LOOK, 60),
        *planning.steps_at(ground.hooks, At.FENCE),
        Step("lead", lead, f"promote {new}", Kind.PROBE, 120, ponr=True),
    ]


def _promotion(ground: Ground, wal_bytes: int, wal_seconds: int) -> Step:
    loss = {"wal_bytes": wal_bytes, "wal_seconds": wal_seconds}
    args = {"node": ground.new, "old": ground.old, "timeline": ground.timeline, **loss}
    return Step("promote", args, f"promote {ground.new}", Kind.PROBE, 120, ponr=True)


def _after(ground: Ground) -> list[Step]:
    new = ground.new
    done = [
        *planning.steps_at(ground.hooks, At.POST_PROMOTE),  # clients wait for these: before any checkpoint
        Step("prove", {"node": new}, f"write through {new}", Kind.IDEMPOTENT, 660),
    ]
    for name in ground.choice.others:
        follow = {"node": name, "upstream_node": new, "slot": ground.slots[name]}
        done.append(Step("follow", follow, f"{name} follows {new}", Kind.IDEMPOTENT, 120))
    return done


def _last(ground: Ground, back: str) -> list[Step]:
    """See that WAL reaches the archive, ``back``'s too, which returned and may not have archived all of its own."""
    archive = {"node": ground.new, "old": back}
    seen = Step("archive", archive, f"see WAL of {ground.new} in the archive", Kind.IDEMPOTENT, 180)
    return [*([seen] if ground.archives else []), *planning.held_step(ground.hooks)]
