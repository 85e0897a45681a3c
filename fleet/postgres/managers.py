"""Whatever else operates a cluster: found from the traces that it leaves, or named by the configuration; pure."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleet.inventory import Cluster, Node

PATRONI, REPMGR, AUTO_FAILOVER, PACEMAKER = "patroni", "repmgr", "pg_auto_failover", "pacemaker"
NONE = "none"
NAMES = {
    PATRONI: "Patroni",
    AUTO_FAILOVER: "pg_auto_failover",
    PACEMAKER: "Pacemaker",
    REPMGR: "repmgr",
}
"""As people write them; in this order: who leads by itself comes before who may only have been there once."""

_SAID_SO = "the configuration says so"
_BEGINNINGS = {PATRONI: ("patroni", "postgresql.base.conf"), REPMGR: ("repmgr",)}
_AUTO = ("pgautofailover", "pg_auto", "postgresql-auto-failover")


@dataclass(frozen=True)
class Trace:
    """One thing on a node that tells of a manager, such as ``session Patroni heartbeat``."""

    kind: str
    evidence: str


@dataclass(frozen=True)
class Manager:
    """Who operates a cluster besides Seconder, and what that is known from."""

    kind: str
    evidence: tuple[str, ...]

    @property
    def name(self) -> str:
        """Give its name as people write it."""
        return NAMES[self.kind]

    @property
    def sentence(self) -> str:
        """Say who it is and what that is known from."""
        return f"{self.name} manages this cluster ({', '.join(self.evidence[:3])})."


def traces(row: Mapping[str, Sequence[str] | None]) -> tuple[Trace, ...]:
    """Read what the look at one server found, by what it is: sessions, files, libraries, extensions, slots."""
    return tuple(
        Trace(kind, f"{what} {name}")
        for what, names in row.items()
        for name in names or ()
        if (kind := _kind(name.lower()))
    )


def _kind(name: str) -> str:
    if name.startswith(_AUTO):
        return AUTO_FAILOVER
    return next((kind for kind, beginnings in _BEGINNINGS.items() if name.startswith(beginnings)), "")


def of(cluster: Cluster, seen: Mapping[str, Sequence[Trace]]) -> Manager | None:
    """Say who manages a cluster, given the traces on each node; nobody, where the configuration says ``none``."""
    said = cluster.managed.kind
    if said == NONE:
        return None
    for kind in [said] if said else NAMES:
        evidence = tuple(_evidence(kind, seen))
        if evidence or said:
            return Manager(kind, evidence or (_SAID_SO,))
    return None


def _evidence(kind: str, seen: Mapping[str, Sequence[Trace]]) -> Iterator[str]:
    where: dict[str, list[str]] = {}
    for node, found in seen.items():
        for trace in found:
            if trace.kind == kind:
                where.setdefault(trace.evidence, []).append(node)
    for evidence, nodes in where.items():
        yield f"{evidence} on {', '.join(nodes)}"


def argv(cluster: Cluster, node: Node, *words: str) -> list[str]:
    """Give the command of its own program with its settings; no blanks in a word, so that an allow file matches."""
    told = cluster.managed
    who = ["sudo", "-n", "-u", told.user, "--"] if told.user and told.user != node.run_as else []
    flag = "-c" if told.kind == PATRONI else "-f"
    return [*who, told.program, flag, told.config.replace("{node}", node.name), *words]


def scope(cluster: Cluster) -> str:
    """Give the name that Patroni knows the cluster by."""
    return cluster.managed.scope or cluster.name


def by_hand(cluster: Cluster, kind: str, old: str, new: str) -> str:
    """Give the command with which a person has the manager itself switch over."""
    return {
        PATRONI: shlex.join(["patronictl", "switchover", scope(cluster), "--leader", old, "--candidate", new]),
        REPMGR: f"repmgr standby switchover --siblings-follow   # on {new}",
        AUTO_FAILOVER: f"pg_autoctl perform promotion --name {new}",
        PACEMAKER: f"pcs resource move RESOURCE {new}   # or: crm resource move; then clear the constraint",
    }[kind]


def by_hand_again(cluster: Cluster, kind: str, node: str) -> str:
    """Give the command with which a person has the manager itself bring a node back."""
    return {
        PATRONI: shlex.join(["patronictl", "reinit", scope(cluster), node, "--force"]),
        REPMGR: f"repmgr node rejoin -d 'CONNINFO OF THE PRIMARY' --force-rewind   # on {node}, stopped",
        AUTO_FAILOVER: f"pg_autoctl drop node --destroy, then pg_autoctl create postgres   # on {node}",
        PACEMAKER: f"pcs resource cleanup RESOURCE {node}   # after its data folder was made anew",
    }[kind]
