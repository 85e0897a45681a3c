"""A switchover's two proofs: the candidate holds the record of a clean stop, and the old primary still ends there."""

from collections.abc import Hashable

from core.errors import SeconderError
from fleet.early import MOMENT, early
from fleet.inventory import Node
from fleet.postgres import lsn, wal
from fleet.postgres.control import read_control
from fleet.postgres.controldata import Control
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


def begin_end(site: Site, old: Node) -> None:
    """Begin to look where a stopped primary ends: it will be asked for soon."""
    early(site, _end(old), lambda: read_control(site.shell(old), old))


def end(site: Site, old: Node) -> Control:
    """Give what the control file of a stopped primary says, by a look that began a moment ago at most.

    Raises ``Unreachable``, ``ShellError``.
    """
    return site.kept(_end(old), lambda: read_control(site.shell(old), old), MOMENT)


def _end(old: Node) -> Hashable:
    return ("where it ends", old.name)


def _see(site: Site, node: Node, timeline: int, checkpoint: int) -> bool:
    if not wal.holds_shutdown(site.shell(node), node, timeline, checkpoint):
        raise _NotThere(f"{node.name} has no shutdown record at {lsn.show(checkpoint)}.")  # so that it is not kept
    return True


def _key(node: Node, timeline: int, checkpoint: int) -> Hashable:
    return ("shutdown record", node.name, timeline, checkpoint)
