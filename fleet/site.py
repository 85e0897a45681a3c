"""One cluster within reach: its inventory, a shell for each node, connections to its databases."""

from typing import Protocol

import psycopg

from fleet.inventory import Cluster, Machine, Node
from fleet.shell import Shell


class Site(Protocol):
    """Everything through which an action sees and touches one cluster."""

    @property
    def cluster(self) -> Cluster:
        """Give what the inventory names."""
        ...

    def shell(self, node: Machine) -> Shell:
        """Give the shell of a node or a named host, as the user that the server there runs as."""
        ...

    def connect(self, node: Node, *, timeout: float = 3.0) -> psycopg.Connection[dict[str, object]]:
        """Open an autocommit connection whose rows are dicts; ``timeout`` in seconds. Raises ``Unreachable``."""
        ...

    def ahead(self, node: Node, count: int) -> None:
        """Have so many connections open for those who connect within the next seconds. Raises ``Unreachable``."""
        ...
