"""Pacemaker leaves nothing in a database: only its process tells, and that it is there, not what it manages."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.errors import SeconderError
from fleet.inventory import Node
from fleet.postgres.managers import PACEMAKER, Manager
from fleet.postgres.view import ClusterView
from fleet.site import Site

PROCESS = "pacemakerd"
_ANSWER = 5.0  # seconds


def suspected(site: Site, view: ClusterView) -> ClusterView:
    """Look for it on the machines of servers that answer, before somebody promotes; not where it is known who manages.

    A machine that can't say, for want of a shell or of pgrep, is no trace: other rules ask for a shell.
    """
    if view.manager is not None or site.cluster.managed.kind:
        return view
    nodes = [site.cluster.node(node.name) for node in view.nodes.values() if node.reachable]
    with ThreadPoolExecutor(max_workers=max(1, len(nodes)), thread_name_prefix="suspected") as pool:
        there = [node.name for node, runs in zip(nodes, pool.map(lambda n: _runs(site, n), nodes), strict=True) if runs]
    if not there:
        return view
    return replace(view, manager=Manager(PACEMAKER, (f"process {PROCESS} on {', '.join(there)}",)))


def _runs(site: Site, node: Node) -> bool:
    try:
        return site.shell(node).run(["pgrep", "-x", PROCESS], timeout=_ANSWER).ok
    except SeconderError:
        return False
