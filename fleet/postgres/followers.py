"""Who is aimed at the next primary, and who stays where it is: pure rules over what was seen."""

from collections.abc import Iterator
from dataclasses import dataclass

from fleet.postgres.mute import mutes, repointable
from fleet.postgres.owned import AUTO
from fleet.postgres.view import STANDBY, ClusterView, NodeView


@dataclass(frozen=True)
class Followers:
    """``aimed`` are told to follow the next primary; ``notes`` say what becomes of the rest."""

    aimed: tuple[str, ...]
    notes: tuple[str, ...]


def feeder(view: ClusterView, name: str) -> NodeView | None:
    """Give the standby that a cascading standby streams from; None for one that follows a primary, or nobody."""
    node = view.nodes[name]
    if node.receiver is None or any(_feeds(primary, node) for primary in view.primaries):
        return None
    others = [other for other in view.nodes.values() if other.state == STANDBY and other.name != name]
    return next((other for other in others if _feeds(other, node)), None)


def _feeds(upstream: NodeView, node: NodeView) -> bool:
    slot = node.receiver.slot if node.receiver else ""
    return any((slot and row.slot == slot) or row.application_name == node.name for row in upstream.replication)


def most_wal(node: NodeView) -> tuple[int, int]:
    """Give how far a node's WAL goes: the timeline, then the place."""
    return node.timeline or 0, node.has_lsn or 0


def followers(view: ClusterView, old: NodeView, new: NodeView, *, planned: bool) -> Followers:
    """Say who follows the next primary: whoever followed the old one and does not have more than the next."""
    able = [*view.standbys, *mutes(view)]
    rest = [node for node in able if node.name not in {old.name, new.name}]
    ahead = {node.name for node in rest if not planned and most_wal(node) > most_wal(new)}
    stay = {node.name: up.name for node in rest if (up := feeder(view, node.name)) and up.name not in ahead}
    silent = {node.name for node in mutes(view)}
    lost = {node.name for node in mutes(view) if not repointable(node)}
    aimed = tuple(node.name for node in rest if node.name not in {*ahead, *stay, *lost})
    quiet = [f"{name} is aimed at {new.name} through its {AUTO} and a reload." for name in aimed if name in silent]
    return Followers(aimed, (*_notes(view, new.name, ahead, stay, lost), *quiet))


def _notes(view: ClusterView, new: str, ahead: set[str], stay: dict[str, str], lost: set[str]) -> Iterator[str]:
    for name in view.nodes:
        if name in ahead:
            yield f"{name} has more WAL than {new} and can't follow: /db resync {view.name} {name}"
        elif name in stay:
            yield f"{name} streams from {stay[name]} and stays there."
        elif name in lost:
            yield f"{name} takes no queries, and whom it follows is not known: aim it at {new} by hand afterwards."
