"""The hold file on nodes: while it lies there, ``seconder-job`` starts nothing, whoever asks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core.errors import SeconderError
from fleet.inventory import Node
from fleet.site import Site

_ANSWER = 10.0  # seconds for one host


def lay(site: Site, why: str) -> dict[str, str]:
    """Lay the file on every node of a cluster; gives what went wrong, by node."""
    return _everywhere(site, lambda node: site.shell(node).write(_path(node), f"{why}\n"))


def take_away(site: Site) -> dict[str, str]:
    """Take the file off every node of a cluster; gives what went wrong, by node."""
    return _everywhere(site, lambda node: _remove(site, node))


def _remove(site: Site, node: Node) -> None:
    ran = site.shell(node).run(["rm", "-f", _path(node)], timeout=_ANSWER)
    if not ran.ok:
        raise SeconderError(ran.err.strip())


def _everywhere(site: Site, work: Callable[[Node], None]) -> dict[str, str]:
    def one(node: Node) -> str:
        try:
            work(node)
        except SeconderError as error:
            return error.message
        return ""

    nodes = list(site.cluster.nodes.values())
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        said = list(pool.map(one, nodes))
    return {node.name: wrong for node, wrong in zip(nodes, said, strict=True) if wrong}


def _path(node: Node) -> str:
    return f"{node.work}/jobs/hold"
