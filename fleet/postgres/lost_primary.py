"""Which node was the primary when none accepts writes any more, and whether that is proven: pure rules over a look."""

from core.outcome import Refusal
from fleet.postgres.view import DOWN, UNKNOWN, ClusterView, NodeView


def last_primary(view: ClusterView) -> NodeView | Refusal:
    """Give the one node that was the primary and is proven dead; "it does not answer" proves nothing."""
    for node in view.nodes.values():
        if node.state == UNKNOWN and (node.control is None or node.control.may_write):
            return _silent(node)
    dead = [node for node in view.nodes.values() if node.state == DOWN and node.control and node.control.was_primary]
    if not dead:
        hint = "Find out which node was the primary last; promote by hand only when it is off."
        return Refusal("PROMOTE-NO-PRIMARY", "No node accepts writes, and none that is down was the primary.", hint)
    dead.sort(key=_last, reverse=True)
    if len(dead) > 1 and _last(dead[0]) == _last(dead[1]):
        names = f"{dead[0].name} and {dead[1].name}"
        hint = f"Read both with pg_controldata, then put standby.signal into the older one's data folder: {names}."
        return Refusal("PROMOTE-WHO-WAS-PRIMARY", f"{names} are down and each may have been the primary.", hint)
    return dead[0]


def _last(node: NodeView) -> tuple[int, bool]:
    return node.timeline or 0, node.control is not None and not node.control.fenced


def _silent(node: NodeView) -> Refusal:
    if node.control is not None:
        hint = f"See why {node.name} hangs; stop or restart it by hand. Only a stopped primary can be replaced."
        return Refusal("PROMOTE-PRIMARY-SILENT", f"{node.name} does not answer, but its server runs.", hint)
    hint = f"Reach {node.name}'s machine or switch it off, then fail over by hand. What was seen: {node.error}"
    return Refusal("PROMOTE-CANNOT-FENCE", f"{node.name} can't be reached at all: it may still accept writes.", hint)
