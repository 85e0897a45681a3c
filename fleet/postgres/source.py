"""Which node a copy is best taken from, and how much room a copy needs."""

from fleet.postgres.view import ClusterView

NEAR = 16 << 20  # bytes that a standby may lag and still be a good source
SPARE = 64 << 20  # bytes of WAL that may come beside the files


def pick(view: ClusterView, asked: str | None, near: str) -> tuple[str | None, str]:
    """Choose the node to copy from, and say why: a healthy standby spares the primary the reading."""
    if asked:
        node = view.nodes.get(asked)
        return (asked, "as asked") if node and node.reachable else (None, f"{asked} does not answer")
    if view.primary is None:
        return None, "no single primary answers"
    fit = sorted((name != near, name) for name in view.nodes if _healthy(view, name))
    if fit:
        name = fit[0][1]
        return name, f"{name} streams and is up to date, so the primary is spared the reading"
    return view.primary.name, "no standby streams closely enough, so the primary itself is read"


def _healthy(view: ClusterView, name: str) -> bool:
    node, lag, primary = view.nodes[name], view.lag(name), view.primary
    if primary is None or lag is None or lag > NEAR or not node.streaming:
        return False
    return node.timeline == primary.timeline and not node.replay_paused and not node.apply_delay


def needed(size: int) -> int:
    """Give the bytes that a copy of databases of this size may need: a tenth more, and the WAL meanwhile."""
    return size + size // 10 + SPARE
