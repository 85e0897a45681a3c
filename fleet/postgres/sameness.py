"""Whether two nodes really have the same WAL: whole segments that both keep, compared byte for byte.

Two nodes that both wrote on one timeline can't be told apart by timeline or LSN, and one may even "stream" from the
other while it holds rows that the other lacks. WAL arrives as the sender's bytes, so a segment that is complete on both
must be the same file.
"""

import re

from fleet.inventory import Node
from fleet.postgres import datadir
from fleet.shell import Shell

_NEWEST = 3  # segments; a fork changes every segment from it to where streaming began
_HASH = 60.0  # seconds to read them
_SEGMENT = re.compile(r"[0-9A-F]{24}")


def same_wal(here: tuple[Shell, Node], there: tuple[Shell, Node], *, until: int, segment: int) -> bool | None:
    """Compare the newest segments that end before ``until`` (bytes) on both nodes; None when there are none."""
    common = shared(_names(*here), _names(*there), until, segment)[:_NEWEST]
    if not common:
        return None
    ours, theirs = _digests(*here, common), _digests(*there, common)
    both = [name for name in common if name in ours and name in theirs]
    return all(ours[name] == theirs[name] for name in both) if both else None


def shared(ours: tuple[str, ...], theirs: tuple[str, ...], until: int, segment: int) -> list[str]:
    """List the segments that both have and that end before a place in the WAL, newest first."""
    names = set(ours) & set(theirs)
    whole = [name for name in names if _SEGMENT.fullmatch(name) and datadir.start(name, segment) + segment <= until]
    return sorted(whole, key=lambda name: (name[8:], name[:8]), reverse=True)


def _names(shell: Shell, node: Node) -> tuple[str, ...]:
    return datadir.names(shell, f"{node.data}/pg_wal")


def _digests(shell: Shell, node: Node, names: list[str]) -> dict[str, str]:
    """Hash segments; one that was recycled meanwhile is left out."""
    ran = shell.run(["sha256sum", *(f"{node.data}/pg_wal/{name}" for name in names)], timeout=_HASH)
    pairs = (line.split(maxsplit=1) for line in ran.out.splitlines())  # a path may hold blanks
    return {path.rpartition("/")[2]: digest.lstrip("\\") for digest, path in pairs}
