"""The by-hand floor: what a practised person's script does, promoting as soon as it is safe."""

import time
from collections.abc import Callable

from psycopg import sql

from fleet.postgres.control import read_state
from fleet.reach import Reach
from sandbox.cluster import DemoCluster

_BEHIND = "SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn > %s"
_DROP = """SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_name = %s AND NOT active"""
_POLL = 0.005  # seconds


def switch(cluster: DemoCluster, site: Reach) -> None:
    """CHECKPOINT, fence, stop, see the shutdown record arrive, promote, repoint; through the same shells as ours."""
    old, new = str(cluster.primary()), other(cluster)
    others = [name for name in cluster.nodes if name != new]
    node = site.cluster.node(old)
    shell = site.shell(node)
    with cluster.connect(old) as primary, cluster.connect(new) as candidate:
        for name in others:
            candidate.execute("SELECT pg_create_physical_replication_slot(%s, true)", (name,))
        primary.execute("CHECKPOINT")
        _point(cluster, old, new)
        shell.write(f"{node.data}/standby.signal", "")
        shell.run([f"{node.bin}/pg_ctl", "-D", node.data, "-m", "fast", "-W", "stop"], timeout=20)
        while (ended := read_state(shell, node)).state != "shut down":
            time.sleep(_POLL)
        _until(lambda: candidate.execute(_BEHIND, (ended.checkpoint,)).fetchone() == (True,))
        candidate.execute("SELECT pg_promote(true, 30)")
    for name in others:
        if name != old:
            _point(cluster, name, new)
    _until(lambda: not cluster.alive(old))
    cluster.start(old)
    with cluster.connect(old) as standby:
        for name in cluster.nodes:
            standby.execute(_DROP, (name,))
    cluster.wait_streaming(new, len(others))


def other(cluster: DemoCluster) -> str:
    """Give the node that a switchover goes to: there and back between the first two."""
    return "db1" if cluster.primary() == "db2" else "db2"


def _point(cluster: DemoCluster, name: str, source: str) -> None:
    with cluster.connect(name) as connection:
        found = connection.execute("SELECT current_setting('primary_conninfo')").fetchone()
        words = [word for word in str(found[0] if found else "").split() if not word.startswith("port=")]
        conninfo = " ".join([*words, f"port={cluster.nodes[source].port}"])
        if "user=" not in conninfo:
            conninfo += f" host=127.0.0.1 user=replicator passfile={cluster.passfile}"
        for setting, value in (("primary_conninfo", conninfo), ("primary_slot_name", name)):
            statement = sql.SQL("ALTER SYSTEM SET {} = {}")
            connection.execute(statement.format(sql.Identifier(setting), sql.Literal(value)))
        connection.execute("SELECT pg_reload_conf()")


def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(_POLL)
