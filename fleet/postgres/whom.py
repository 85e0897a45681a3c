"""Whom a node can follow, or why nobody: pure."""

from core.outcome import Refusal
from fleet.postgres.view import PRIMARY, ClusterView


def primary_for(view: ClusterView, node: str) -> str | None:
    """Give the one primary that a node can follow: a former primary that still writes must be on an older timeline."""
    others = [other for other in view.primaries if other.name != node]
    itself = view.nodes.get(node)
    if len(others) != 1:
        return None
    if itself and itself.state == PRIMARY and (itself.timeline or 0) >= (others[0].timeline or 0):
        return None
    return others[0].name


def nobody(view: ClusterView, node: str) -> Refusal:
    """Say why there is nobody whom the node can follow."""
    status = f"/db status {view.name}"
    if view.primary and view.primary.name == node:
        hint = f"Promote another node first: /db promote {view.name}"
        return Refusal("RESYNC-IS-PRIMARY", f"{node} is the primary. A primary is never resynced.", hint)
    if view.primaries:
        names = " and ".join(one.name for one in view.primaries)
        hint = "Decide which one is right, and stop the other by hand."
        return Refusal("RESYNC-TWO-PRIMARIES", f"{names} both accept writes.", hint)
    if not any(other.reachable for other in view.nodes.values() if other.name != node):
        hint = "Bring another node up first; until then nothing here may be overwritten."
        return Refusal("RESYNC-LAST-COPY", f"No other node answers: {node} may hold the last copy.", hint)
    return Refusal("RESYNC-NO-PRIMARY", "There is no primary to follow.", f"{status}, then /db promote {view.name}")
