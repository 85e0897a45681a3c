"""A promotion that is handed to whoever manages the cluster: the one command, and what proves that it did it."""

import shlex
import time
from dataclasses import dataclass

from core.errors import SeconderError, StepFailed
from core.outcome import Evidence, Probe, Refusal
from core.step import StepContext
from fleet import jobs
from fleet.inventory import Cluster
from fleet.postgres import managers, patroni, repmgr, upstream
from fleet.postgres.candidate import Choice
from fleet.postgres.managers import NAMES, PATRONI, REPMGR, Manager
from fleet.postgres.patience import talk
from fleet.postgres.standing import head, reached, writable
from fleet.shell import Ran
from fleet.site import Site

COMMAND_TIME = 240.0  # seconds for the manager's own command
_SETTLE = 30.0  # seconds after it until the node has to accept writes
_FOLLOW_TIME = 120.0  # seconds until a node streams: it may be rewound before
_LOOK_EVERY = 0.1  # seconds
_SHOWN = 300  # characters of what it printed


@dataclass(frozen=True)
class Handover:
    """What will be run where, or why it won't."""

    manager: Manager
    argv: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @property
    def command(self) -> str:
        """Give the command as a person would type it."""
        return shlex.join(self.argv)


def look(site: Site, manager: Manager, choice: Choice | Refusal) -> Handover:
    """Find out what to ask the manager for; nothing is changed. Its own "no" is a refusal."""
    if isinstance(choice, Refusal):
        return Handover(manager, refusal=unable(site.cluster, manager))
    no = unable(site.cluster, manager, choice.old, choice.new) or _unjudged(site.cluster, manager, choice)
    if no is not None:
        return Handover(manager, refusal=no)
    try:
        return Handover(manager, tuple(_command(site, choice.old, choice.new, planned=choice.planned)))
    except SeconderError as error:
        return Handover(manager, refusal=Refusal(error.code, error.message, error.hint))


def unable(cluster: Cluster, manager: Manager, old: str = "OLD", new: str = "NEW") -> Refusal | None:
    """Say why the manager can't be asked by us, with the command that a person can type; pure."""
    told = cluster.managed
    command = managers.by_hand(cluster, manager.kind, old, new)
    if manager.kind not in {PATRONI, REPMGR}:
        hint = f'Use its own: {command}. If it is not there: manager = "none" in [clusters.{cluster.name}].'
        return Refusal("PROMOTE-MANAGED", manager.sentence, hint)
    if told.kind != manager.kind or not told.program or not told.config:
        keys = f'manager = "{manager.kind}" with manager_program and manager_config, or manager = "none"'
        hint = f"Use its own: {command}. Or let Seconder ask it: {keys} in [clusters.{cluster.name}]."
        return Refusal("PROMOTE-MANAGED", manager.sentence, hint)
    return None


def _unjudged(cluster: Cluster, manager: Manager, choice: Choice) -> Refusal | None:
    """Leave a primary that hangs, or that nobody reaches, to the manager: its own lease knows more than we do."""
    if not choice.hangs and choice.seen:
        return None
    command = managers.by_hand(cluster, manager.kind, choice.old, choice.new)
    said = f"{choice.old} answers nobody. {manager.sentence}"
    return Refusal("PROMOTE-MANAGED", said, f"See what {manager.name} makes of it, then use its own: {command}.")


def left_alone(cluster: Cluster, manager: Manager | None, node: str) -> Refusal | None:
    """Leave a node that should be brought back to whoever manages the cluster: it would undo or double what we do."""
    if manager is None:
        return None
    command = managers.by_hand_again(cluster, manager.kind, node)
    hint = f'Use its own: {command}. If it is not there: manager = "none" in [clusters.{cluster.name}].'
    return Refusal("RESYNC-MANAGED", manager.sentence, hint)


def answers(site: Site) -> None:
    """Have the manager's program look at the cluster, on every node. Raises ``ShellError``, ``Unreachable``."""
    for node in site.cluster.nodes.values():
        if site.cluster.managed.kind == PATRONI:
            patroni.look(site, node)
        else:
            repmgr.look(site, node)


def rehearse(site: Site, *, node: str, old: str, planned: bool) -> Evidence:
    """Have the manager say that it could; it changes nothing. Raises ``StepFailed`` with its words."""
    kind = site.cluster.managed.kind
    argv = _command(site, old, node, planned=planned)
    if kind == REPMGR:
        repmgr.rehearse(site, site.cluster.node(node), planned=planned)
    return Evidence(f"{NAMES[kind]} is ready: {shlex.join(argv)}")


