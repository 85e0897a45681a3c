"""Hooks as steps of a plan, and as lines for whoever has to go on by hand: pure."""

import shlex
from collections.abc import Sequence

from core.plan import Kind, Step, Undo
from fleet.hooks.hook import BOT, At, Call, Command, Effect, Failure, Hook, to_args
from fleet.inventory import LOCAL, Cluster

_SLACK = 15.0  # seconds beside a hook's own limits, for reaching its place


def steps_at(hooks: Sequence[Hook], at: At, *, ponr: bool = False) -> list[Step]:
    """Give the steps of one moment's hooks. ``ponr``: there is no way back from the first of them on."""
    mine = [hook for hook in hooks if hook.at is at]
    return [_step(hook, ponr=ponr and n == 0) for n, hook in enumerate(mine)]


def after(steps: Sequence[Step], hooks: Sequence[Hook], at: At) -> tuple[Step, ...]:
    """Put hooks behind all steps: a failure of theirs takes nothing of them back."""
    ponr = not any(step.ponr for step in steps)
    return (*steps, *steps_at(hooks, at, ponr=ponr), *held_step(hooks))


def held_step(hooks: Sequence[Hook]) -> list[Step]:
    """Give the last step of a run that has hooks behind its point of no return: it ends loudly when one failed."""
    names = [hook.name for hook in hooks if not hook.at.can_go_back and hook.failure is Failure.STOP]
    return [Step("held", {"hooks": names}, "see that every hook held", Kind.LOOK, _SLACK)] if names else []


def lines_at(cluster: Cluster, hooks: Sequence[Hook], at: At) -> list[str]:
    """Give what a person types for one moment's hooks."""
    mine = [hook for hook in hooks if hook.at is at]
    return [line for hook in mine for line in (f"# hook {hook.name}: {hook.plan}", _line(cluster, hook.effect))]


def back_lines(cluster: Cluster, hooks: Sequence[Hook], at: At) -> list[str]:
    """Give what a person types to take one moment's hooks back, the last one first."""
    mine = [hook for hook in reversed(hooks) if hook.at is at and hook.undo is not None]
    return [
        line
        for hook in mine
        if hook.undo is not None
        for line in (f"# take back hook {hook.name}: {hook.plan}", _line(cluster, hook.undo))
    ]


def _step(hook: Hook, *, ponr: bool) -> Step:
    proof = to_args(hook.proof)
    args = {"name": hook.name, "failure": hook.failure.value, "proof": proof}
    undo = None
    if hook.undo is not None and hook.at.can_go_back:
        undo = Undo("unhook", {**args, "effect": to_args(hook.undo)}, f"take back: {hook.plan}")
    limit = 2 * sum(effect.seconds for effect in hook.effects) + _SLACK
    own = {**args, "at": hook.at.value, "effect": to_args(hook.effect)}
    return Step("hook", own, hook.plan, _kind(hook), limit, ponr=ponr, undo=undo)


def _kind(hook: Hook) -> Kind:
    if hook.proof is not None:
        return Kind.PROBE
    return Kind.IDEMPOTENT if hook.repeatable else Kind.OPAQUE


def _line(cluster: Cluster, effect: Effect) -> str:
    """Write an effect as a command of a shell, with the machine where it is to be typed behind it."""
    if isinstance(effect, Command):
        there = cluster.nodes.get(effect.on) or cluster.hosts.get(effect.on)
        user = effect.run_as or (there.run_as if there else "")
        who = ["sudo", "-u", user] if user else []
        return f"{shlex.join([*who, *effect.argv])}   # on {_where(cluster, effect.on)}"
    if isinstance(effect, Call):
        headers = ["-H", f"@{effect.headers}"] if effect.headers else []
        body = ["-d", effect.body] if effect.body else []
        return f"{shlex.join(['curl', '-X', effect.method, *headers, *body, effect.url])}   # on {_where(cluster, BOT)}"
    passfile = ["env", f"PGPASSFILE={effect.passfile}"] if effect.passfile else []
    to = effect.conninfo
    if not to:
        node = cluster.node(effect.on)
        to = f"host={node.address} port={node.port} user={node.database_user} dbname={node.database}"
    return f"{shlex.join([*passfile, 'psql', to, '-f', effect.file])}   # on {_where(cluster, BOT)}"


def _where(cluster: Cluster, on: str) -> str:
    if on == BOT:
        return "the bot's machine"
    machine = cluster.nodes.get(on) or cluster.hosts.get(on)
    return on if machine is None or machine.host == LOCAL else f"{on} ({machine.host})"
