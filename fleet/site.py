"""One cluster within reach: its inventory, a shell for each node, connections to its databases."""

import math
from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar

import psycopg

from fleet.inventory import Cluster, Machine, Node
from fleet.shell import Shell

Read = TypeVar("Read")
MARK = "seconder"  # what our sessions are called in pg_stat_activity


class Site(Protocol):
    """Everything through which an action sees and touches one cluster."""

    @property
    def cluster(self) -> Cluster:
        """Give what the inventory names."""
        ...

    def shell(self, node: Machine) -> Shell:
        """Give the shell of a node or a named host, as the user that the server there runs as."""
        ...

    def connect(self, node: Node, *, timeout: float = 3.0, name: str = MARK) -> psycopg.Connection[dict[str, object]]:
        """Open an autocommit connection whose rows are dicts, for an application of that ``name``.

        ``timeout`` is in seconds. Raises ``Unreachable``.
        """
        ...

    def kept(self, key: Hashable, read: Callable[[], Read], seconds: float = math.inf) -> Read:
        """Give what was read for a key before, else read it: for what can't be another under the same key.

        ``seconds``: for what may be, no longer ago than that, from when the reading began.
        """
        ...

    def ahead(self, node: Node, count: int) -> None:
        """Have so many connections open for those who connect within the next seconds. Raises ``Unreachable``."""
        ...
