"""Which node was the primary when none accepts writes any more, and whether that is proven: pure rules over a look."""

from core.outcome import Refusal
from fleet.postgres.view import DOWN, UNKNOWN, ClusterView, NodeView


def last_primary(view: ClusterView) -> NodeView | Refusal:
    """Give the one node that was the primary: proven dead by its machine, hanging there, or reached by nobody at all.

    "It does not answer" proves nothing: who hangs is killed, and who is reached by nobody switched off, before anybody
    is promoted.
    """
    silent = [node for node in view.nodes.values() if node.state == UNKNOWN and _may_write(node)]
    dead = [node for node in view.nodes.values() if node.state == DOWN and node.control and node.control.was_primary]
    return _unseen(view, silent, dead) if silent else _dead(dead)


def hearing(view: ClusterView) -> NodeView | None:
    """Give a standby whose receiver streams, and from none of the nodes that answer: then from the silent one."""
    rows = [row for node in view.nodes.values() for row in node.replication]
    fed = {row.application_name for row in rows} | {row.slot for row in rows if row.slot}
    known = [node for node in view.standbys if node.receiver and {node.name, node.receiver.slot} & fed]
    return next((node for node in view.standbys if node.streaming and node not in known), None)


def _may_write(node: NodeView) -> bool:
    return node.control is None or node.control.may_write


def _unseen(view: ClusterView, silent: list[NodeView], dead: list[NodeView]) -> NodeView | Refusal:
    """Take the one silent node for the primary when everybody else is accounted for, and hears nothing from it."""
    node = silent[0]
    suspects = [*silent, *(other for other in dead if other.control and other.control.may_write)]
    if len(suspects) > 1:
        names = " and ".join(other.name for other in suspects)
        hint = f"Reach their machines: {node.error}" if node.error else "Reach their machines."
        return Refusal("PROMOTE-CANNOT-FENCE", f"Each of {names} may be the primary, and can't be judged.", hint)
    listener = hearing(view)
    if listener is None:
        return node
    said = f"{node.name} does not answer the bot, but {listener.name} still streams from it."
    hint = "If it is gone, its standbys notice within wal_receiver_timeout (60 s): ask again then."
    if node.control is not None:
        hint = f"Sessions that it has may go on writing. See why {node.name} hangs; stopping it by hand is safe, too."
    return Refusal("PROMOTE-PRIMARY-ALIVE", said, hint)


def _dead(dead: list[NodeView]) -> NodeView | Refusal:
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
