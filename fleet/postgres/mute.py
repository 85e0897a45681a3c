"""A standby that takes no queries (hot_standby = off): judged from its control file and processes, aimed by its files.

Its postmaster.pid says "standby" where every other server that is up says "ready" (10+), whatever language it speaks.
"""

import re
import time
from dataclasses import replace
from datetime import datetime

import psycopg
from psycopg.conninfo import conninfo_to_dict

from core.errors import StepFailed
from fleet.inventory import Node
from fleet.postgres import datadir, lsn, owned, process, upstream
from fleet.postgres.controldata import Control
from fleet.postgres.patience import Connection, talk
from fleet.postgres.standing import head
from fleet.postgres.view import STANDBY, ClusterView, NodeView, Receiver
from fleet.shell import Shell
from fleet.site import Site

_STATUS = 7  # the line of postmaster.pid, from 0, that says how far the server is
_RECEIVER = re.compile(r"walreceiver(?:\s+streaming ([0-9A-F]+/[0-9A-F]+))?")
_SEGMENT = re.compile(r"([0-9A-F]{8})[0-9A-F]{16}")
_LOOK_EVERY = 0.1  # seconds
_FED = """
    SELECT r.state FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid
     WHERE s.slot_name = %s AND r.state = 'streaming'"""


def takes_no_queries(node: NodeView) -> bool:
    """Say whether a node was judged to be a standby without having answered."""
    return node.state == STANDBY and not node.reachable


def mutes(view: ClusterView) -> tuple[NodeView, ...]:
    """Give the standbys that take no queries."""
    return tuple(node for node in view.nodes.values() if takes_no_queries(node))


def known_lag(view: ClusterView, node: NodeView) -> int | None:
    """Give the bytes that a standby lacks: by its own word, else by what it told the primary."""
    lag, row, primary = view.lag(node.name), view.sender(node.name), view.primary
    if lag is not None or row is None or row.flush_lsn is None or primary is None or primary.write_lsn is None:
        return lag
    return max(0, primary.write_lsn - row.flush_lsn)


def repointable(node: NodeView) -> bool:
    """Say whether it is known whom it follows, so that it can be aimed at another one through its files."""
    return node.receiver is not None and node.receiver.sender_port is not None


def is_mute(shell: Shell, node: Node) -> bool:
    """Say whether the server that runs there takes no queries."""
    return _pid(shell, node)[1] == "standby"


def judged(shell: Shell, node: Node, found: Control, now: datetime, timeout: float) -> NodeView | None:
    """Give what is known of a running standby that takes no queries; None for any other server.

    ``receive_lsn`` is what its receiver's process shows, ``timeline`` the newest of which it has WAL.
    """
    pid, status = _pid(shell, node)
    if status != "standby":
        return None
    ran = shell.run(["ps", "-ww", "-o", "args=", "--ppid", pid], timeout=timeout)
    seen = _RECEIVER.search(ran.out)
    settings = shell.read(f"{node.data.rstrip('/')}/{owned.AUTO}") or ""
    segments = [match for name in datadir.names(shell, f"{node.data.rstrip('/')}/pg_wal") if (match := _is_wal(name))]
    slot = owned.value(settings, "primary_slot_name")
    position = lsn.parse(seen[1]) if seen and seen[1] else None
    view = NodeView(
        name=node.name,
        state=STANDBY,
        sampled_at=now,
        error="It takes no queries (hot_standby is off).",
        sysid=found.sysid,
        timeline=max([found.timeline, *(int(match[1], 16) for match in segments)]),
        in_recovery=True,
        receive_lsn=position,
        settings={"hot_standby": "off", "primary_slot_name": slot},
        control=found,
    )
    return replace(view, receiver=_receiver(settings, slot, streams=position is not None)) if seen else view


def follow(site: Site, *, node: str, upstream_node: str, slot: str, timeout: float) -> str:
    """Aim it at another primary through its own file and a reload, and wait until that one feeds it.

    Gives what was seen. Raises ``StepFailed`` when its primary_conninfo isn't in the file that ALTER SYSTEM writes.
    """
    here, new = site.cluster.node(node), site.cluster.node(upstream_node)
    shell = site.shell(here)
    known = owned.value(shell.read(f"{here.data.rstrip('/')}/{owned.AUTO}") or "", "primary_conninfo")
    if not known:
        hint = f"Aim {node} at {upstream_node} by hand, then reload it."
        raise StepFailed(f"{node} has no primary_conninfo in {owned.AUTO}.", hint, code="CONNINFO")
    aimed = {"primary_conninfo": upstream.conninfo(known, new, node), "primary_slot_name": slot}
    with talk(site, new, seconds=timeout) as connection:
        timeline, _position = head(connection, upstream_node)
        upstream.ensure_slot(connection, slot)
        owned.set_in(shell, here.data.rstrip("/"), aimed)
        process.reload(shell, here)
        deadline = time.monotonic() + timeout - 1
        while not fed(connection, slot):
            if time.monotonic() > deadline:
                said = f"{upstream_node} does not feed {node} after {timeout:g} s."
                raise StepFailed(said, f"Read the end of {node}'s log.", code="NOT-FOLLOWING")
            time.sleep(_LOOK_EVERY)
    return f"{node}, which takes no queries, is fed timeline {timeline} by {upstream_node}"


def fed(connection: Connection, slot: str) -> bool:
    """Say whether a server streams through a slot."""
    return connection.execute(_FED, (slot,)).fetchone() is not None


def _pid(shell: Shell, node: Node) -> tuple[str, str]:
    lines = (shell.read(f"{node.data.rstrip('/')}/postmaster.pid") or "").splitlines()
    return (lines[0].strip(), lines[_STATUS].strip()) if len(lines) > _STATUS else ("", "")


def _is_wal(name: str) -> re.Match[str] | None:
    return _SEGMENT.fullmatch(name)


def _receiver(settings: str, slot: str, *, streams: bool) -> Receiver:
    try:
        aimed = conninfo_to_dict(owned.value(settings, "primary_conninfo"))
    except psycopg.Error:
        aimed = {}
    port = str(aimed.get("port") or "")
    known = int(port) if port.isdigit() else None
    return Receiver("streaming" if streams else "", str(aimed.get("host") or ""), known, slot, None, None)
