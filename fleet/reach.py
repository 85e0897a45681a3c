"""One cluster within reach: shells that are held open, connections to its databases."""

import math
import threading
import weakref
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import cast

import psycopg
from psycopg.rows import dict_row

from core.errors import Unreachable
from fleet.inventory import LOCAL, Cluster, Machine, Node
from fleet.kept import Kept
from fleet.local import LocalShell
from fleet.pinned import Address
from fleet.postgres.standing import POISED
from fleet.shell import Shell
from fleet.site import MARK, Read
from fleet.ssh import SshShell
from fleet.waiting import Waiting

Connection = psycopg.Connection[dict[str, object]]

_LIBPQ_LEAST = 2  # seconds: libpq takes no shorter connect_timeout
_DEAD_AFTER = 15_000  # milliseconds without an acknowledgement
_ANSWER = 3.0  # seconds
_NAMED = "SELECT set_config('application_name', %s, false)"
_IDLE, _INTERVAL, _MISSES = 5, 3, 3  # seconds, seconds, times: TCP keepalives


class Reach:
    """What an action sees and touches a cluster through (``fleet.site.Site``); may be shared between threads."""

    def __init__(self, cluster: Cluster, known_hosts: Path) -> None:
        self._cluster = cluster
        self._known_hosts = known_hosts
        self._lock = threading.Lock()
        self._shells: dict[tuple[str, int, str, str], Shell] = {}
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._ahead = Waiting[Connection](
            lambda connection: not connection.closed, lambda connection: connection.close()
        )
        self._kept = Kept()

    @property
    def cluster(self) -> Cluster:
        """Give what the inventory names."""
        return self._cluster

    def shell(self, node: Machine) -> Shell:
        """Give the shell of a node, as the user that the server runs as; the same one each time."""
        key = (node.host, node.ssh_port, node.user, node.run_as)
        with self._lock:
            if key not in self._shells:
                self._shells[key] = self._new_shell(node)
            return self._shells[key]

    def connect(self, node: Node, *, timeout: float = 3.0, name: str = MARK) -> Connection:
        """Open an autocommit connection whose rows are dicts, for an application of that ``name``.

        Whoever asked closes it. ``timeout`` is in seconds, rounded up, at least 2. Raises ``Unreachable`` (code
        PG-UNREACHABLE).
        """
        waiting = self._taken(node, name)
        if waiting is not None:
            return waiting
        return self._connect(node, timeout, name)

    def kept(self, key: Hashable, read: Callable[[], Read], seconds: float = math.inf) -> Read:
        """Give what was read for a key before, no longer ago than that; see ``fleet.site.Site``."""
        return cast(Read, self._kept.get(key, read, seconds))

    def ahead(self, node: Node, count: int) -> None:
        """Have so many connections open for those who connect within the next seconds: clients will be waiting then.

        Raises ``Unreachable``.
        """
        self._ahead.have(node.name, count, lambda: self._opened(node))

    def _opened(self, node: Node) -> Connection:
        connection = self._connect(node, _ANSWER, MARK)
        try:
            connection.execute(POISED)  # reads the catalogue for 3 ms, so that clients need not wait for that
            connection.execute(_NAMED, (MARK,))
        except psycopg.Error as error:
            connection.close()
            raise _unreachable(node, error) from error
        return connection

    def _taken(self, node: Node, name: str) -> Connection | None:
        """Give a connection that was opened ahead and still lives, under the name that is asked for."""
        while (connection := self._ahead.take(node.name)) is not None:
            with suppress(psycopg.Error):
                connection.execute(_NAMED, (name,))
                return connection
            connection.close()
        return None

    def _connect(self, node: Node, timeout: float, name: str) -> Connection:
        try:
            connection = psycopg.connect(
                host=node.address,
                port=node.port,
                user=node.database_user,
                dbname=node.database,
                connect_timeout=max(_LIBPQ_LEAST, math.ceil(timeout)),
                application_name=name,
                tcp_user_timeout=_DEAD_AFTER,
                autocommit=True,
                row_factory=dict_row,
                passfile=node.passfile or None,
                keepalives=1,
                keepalives_idle=_IDLE,
                keepalives_interval=_INTERVAL,
                keepalives_count=_MISSES,
            )
        except psycopg.OperationalError as error:
            raise _unreachable(node, error) from error
        with self._lock:
            self._connections.add(connection)
        return connection

    def close(self) -> None:
        """Let go of every shell and connection; the next use opens new ones."""
        with self._lock:
            shells, connections = list(self._shells.values()), list(self._connections)
            self._shells.clear()
            self._connections.clear()
        self._ahead.close()
        for connection in connections:
            connection.close()
        for shell in shells:
            shell.close()

    def _new_shell(self, node: Machine) -> Shell:
        if node.host == LOCAL:
            return LocalShell(node.run_as)
        return SshShell(Address(node.host, node.user, node.ssh_port, node.ssh_key), self._known_hosts, node.run_as)


def _unreachable(node: Node, error: psycopg.Error) -> Unreachable:
    why = " ".join(str(error).split())
    hint = "Does the server run, and does its pg_hba.conf let the bot's host in?"
    if "authentication failed" in why or "no password supplied" in why:
        hint = f"Give {node.database_user} a line in the passfile, or a certificate; then: seconder check."
    return Unreachable(
        f"The server on {node.name} ({node.address}:{node.port}) took no connection: {why}.",
        hint,
        code="PG-UNREACHABLE",
    )
