"""Patroni, through patronictl on a node: what it knows of the cluster, and the words that ask it for more."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.outcome import Refusal
from fleet.errors import ShellError
from fleet.inventory import Node
from fleet.postgres import managers
from fleet.site import Site

ANSWER = 20.0  # seconds for patronictl to look: it asks the configuration store and each member
_PAUSED = re.compile(r"(?m)^pause:\s*true\b")
_RUNS = {"running", "streaming", "in archive recovery"}


@dataclass(frozen=True)
class Member:
    """One node as Patroni knows it; ``host`` is an address, with a port unless that is the same everywhere."""

    name: str
    host: str
    role: str
    state: str


@dataclass(frozen=True)
class Seen:
    """What Patroni says of the cluster. ``paused``: it looks on and does nothing by itself."""

    members: tuple[Member, ...]
    paused: bool

    @property
    def leader(self) -> Member | None:
        """Give the member that leads."""
        return next((member for member in self.members if member.role == "Leader"), None)

    def member(self, node: Node) -> Member | None:
        """Give the member that is a node: the one of its name, else the only one at its address."""
        named = [member for member in self.members if member.name == node.name]
        addresses = {node.address, node.host}
        places = addresses | {f"{address}:{node.port}" for address in addresses}
        there = named or [member for member in self.members if member.host in places]
        return there[0] if len(there) == 1 else None


def look(site: Site, node: Node) -> Seen:
    """Ask patronictl on a node. Raises ``ShellError`` with its words, ``Unreachable``."""
    scope = managers.scope(site.cluster)
    members = parse(_ask(site, node, "list", scope, "-f", "json"))
    return Seen(members, bool(_PAUSED.search(_ask(site, node, "show-config", scope))))


def parse(text: str) -> tuple[Member, ...]:
    """Read what ``patronictl list -f json`` prints. Raises ``ShellError`` when it is something else."""
    try:
        rows = json.loads(text)
        found = tuple(Member(row["Member"], row.get("Host", ""), row["Role"], row.get("State", "")) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ShellError(
            "What patronictl prints can't be read.", "Is it Patroni 2 or newer?", code="PATRONI"
        ) from error
    if not found:
        hint = "Set manager_scope to Patroni's name of the cluster, and look at manager_config."
        raise ShellError("Patroni knows no member of this cluster.", hint, code="PATRONI-NOBODY")
    return found


def switchover(scope: str, old: str, new: str) -> Sequence[str]:
    """Give patronictl's words for a switchover between two members; ``--force`` keeps it from asking back."""
    return ("switchover", scope, "--leader", old, "--candidate", new, "--force")


def failover(scope: str, new: str) -> Sequence[str]:
    """Give patronictl's words for a failover to a member, while nobody leads."""
    return ("failover", scope, "--candidate", new, "--force")


def objection(seen: Seen, old: Node, new: Node, *, planned: bool) -> Refusal | None:
    """Say what speaks against asking Patroni; pure."""
    before, after, leader = seen.member(old), seen.member(new), seen.leader
    if before is None or after is None:
        lost = old.name if before is None else new.name
        known = ", ".join(f"{member.name} ({member.host})" for member in seen.members)
        said = f"Patroni has no member that is {lost}; it has {known}."
        return Refusal("PROMOTE-MEMBER", said, "Give the node the member's name in the configuration.")
    if planned and seen.paused:
        hint = f"patronictl resume; in maintenance {old.name} would stay stopped after a switchover."
        return Refusal("PROMOTE-MAINTENANCE", "Patroni is in maintenance mode.", hint)
    if planned and leader != before:
        said = f"For Patroni {leader.name if leader else 'nobody'} leads, not {before.name}."
        return Refusal("PROMOTE-LEADER", said, "Look again in a moment: patronictl list.")
    if not planned and leader is not None and leader.name == after.name:
        return Refusal("PROMOTE-LEADER", f"For Patroni {after.name} leads already.", "Look again in a moment.")
    if after.state not in _RUNS:
        return Refusal("PROMOTE-MEMBER-STATE", f"For Patroni {after.name} is {after.state}.", "See patronictl list.")
    return None


def _ask(site: Site, node: Node, *words: str) -> str:
    argv = managers.argv(site.cluster, node, *words)
    ran = site.shell(node).run(argv, timeout=ANSWER)
    if not ran.ok:
        lines = (ran.err.strip() or ran.out.strip()).splitlines()
        said = lines[-1] if lines else f"code {ran.code}"
        hint = f"Try it on {node.name} as {site.cluster.managed.user or node.run_as or 'the bot'}: {' '.join(argv)}"
        raise ShellError(f"patronictl failed on {node.name}: {said}", hint, code="PATRONI")
    return ran.out
