"""The backups that a cluster has: where they lie, what each says of itself, which is the newest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import moment, stamp
from core.errors import ConfigurationError, SeconderError
from fleet.inventory import Cluster, Node
from fleet.postgres import datadir
from fleet.shell import Shell
from fleet.site import Site

CARD = "backup.json"
PARTIAL = ".partial"
FAILED = ".failed"
_LOOK_AT = 20  # backups; more would not change an answer
_FORMAT = 1


@dataclass(frozen=True)
class Destination:
    """Where a cluster's backups are kept."""

    node: Node
    folder: str


@dataclass(frozen=True)
class BackupInfo:
    """What a finished backup says of itself. ``level`` is how far it was verified; LSNs as PostgreSQL writes them.

    L1: pg_basebackup ended well and left a manifest. L2: pg_verifybackup read every file and the WAL. ``checksums``:
    the source checked its pages; without that L2 proves "as the server sent it", not valid pages. ``size`` in bytes.
    """

    name: str
    path: str
    cluster: str
    source: str
    finished: datetime
    sysid: str
    timeline: int
    start_lsn: str
    stop_lsn: str
    size: int
    level: str
    checksums: bool
    version: int

    @property
    def verified(self) -> bool:
        """Say whether every file and the WAL were read back."""
        return self.level != "L1"


def destination(cluster: Cluster) -> Destination | None:
    """Read ``backups = "node:folder"``; None when it isn't configured. Raises ``ConfigurationError``."""
    if not cluster.backups:
        return None
    name, _, folder = cluster.backups.partition(":")
    if name not in cluster.nodes or not folder.startswith("/") or folder == "/":
        hint = f'Write it as [clusters.{cluster.name}] backups = "NODE:/FOLDER", with a node of this cluster.'
        raise ConfigurationError(f"backups of {cluster.name} is {cluster.backups!r}, which names no folder.", hint)
    return Destination(cluster.node(name), folder.rstrip("/"))


def backups(shell: Shell, folder: str) -> tuple[BackupInfo, ...]:
    """List the finished backups in a folder, newest first; set-aside, partial and unreadable ones don't count.

    Ordered by time, never by name alone: after a failover or an upgrade timelines and names may start again.
    """
    names = [name for name in datadir.names(shell, folder) if not name.endswith((PARTIAL, FAILED))]
    texts = (shell.read(f"{folder}/{name}/{CARD}") for name in sorted(names, reverse=True)[:_LOOK_AT])
    infos = [info for text in texts if text is not None and (info := from_json(text)) is not None]
    return tuple(sorted(infos, key=lambda info: info.finished, reverse=True))


def last_backup(site: Site) -> BackupInfo | None:
    """Give the newest finished backup of a cluster; None when there is none or no place for them.

    Raises ``ConfigurationError``, ``Unreachable``, ``ShellError``: then nobody knows.
    """
    where = destination(site.cluster)
    if where is None:
        return None
    found = backups(site.shell(where.node), where.folder)
    return next((info for info in found if info.cluster == site.cluster.name), None)


def to_json(info: BackupInfo) -> str:
    """Write a backup's card."""
    data = {**vars(info), "finished": stamp(info.finished), "v": _FORMAT}
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def from_json(text: str) -> BackupInfo | None:
    """Read a backup's card; None when it isn't one."""
    try:
        data = json.loads(text)
        if not isinstance(data, Mapping) or data.get("v") != _FORMAT:
            return None
        kept = {name: data[name] for name in BackupInfo.__dataclass_fields__}
        return BackupInfo(**{**kept, "finished": moment(kept["finished"])})
    except (KeyError, ValueError, TypeError, SeconderError):
        return None
