"""What earlier work left on the nodes' disks: folders that a resync moved aside, and stray files in the archive."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from core.errors import SeconderError
from fleet.inventory import Node
from fleet.postgres import archives, attic
from fleet.postgres.health import OK, WARN, Finding
from fleet.postgres.view import UNKNOWN, ClusterView
from fleet.site import Site

_SHOWN = 3  # names in one sentence


def look(site: Site, view: ClusterView) -> tuple[Finding, ...]:
    """Look on every machine that is within reach; one that is not has its own finding already."""
    nodes = [site.cluster.node(name) for name, node in view.nodes.items() if node.state != UNKNOWN]
    first = {node.host: node for node in reversed(nodes)}  # an archive on a machine is looked at once
    with ThreadPoolExecutor(max_workers=max(1, len(nodes)), thread_name_prefix="leftovers") as pool:
        kept = pool.map(lambda node: _kept(site, view, node), nodes)
        stray = pool.map(lambda node: _stray(site, view, node), first.values())
        return tuple(finding for found in (*kept, *stray) for finding in found)


def _kept(site: Site, view: ClusterView, node: Node) -> list[Finding]:
    try:
        paths = attic.names(site.shell(node), node)
    except SeconderError:
        return []
    if not paths:
        return []
    folders = "1 folder" if len(paths) == 1 else f"{len(paths)} folders"
    said = f"{node.name} keeps {folders} of earlier resyncs: {_some(path.rpartition('/')[2] for path in paths)}."
    return [Finding(OK, "KEPT-FOLDER", node.name, said, f"/db discard {view.name} {node.name}")]


def _stray(site: Site, view: ClusterView, node: Node) -> list[Finding]:
    timeline = view.primary.timeline if view.primary else None
    if not timeline:
        return []
    try:
        found = archives.look(site, view, node, range(1, timeline + 1))
    except SeconderError:
        return []
    hint = f"Move it out of there; /db resync {view.name} NODE does that for a standby that does not follow."
    return [
        Finding(WARN, "STRAY-HISTORY", node.name, f"{folder} on {node.name} has {_why(names)}", hint)
        for folder, names in found.items()
    ]


def _why(names: tuple[str, ...]) -> str:
    history = [name for name in names if ".history" in name]
    ends = "a standby that reads it will not start again" if history else "nobody needs it"
    return f"WAL of a later timeline than the primary's ({_some(history or names)}): {ends}."


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
