"""A cluster of three that repmgr operates, over SSH, on this machine's loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from bench.peers import ssh
from bench.peers.absent import VERSION, Absent, program, server_programs
from bench.peers.programs import Programs
from sandbox.cluster import DemoCluster, build
from sandbox.layout import LOOPBACK, SUPERUSER, DemoNode, put, quoted
from sandbox.running import wait_for

DATABASE = "repmgr"
_CONF = """\
node_id={id}
node_name={name}
conninfo={conninfo}
data_directory={data}
pg_bindir={bin}
repmgr_bindir={bin}
passfile={passfile}
ssh_options={ssh}
use_replication_slots=no
log_level=INFO
reconnect_attempts=3
reconnect_interval=1
standby_follow_timeout=20
node_rejoin_timeout=20
shutdown_check_timeout=60
failover=automatic
promote_command={promote}
follow_command={follow}
monitor_interval_secs=1
"""


@dataclass(frozen=True)
class RepmgrCluster:
    """repmgr's cluster while it runs; ``confs`` holds each node's settings."""

    cluster: DemoCluster
    programs: Programs
    repmgr: Path
    confs: dict[str, Path]

    @property
    def dsns(self) -> dict[str, str]:
        """Give the address of each node's database."""
        return {name: node.dsn() for name, node in self.cluster.nodes.items()}

    def leader(self) -> str | None:
        """Give the name of the node that takes writes."""
        return self.cluster.primary()

    def switchover(self, to: str) -> None:
        """Have repmgr make another node the primary, and return when it says that it has."""
        self.programs.call([self.repmgr, "-f", self.confs[to], "standby", "switchover", "--siblings-follow"])

    def settle(self) -> None:
        """Wait until the other nodes stream from the primary."""
        wait_for(lambda: self.leader() is not None, 30, "a primary")
        self.cluster.wait_streaming(str(self.leader()), len(self.cluster.nodes) - 1)


@contextmanager
def running(home: Path, *, daemons: bool = False) -> Iterator[RepmgrCluster]:
    """Bring it up below ``home`` and end all of it; ``daemons``: with repmgrd, which fails over by itself.

    Raises ``Absent`` when a part is missing on this machine.
    """
    program("repmgr", "repmgr")
    bin_dir, found = server_programs(), ssh.parts()
    if not (bin_dir / "repmgr").exists():
        raise Absent(f"PostgreSQL {VERSION} has no repmgr here (Debian: postgresql-{VERSION}-repmgr)")
    cluster = build(home, bin_dir=bin_dir, archive=False)
    programs = Programs(cluster.folder)
    try:
        made = _registered(cluster, programs, ssh.serve(programs, found))
        if daemons:
            for name, conf in made.confs.items():
                pid = cluster.nodes[name].folder / "repmgrd.pid"
                programs.start(f"repmgrd-{name}", [bin_dir / "repmgrd", "-f", conf, "--daemonize=false", "-p", pid])
        yield made
    finally:
        programs.end()
        cluster.remove()


def _registered(cluster: DemoCluster, programs: Programs, options: str) -> RepmgrCluster:
    """Tell repmgr of a cluster that ran without: it streams by WAL that is kept, not by slots."""
    first, *others = cluster.nodes
    with cluster.connect(first, SUPERUSER, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
        connection.execute("ALTER SYSTEM SET shared_preload_libraries = repmgr")
    for name in others:
        with cluster.connect(name, SUPERUSER, "postgres") as connection:
            connection.execute("ALTER SYSTEM SET primary_slot_name = ''")
            connection.execute("ALTER SYSTEM SET shared_preload_libraries = repmgr")
    for name in cluster.nodes:  # loading a library takes a start
        cluster.stop(name)
        cluster.start(name)
    with cluster.connect(first, SUPERUSER, "postgres") as connection:
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
    repmgr, confs = cluster.bin / "repmgr", {}
    for number, node in enumerate(cluster.nodes.values(), 1):
        confs[node.name] = node.folder / "repmgr.conf"
        put(confs[node.name], _conf(cluster, node, number, options))
    programs.call([repmgr, "-f", confs[first], "primary", "register"])
    cluster.wait_streaming(first, len(others))
    for name in others:
        programs.call([repmgr, "-f", confs[name], "standby", "register", "--upstream-node-id=1"])
    made = RepmgrCluster(cluster, programs, repmgr, confs)
    made.settle()
    return made


def _conf(cluster: DemoCluster, node: DemoNode, number: int, options: str) -> str:
    conf, repmgr = node.folder / "repmgr.conf", cluster.bin / "repmgr"
    conninfo = make_conninfo(
        host=LOOPBACK,
        port=node.port,
        user=SUPERUSER,
        dbname=DATABASE,
        passfile=str(cluster.passfile),
        connect_timeout=2,
    )
    values = {
        "name": node.name,
        "conninfo": conninfo,
        "data": str(node.data),
        "bin": str(cluster.bin),
        "passfile": str(cluster.passfile),
        "ssh": options,
        "promote": f"{repmgr} -f {conf} standby promote",
        "follow": f"{repmgr} -f {conf} standby follow --upstream-node-id=%n",
    }
    return _CONF.format(id=number, **{key: quoted(value) for key, value in values.items()})
