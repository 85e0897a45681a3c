"""Stop replay on a standby at once, so that it goes on showing what was there before."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from actions.contract import Action, At, StepCode
from core.facts import Fact
from core.outcome import Evidence, Probe, Refusal
from core.plan import Kind, Lock, Plan, Risk, Step
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster
from fleet.postgres import lsn, replay
from fleet.postgres.byhand import sql
from fleet.postgres.replay import Replay, ago
from fleet.site import Site

SPEC = Spec(
    name="pause",
    engine="postgres",
    summary="stop replay on a standby at once: it keeps showing the past, and loses nothing",
    risk=Risk.CHANGE,
    lock=Lock.NONE,
    deadline=60.0,
    version=1,
    arguments=(Argument("node", Takes.NODE, "the standby that is to apply nothing more", required=True),),
    example="pause main db3",
    at_once=True,
)
_SECONDS = 30.0


@dataclass(frozen=True)
class Asked:
    """Which standby."""

    cluster: str
    node: str


@dataclass(frozen=True)
class Found:
    """What the standby itself said; the other nodes are not asked, since one that is silent would take seconds."""

    cluster: Cluster
    replay: Replay


def look(asked: Asked, site: Site) -> Found:
    """Ask the one node. Raises ``Unreachable`` when it does not answer."""
    return Found(site.cluster, replay.read(site, site.cluster.node(asked.node)))


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Refuse what replays nothing, and what is paused already."""
    node, seen = asked.node, found.replay
    if not seen.in_recovery:
        others = " or ".join(name for name in found.cluster.nodes if name != node)
        hint = f"Name a standby: {others}." if others else "There is no standby."
        return Refusal("PAUSE-PRIMARY", f"{node} is no standby: it replays nothing.", hint)
    if seen.held:
        said = f"Replay on {node} is paused already, at {lsn.show(seen.replayed)}: {seen.last}."
        return Refusal("PAUSE-ALREADY", said, f"Let it go on: /db resume {asked.cluster} {node}")
    return None


def plan(asked: Asked, found: Found) -> Plan:
    """Pause, and see that it is."""
    node, seen = asked.node, found.replay
    here = found.cluster.node(node)
    args = {"node": node, "system": seen.system}
    late = f"it replays {ago(seen.delay)} late as configured" if seen.delay else "IT HAS NO DELAY: see what is left"
    return Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=node,
        title=f"Pause replay on {node}",
        risk=SPEC.risk,
        asked=asdict(asked),
        facts=(Fact("system identifier", node, seen.system), Fact("role", node, "standby")),
        steps=(Step("pause", args, f"pause replay on {node}", Kind.PROBE, _SECONDS),),
        costs=(f"loses nothing: {node} goes on receiving WAL and keeps it on its disk", late),
        notes=(
            f"DO NOT RESTART {node}: a restart forgets the pause",
            f"until it is resumed {node} can't be promoted, and its pg_wal grows",
            "commits that wait for it with synchronous_commit = remote_apply wait until then",
        ),
        onward=(
            sql(here, "SELECT pg_wal_replay_pause()"),
            sql(here, "SELECT pg_get_wal_replay_pause_state(), pg_last_wal_replay_lsn()"),
        ),
        back=(f"# Applies what was held back. Two people decide that: /db resume {asked.cluster} {node}",),
    )


def _pause(at: At, args: Mapping[str, Any]) -> Evidence:
    return replay.pause(at.site, at.step, **args)


def _paused(at: At, args: Mapping[str, Any]) -> Probe:
    return replay.is_paused(at.site, at.step, **args)


ACTION = Action(
    spec=SPEC,
    asked=Asked,
    look=look,
    refuse=refuse,
    plan=plan,
    steps={"pause": StepCode(_pause, _paused)},
)
