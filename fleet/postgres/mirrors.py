"""Nodes that follow a standby instead of the primary: whom one followed, and whether it follows whom it should."""

from core.errors import SeconderError
from fleet.inventory import Node
from fleet.postgres import owned, upstream
from fleet.postgres.patience import talk
from fleet.postgres.view import ClusterView, NodeView
from fleet.site import Site


def followed(site: Site, view: ClusterView, node: Node) -> str:
    """Give the standby at which a node's primary_conninfo points: a mirror may have followed one on purpose."""
    try:
        text = _conninfo(site, node, reachable=view.nodes[node.name].reachable)
    except SeconderError:
        return ""
    standbys = [site.cluster.node(one.name) for one in view.standbys if one.name != node.name]
    return upstream.points_at(text, standbys)


def elsewhere(seen: NodeView, ahead: Node) -> str:
    """Say that a node follows another one than was asked for, or nothing."""
    sender = seen.receiver
    if sender is None or (sender.sender_host, sender.sender_port) == (ahead.address, ahead.port):
        return ""
    return f"it follows {sender.sender_host}:{sender.sender_port}, not {ahead.name}"


def _conninfo(site: Site, node: Node, *, reachable: bool) -> str:
    if not reachable:
        return owned.value(site.shell(node).read(f"{node.data}/{owned.AUTO}") or "", "primary_conninfo")
    with talk(site, node) as connection:
        return upstream.current_conninfo(connection)
