"""Looks at all nodes of a cluster at once; changes nothing."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from core.clock import SystemClock
from core.errors import SeconderError
from fleet.inventory import Node
from fleet.postgres import control, managers, mute, process
from fleet.postgres.patience import patience
from fleet.postgres.rows import node_view
from fleet.postgres.statements import node_statement
from fleet.postgres.view import DOWN, UNKNOWN, ClusterView, NodeView
from fleet.site import Site

DEADLINE = 3.0  # seconds for each of: connecting, the answer, the shell


def observe(site: Site, *, deadline: float = DEADLINE) -> ClusterView:
    """Look at every node in parallel; one that does not answer is judged through its shell, never guessed."""
    nodes = list(site.cluster.nodes.values())
    with ThreadPoolExecutor(max_workers=max(1, len(nodes)), thread_name_prefix="observe") as pool:
        views = list(pool.map(lambda node: observe_node(site, node, deadline=deadline), nodes))
    manager = managers.of(site.cluster, {view.name: view.traces for view in views})
    return ClusterView(site.cluster.name, {view.name: view for view in views}, manager)


def observe_node(site: Site, node: Node, *, deadline: float = DEADLINE) -> NodeView:
    """Look at one node; ``deadline`` in seconds holds for the connection, the answer, and the shell, one by one."""
    try:
        with (
            site.connect(node, timeout=deadline) as connection,
            patience(connection, deadline, f"{node.name}'s answer"),
        ):
            row = connection.execute(node_statement(connection.info.server_version)).fetchone()
        if row is not None:
            return node_view(node.name, row, SystemClock().now())
        why = "It answered with nothing."
    except SeconderError as error:
        why = f"{error.message} {error.hint}".strip()
    except psycopg.Error as error:
        why = str(error).strip()
    return _judge(site, node, why, deadline)


def _judge(site: Site, node: Node, why: str, deadline: float) -> NodeView:
    """Tell "down", proven by the machine itself, and a standby that takes no queries, from "nobody knows"."""
    now = SystemClock().now()
    try:
        shell = site.shell(node)
        gone = process.gone(shell, node, timeout=deadline)
        found = control.read_control(shell, node, timeout=deadline)
        quiet = None if gone else mute.judged(shell, node, found, now, deadline)
    except SeconderError as failed:
        return NodeView(node.name, UNKNOWN, now, error=f"{why} Its shell: {failed.message}")
    if quiet is not None:
        return quiet
    state = DOWN if gone else UNKNOWN
    said = why if gone else f"{why} Its server process runs."
    return NodeView(node.name, state, now, error=said, sysid=found.sysid, timeline=found.timeline, control=found)