def hand_over(site: Site, step: StepContext, *, node: str, old: str, timeline: int, planned: bool) -> Evidence:
    """Run the manager's command once, then see for ourselves: it may say "failed" and end with code 0.

    Raises ``StepFailed`` with its words when the node does not accept writes on a new timeline afterwards.
    """
    new = site.cluster.node(node)
    with talk(site, new) as connection:
        reached(connection, node)
    if planned and not writable(site, site.cluster.node(old)):
        raise StepFailed(f"{old} does not accept writes any more.", "Look at the cluster again.", code="NOT-PRIMARY")
    argv = _command(site, old, node, planned=planned)
    began = time.monotonic()
    ran = jobs.run(site.shell(new), new.work, step.job, step.epoch, argv, timeout=COMMAND_TIME)
    now = _wait_promoted(site, node, timeline)
    name = NAMES[site.cluster.managed.kind]
    if now is None:
        hint = f"Look at the cluster first. It is {name}'s to mend: nothing of ours was changed."
        raise StepFailed(f"{name} did not make {node} the primary: {_end(ran)}", hint, code="NOT-HANDED-OVER")
    took = time.monotonic() - began
    data = {"timeline": now, "code": ran.code, "command": shlex.join(argv)}
    return Evidence(f"{name} made {node} the primary, timeline {now}, in {took:.1f} s", data)


def handed_over(site: Site, step: StepContext, *, node: str, old: str, timeline: int, planned: bool) -> Probe:
    """Look whether the node leads a new timeline; a command that still runs is waited for."""
    new = site.cluster.node(node)
    deadline = time.monotonic() + COMMAND_TIME
    while (state := jobs.poll(site.shell(new), new.work, step.job)).phase is jobs.Phase.RUNNING:
        if time.monotonic() > deadline:
            return Probe.UNKNOWN
        time.sleep(_LOOK_EVERY)
    if _wait_promoted(site, node, timeline, seconds=_SETTLE if state.phase is jobs.Phase.DONE else 0.0) is not None:
        return Probe.DONE
    nothing = state.phase is jobs.Phase.NONE or (planned and writable(site, site.cluster.node(old)))
    return Probe.NOT_DONE if nothing else Probe.UNKNOWN


def streams(site: Site, *, node: str, upstream_node: str) -> Evidence:
    """See that the manager brought a node back behind the new primary. Raises ``StepFailed`` when it did not."""
    new = site.cluster.node(upstream_node)
    with talk(site, new) as connection:
        timeline, marker = head(connection, upstream_node)
    there = site.cluster.node(node)
    upstream.wait_following(site, there, new, timeline=timeline, marker=marker, timeout=_FOLLOW_TIME)
    return Evidence(f"{node} streams timeline {timeline} from {upstream_node}")


def _command(site: Site, old: str, new: str, *, planned: bool) -> list[str]:
    """Give the manager's command. Raises ``StepFailed`` with what it has against it, ``ShellError``."""
    cluster, node = site.cluster, site.cluster.node(new)
    if cluster.managed.kind == REPMGR:
        return managers.argv(cluster, node, *repmgr.words(planned=planned))
    seen = patroni.look(site, node)
    wrong = patroni.objection(seen, cluster.node(old), node, planned=planned)
    before, after = seen.member(cluster.node(old)), seen.member(node)
    if wrong is not None or before is None or after is None:
        said = wrong or Refusal("PROMOTE-MEMBER", "Patroni has other members.")
        raise StepFailed(said.message, said.hint, code=said.code)
    scope = managers.scope(cluster)
    asks = patroni.switchover(scope, before.name, after.name) if planned else patroni.failover(scope, after.name)
    return managers.argv(cluster, node, *asks)


def _wait_promoted(site: Site, node: str, timeline: int, *, seconds: float = _SETTLE) -> int | None:
    """Give the timeline on which a node accepts writes, once it is above another; None when it never is."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with talk(site, site.cluster.node(node)) as connection:
                now, _position = head(connection, node)
            if now > timeline:
                return now
        except SeconderError:
            pass  # still a standby, or it does not answer in between
        if time.monotonic() > deadline:
            return None
        time.sleep(_LOOK_EVERY)


def _end(ran: Ran) -> str:
    return repmgr.complaint(ran.err + ran.out)[-_SHOWN:] or f"code {ran.code}"
