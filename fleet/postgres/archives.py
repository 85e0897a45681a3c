"""The archive folders on a node's machine, and what lies there of timelines that the primary never was on.

A stray ``0000000N.history`` of a higher timeline ends every later start that reads the archive: "requested timeline N
is not a child of this server's history". Such files are moved into a folder below theirs, never deleted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.errors import StepFailed
from core.outcome import Evidence
from core.step import StepContext
from fleet.inventory import Cluster, Node
from fleet.postgres import datadir, healing
from fleet.postgres.archiving import places
from fleet.postgres.view import UNKNOWN, ClusterView
from fleet.shell import Shell
from fleet.site import Site

_FILE = re.compile(r"([0-9A-F]{8})(?:\.history|[0-9A-F]{16}(?:\.partial|\.[0-9A-F]{8}\.backup)?)(?:\.\w+)?")
_BATCH = 200  # files for one command
_MOVE = 60.0  # seconds


def folders(cluster: Cluster, node: Node) -> tuple[str, ...]:
    """Give the archive folders on a node's own machine, each once."""
    return tuple(dict.fromkeys(place.folder for place in places(cluster) if place.keeper.host == node.host))


def timeline(name: str) -> int | None:
    """Give the timeline of a file of WAL or of history, compressed or not; None for any other file."""
    match = _FILE.fullmatch(name)
    return int(match[1], 16) if match else None


def strays(names: Iterable[str], known: Iterable[int]) -> tuple[str, ...]:
    """List the files of timelines that are not known."""
    kept = set(known)
    found = ((name, timeline(name)) for name in names)
    return tuple(sorted(name for name, its in found if its is not None and its not in kept))


def look(site: Site, view: ClusterView, node: Node, known: Sequence[int]) -> dict[str, tuple[str, ...]]:
    """Give the stray files in each archive folder on a node's machine; nothing where they may be somebody's truth.

    A timeline that any node is on is no stray, and while a node can't be judged it may be on any.
    """
    if not known or any(other.state == UNKNOWN for other in view.nodes.values() if other.name != node.name):
        return {}
    shell = site.shell(node)
    theirs = [*known, *(other.timeline for other in view.nodes.values() if other.timeline)]
    found = {folder: strays(datadir.names(shell, folder), theirs) for folder in folders(site.cluster, node)}
    return {folder: names for folder, names in found.items() if names}


def set_aside(
    site: Site, step: StepContext, *, same: Mapping[str, Any], folders: Sequence[str], known: Sequence[int]
) -> Evidence:
    """Move the stray files of each folder into ``stray.RUN`` below it; ``same`` is made sure of first."""
    healing.still(site, **same)
    shell = site.shell(site.cluster.node(same["node"]))
    said = []
    for folder in folders:
        names = strays(datadir.names(shell, folder), known)
        _move(shell, folder, names, f"{folder}/stray.{step.run}")
        said.append(f"{len(datadir.names(shell, f'{folder}/stray.{step.run}'))} files lie in {folder}/stray.{step.run}")
    return Evidence("; ".join(said))


def put_back(site: Site, step: StepContext, *, node: str, folders: Sequence[str]) -> Evidence:
    """Move what was set aside back; a file whose name was taken meanwhile stays where it is."""
    shell = site.shell(site.cluster.node(node))
    for folder in folders:
        aside = f"{folder}/stray.{step.run}"
        _move(shell, aside, datadir.names(shell, aside), folder)
        shell.run(["rmdir", aside], timeout=_MOVE)
    return Evidence(f"the archive's files are back in {', '.join(folders)}")


def _move(shell: Shell, source: str, names: Sequence[str], target: str) -> None:
    if not names:
        return
    shell.run(["mkdir", "-p", "-m", "700", target], timeout=_MOVE)
    for at in range(0, len(names), _BATCH):
        files = [f"{source}/{name}" for name in names[at : at + _BATCH]]
        ran = shell.run(["mv", "-n", "-t", target, *files], timeout=_MOVE)
        if not ran.ok:
            said = (ran.err.strip() or f"code {ran.code}").splitlines()[-1]
            raise StepFailed(f"{source} can't be tidied: {said}", "May the server's user write there?", code="STRAYS")
