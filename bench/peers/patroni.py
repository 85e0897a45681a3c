"""A cluster of three that Patroni runs, with an etcd of its own, on this machine's loopback."""

import json
import secrets
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib import request

from bench.peers.absent import program, server_programs
from bench.peers.packages import python_command
from bench.peers.programs import Programs
from sandbox.cluster import DemoCluster, build, free_ports
from sandbox.layout import LOOPBACK, REPLICATOR, SUPERUSER, DemoNode, put
from sandbox.running import wait_for
from sandbox.servers import give

SCOPE = "main"
_CTL = "from patroni.ctl import ctl; ctl(prog_name='patronictl')"
# As fast as Patroni lets itself be set: it asks for ttl >= loop_wait + 2 * retry_timeout.
_DYNAMIC = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 3,
    "maximum_lag_on_failover": 1048576,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {"max_connections": 100, "max_wal_senders": 12, "max_replication_slots": 12},
    },
}


@dataclass(frozen=True)
class PatroniCluster:
    """Patroni's cluster while it runs. ``ctl`` is a patronictl for the servers' user, ``conf`` its settings."""

    cluster: DemoCluster
    programs: Programs
    ctl: Path
    conf: Path
    api: str

    @property
    def dsns(self) -> dict[str, str]:
        """Give the address of each node's database."""
        return {name: node.dsn() for name, node in self.cluster.nodes.items()}

    def leader(self) -> str | None:
        """Give the name of the node that takes writes."""
        return self.cluster.primary()

    def switchover(self, to: str) -> None:
        """Have Patroni make another node the primary, and return when it says that it has."""
        words = ["switchover", SCOPE, "--leader", str(self.leader()), "--candidate", to, "--force"]
        self.programs.call([self.ctl, "-c", self.conf, *words])

    def settle(self) -> None:
        """Wait until the other nodes stream from the primary and Patroni has seen it."""
        wait_for(lambda: self.leader() is not None, 30, "a primary")
        self.cluster.wait_streaming(str(self.leader()), len(self.cluster.nodes) - 1)
        wait_for(self._all_well, 30, "Patroni to see all nodes run")

    def _all_well(self) -> bool:
        with request.urlopen(f"{self.api}/cluster", timeout=5) as answer:  # patronictl takes half a second to start
            members = json.load(answer)["members"]
        states = sorted((member["role"], member["state"]) for member in members)
        return states == [("leader", "running"), *[("replica", "streaming")] * (len(self.cluster.nodes) - 1)]


@contextmanager
def running(home: Path) -> Iterator[PatroniCluster]:
    """Bring it up below ``home`` and end all of it. Raises ``Absent`` when a part is missing on this machine."""
    etcd, bin_dir = program("etcd", "etcd-server"), server_programs()
    cluster = build(home, bin_dir=bin_dir, archive=False)
    programs = Programs(cluster.folder)
    try:
        yield _taken_over(cluster, programs, etcd)
    finally:
        programs.end()
        cluster.remove()


def _taken_over(cluster: DemoCluster, programs: Programs, etcd: Path) -> PatroniCluster:
    """Let Patroni have a cluster that ran without: it takes data folders as they are, and names slots as we do."""
    python, programs.env = python_command(cluster.folder)
    shell = f"#!/bin/sh\nPYTHONPATH={shlex.quote(programs.env['PYTHONPATH'])} exec {shlex.join(python)} "
    ctl = cluster.folder / "patronictl"
    put(ctl, f'{shell} -c {shlex.quote(_CTL)} "$@"\n', 0o700)
    client, peer, *apis = free_ports(2 + len(cluster.nodes))
    secret = secrets.token_urlsafe(12)
    confs = {}
    for node, api in zip(cluster.nodes.values(), apis, strict=True):
        confs[node.name] = node.folder / "patroni.yml"  # what JSON writes is YAML as well
        put(confs[node.name], json.dumps(_settings(cluster, node, (api, client), secret), indent=1))
        put(node.data / "patroni.dynamic.json", json.dumps(_DYNAMIC))
    _start_etcd(programs, etcd, client, peer)
    first, *others = cluster.nodes
    for name in (*others, first):
        cluster.stop(name)
    made = PatroniCluster(cluster, programs, ctl, confs[first], f"http://{LOOPBACK}:{apis[0]}")
    for name in (first, *others):
        programs.start(f"patroni-{name}", [*python, "-m", "patroni", confs[name]])
        if name == first:  # whoever comes first becomes the leader
            wait_for(lambda: made.leader() == first, 30, "Patroni's leader")
    made.settle()
    return made


def _start_etcd(programs: Programs, etcd: Path, client: int, peer: int) -> None:
    here, there = f"http://{LOOPBACK}:{client}", f"http://{LOOPBACK}:{peer}"
    folder = programs.folder / "etcd"
    folder.mkdir(mode=0o700)
    give(folder)
    words = ["--data-dir", str(folder), "--listen-client-urls", here, "--advertise-client-urls", here]
    words += [
        "--listen-peer-urls",
        there,
        "--initial-advertise-peer-urls",
        there,
        "--initial-cluster",
        f"default={there}",
    ]
    programs.start("etcd", [etcd, *words])
    time.sleep(0.5)


def _settings(cluster: DemoCluster, node: DemoNode, ports: tuple[int, int], secret: str) -> dict[str, object]:
    api, etcd = (f"{LOOPBACK}:{port}" for port in ports)
    server = f"{LOOPBACK}:{node.port}"
    return {
        "scope": SCOPE,
        "name": node.name,
        "restapi": {
            "listen": api,
            "connect_address": api,
            "authentication": {"username": "patroni", "password": secret},
        },
        "etcd3": {"host": etcd},
        "postgresql": {
            "listen": server,
            "connect_address": server,
            "data_dir": str(node.data),
            "bin_dir": str(cluster.bin),
            "pgpass": str(node.folder / "patroni.pgpass"),
            "authentication": {
                "superuser": {"username": SUPERUSER, "password": cluster.passwords[SUPERUSER]},
                "rewind": {"username": SUPERUSER, "password": cluster.passwords[SUPERUSER]},
                "replication": {"username": REPLICATOR, "password": cluster.passwords[REPLICATOR]},
            },
        },
    }
