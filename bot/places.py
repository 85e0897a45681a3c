"""Where anchors go besides Slack: a file, syslog, nodes. A place that does not answer holds nothing up."""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.settings_file import AnchorsTable
from bot.sites import Sites
from core.errors import SeconderError

_SYSLOG = "<109>seconder: "  # RFC 3164: facility 13 (log audit), severity 5 (notice)
_PORT = 514
_ANSWER = 15.0  # seconds for a node
FILE = "anchors.jsonl"


class PlaceSilent(SeconderError):
    """A place did not take an anchor."""

    code = "ANCHOR-PLACE"


@dataclass(frozen=True)
class Place:
    """One place. ``put`` appends a line; it raises SeconderError or OSError when it could not."""

    name: str
    put: Callable[[str], None]


def places(table: AnchorsTable, sites: Sites) -> Sequence[Place]:
    """Give the places that the configuration names."""
    found = []
    if table.file:
        path = Path(table.file)
        found.append(Place(f"file:{path}", partial(_append, path)))
    if table.syslog:
        found.append(Place(f"syslog:{table.syslog}", partial(_syslog, table.syslog)))
    return [*found, *(Place(f"node:{node}", partial(_on_node, sites, node)) for node in table.nodes)]


def _append(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, f"{line}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _syslog(where: str, line: str) -> None:
    host, _, port = where.rpartition(":") if ":" in where else (where, "", "")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(f"{_SYSLOG}{line}".encode(), (host, int(port or _PORT)))


def _on_node(sites: Sites, name: str, line: str) -> None:
    cluster, _, called = name.partition("/")
    site = sites.of(cluster)
    node = site.cluster.node(called)
    ran = site.shell(node).run(["tee", "-a", f"{node.work}/{FILE}"], stdin=f"{line}\n", timeout=_ANSWER)
    if not ran.ok:
        raise PlaceSilent(f"{name} did not take it: {ran.err.strip()}", "Make the node's `work` folder.")
