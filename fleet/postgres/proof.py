"""The proof that a standby's WAL holds the record of the old primary's clean stop."""

from collections.abc import Hashable

from core.errors import SeconderError
from fleet.early import early
from fleet.inventory import Node
from fleet.postgres import lsn, wal
from fleet.site import Site


class _NotThere(SeconderError):
    """It may come yet."""


def begin(site: Site, node: Node, timeline: int, checkpoint: int) -> None:
    """Begin to look for the record that begins at ``checkpoint``: it will be asked for soon."""
    early(site, _key(node, timeline, checkpoint), lambda: _see(site, node, timeline, checkpoint))


def holds(site: Site, node: Node, timeline: int, checkpoint: int) -> bool:
    """Say whether the record is there; once it is, it stays. Raises ``Unreachable``, ``ShellError``."""
    try:
        return site.kept(_key(node, timeline, checkpoint), lambda: _see(site, node, timeline, checkpoint))
    except _NotThere:
        return False


def _see(site: Site, node: Node, timeline: int, checkpoint: int) -> bool:
    if not wal.holds_shutdown(site.shell(node), node, timeline, checkpoint):
        raise _NotThere(f"{node.name} has no shutdown record at {lsn.show(checkpoint)}.")  # so that it is not kept
    return True


def _key(node: Node, timeline: int, checkpoint: int) -> Hashable:
    return ("shutdown record", node.name, timeline, checkpoint)
