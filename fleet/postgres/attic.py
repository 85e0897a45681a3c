"""The folders that a resync moved aside: which lie beside a node's data folder, and whether one may be deleted."""

import posixpath
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from fleet.inventory import Node
from fleet.postgres import datadir
from fleet.postgres.datadir import QUICK
from fleet.postgres.source import NEAR
from fleet.postgres.view import PRIMARY, STANDBY, ClusterView
from fleet.shell import Shell
from fleet.site import Site

_MEASURE = 120.0  # seconds to add up a folder
_NAME = re.compile(r"(?P<data>.+)\.(?P<kind>old|failed)\.(?P<run>[a-z]+-[0-9a-z]{4,40})")


@dataclass(frozen=True)
class Kept:
    """One folder: ``kind`` is old (what served before) or failed (what a copy left), ``run`` who moved it, and when.

    ``size`` is in bytes, None when it could not be added up in time.
    """

    path: str
    kind: str
    run: str
    size: int | None
    moved: datetime | None


def names(shell: Shell, node: Node) -> tuple[str, ...]:
    """Give the paths of folders that a resync moved aside, by their names only."""
    real = datadir.real(shell, node.data)
    parent, base = posixpath.split(real)
    return tuple(
        f"{parent}/{name}"
        for name in datadir.names(shell, parent)
        if (match := _NAME.fullmatch(name)) and match["data"] == base
    )


def listing(shell: Shell, node: Node) -> tuple[Kept, ...]:
    """Give the folders that may be deleted, the oldest first."""
    found = [_measured(shell, path) for path in names(shell, node) if not foreign(shell, node, (), path)]
    return tuple(sorted(found, key=lambda kept: (kept.moved or datetime.min.replace(tzinfo=UTC), kept.path)))


def foreign(shell: Shell, node: Node, others: tuple[Node, ...], path: str) -> str:
    """Say why a path is not one of our moved-aside folders, or nothing.

    ``others`` are nodes on the same machine: a folder of theirs is never deleted, whatever it is called.
    """
    if path not in names(shell, node):
        return "no resync moved it aside: it is not beside the data folder under such a name"
    real = shell.run(["realpath", "-e", path], timeout=QUICK)
    if not real.ok or real.out.strip() != path or not shell.run(["test", "-d", path], timeout=QUICK).ok:
        return "it is no folder, or a link to another one"
    if any(_inside(datadir.real(shell, other.data), path) for other in (node, *others)):
        return "a server's data folder lies there"
    if shell.run(["stat", "-c", "%m", path], timeout=QUICK).out.strip() == path:
        return "it is a mount point"
    return "a process works in it" if _used(shell, path) else ""


def unwell(view: ClusterView, name: str) -> str:
    """Say why a node does not serve well enough to do without its old folder, or nothing."""
    node, primary = view.nodes[name], view.primary
    if primary is None:
        return "there is no single primary"
    if node.state == PRIMARY:
        return ""
    if node.state != STANDBY:
        return f"{name} is {node.state}"
    if not node.streaming:
        return f"{name} does not stream"
    if node.timeline != primary.timeline:
        return f"{name} is on another timeline than {primary.name}"
    lag = view.lag(name)
    return "" if lag is not None and lag <= NEAR else f"{name} is far behind {primary.name}"


def neighbours(site: Site, node: Node) -> tuple[Node, ...]:
    """Give the other nodes on a node's machine."""
    return tuple(other for other in site.cluster.nodes.values() if other.host == node.host and other.name != node.name)


def size(shell: Shell, path: str) -> int | None:
    """Add up a folder in bytes; None when that took too long, or some of it can't be read."""
    words = shell.run(["timeout", f"{_MEASURE:.0f}", "du", "-sb", path], timeout=_MEASURE + QUICK).out.split()
    return int(words[0]) if words and words[0].isdigit() else None


def run_of(path: str) -> str:
    """Give the id of the run that moved a folder aside; empty for any other."""
    match = _NAME.fullmatch(posixpath.basename(path))
    return match["run"] if match else ""


def _measured(shell: Shell, path: str) -> Kept:
    match = _NAME.fullmatch(posixpath.basename(path))
    changed = shell.run(["stat", "-c", "%Z", path], timeout=QUICK).out.strip()  # a rename changes nothing else
    moved = datetime.fromtimestamp(int(changed), UTC) if changed.isdigit() else None
    return Kept(path, match["kind"] if match else "", run_of(path), size(shell, path), moved)


def _inside(folder: str, path: str) -> bool:
    return folder == path or folder.startswith(f"{path}/")


def _used(shell: Shell, path: str) -> bool:
    words = ["find", "-L", "/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "cwd", "-samefile", path]
    return bool(shell.run(words, timeout=QUICK).out.strip())
