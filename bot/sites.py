"""The clusters within reach, one site each, made when first needed."""

import threading
from collections.abc import Mapping
from pathlib import Path

from fleet.inventory import Cluster
from fleet.reach import Reach


class Sites:
    """Hands out sites and keeps their connections."""

    def __init__(self, clusters: Mapping[str, Cluster], known_hosts: Path) -> None:
        """Keep the inventory; nothing is reached yet."""
        self.clusters = clusters
        self._known_hosts = known_hosts
        self._open: dict[str, Reach] = {}
        self._guard = threading.Lock()

    def of(self, cluster: str) -> Reach:
        """Give a cluster's site; raises KeyError for a cluster that the inventory does not name."""
        with self._guard:
            if cluster not in self._open:
                self._open[cluster] = Reach(self.clusters[cluster], self._known_hosts)
            return self._open[cluster]

    def close(self) -> None:
        """Let go of all connections."""
        with self._guard:
            for site in self._open.values():
                site.close()
            self._open.clear()
