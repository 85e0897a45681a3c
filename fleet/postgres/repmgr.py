"""repmgr, on the node that shall lead: the words that ask it, and what it said when it would not."""

import re
from collections.abc import Sequence

from core.errors import StepFailed
from fleet.errors import ShellError
from fleet.inventory import Node
from fleet.postgres import managers
from fleet.site import Site

REHEARSAL = 90.0  # seconds: it tries SSH, the settings and a replication connection, on each node
_ANSWER = 30.0  # seconds to look at all nodes
_WRONG = re.compile(r"(?m)^(ERROR|Error|DETAIL|HINT): (.*)$")


def words(*, planned: bool) -> Sequence[str]:
    """Give the words that make the node they are typed on the primary, and have the others follow it."""
    return ("standby", "switchover" if planned else "promote", "--siblings-follow")


def rehearse(site: Site, new: Node, *, planned: bool) -> None:
    """Have repmgr go through all that it would need, and change nothing. Raises ``StepFailed`` with its words."""
    argv = managers.argv(site.cluster, new, *words(planned=planned), "--dry-run")
    ran = site.shell(new).run(argv, timeout=REHEARSAL)
    if not ran.ok:
        raise StepFailed(f"repmgr would not: {complaint(ran.err + ran.out)}", " ".join(argv), code="REPMGR-REHEARSAL")


def look(site: Site, node: Node) -> None:
    """Have repmgr look at its node and at the cluster. Raises ``ShellError`` with its words."""
    argv = managers.argv(site.cluster, node, "cluster", "show", "--compact")
    ran = site.shell(node).run(argv, timeout=_ANSWER)
    if not ran.ok:
        raise ShellError(f"repmgr on {node.name}: {complaint(ran.err + ran.out)}", " ".join(argv), code="REPMGR")


def complaint(said: str) -> str:
    """Give the sentences that say what is wrong, or the end of what it printed."""
    wrong = [text for _level, text in _WRONG.findall(said)]
    return "; ".join(wrong[:3]) if wrong else said.strip()[-200:]
