"""A switchover that somebody does by hand, past the bot: what makes a plan that others approve go stale."""

import re

from psycopg import sql

from sandbox.errors import SandboxError
from sandbox.layout import LOOPBACK, REPLICATOR, SUPERUSER, DemoNode, put
from sandbox.running import DemoCluster, wait_for
from sandbox.servers import must

_CATCH_UP_S = 20.0


def switch(cluster: DemoCluster, old: str, new: str) -> None:
    """Make ``new`` the primary and ``old`` a standby of it; the others follow. Raises ``SandboxError``.

    All nodes have to run. The order is the usual one: the old primary ends cleanly, the new one holds its very last
    record, and only then is promoted.
    """
    others = [name for name in cluster.nodes if name != new]
    _make_slots(cluster, new, others)
    _point(cluster, old, new)
    fence = cluster.nodes[old].data / "standby.signal"
    put(fence, "")
    try:
        cluster.stop(old)
        shutdown = _shutdown_checkpoint(cluster, cluster.nodes[old])
        wait_for(lambda: _has(cluster, new, shutdown), _CATCH_UP_S, f"{new} to have all that {old} wrote")
    except SandboxError:
        fence.unlink()
        if not cluster.alive(old):
            cluster.start(old)
        raise
    with cluster.connect(new, SUPERUSER) as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    for name in others:
        if name != old:
            _point(cluster, name, new)
    cluster.start(old)
    _drop_slots(cluster, old)
    cluster.wait_streaming(new, len(others))


def _make_slots(cluster: DemoCluster, name: str, wanted: list[str]) -> None:
    with cluster.connect(name, SUPERUSER) as connection:
        for slot in wanted:
            connection.execute(
                "SELECT pg_create_physical_replication_slot(%s, true)"
                " WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)",
                (slot, slot),
            )


def _point(cluster: DemoCluster, name: str, source: str) -> None:
    conninfo = (
        f"host={LOOPBACK} port={cluster.nodes[source].port} user={REPLICATOR} passfile='{_escaped(cluster.passfile)}'"
    )
    with cluster.connect(name, SUPERUSER) as connection:
        for setting, value in (("primary_conninfo", conninfo), ("primary_slot_name", name)):
            statement = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value))
            connection.execute(statement)
        connection.execute("SELECT pg_reload_conf()")


def _shutdown_checkpoint(cluster: DemoCluster, node: DemoNode) -> str:
    said = must([cluster.bin / "pg_controldata", "-D", node.data], cwd=node.folder)
    state = re.search(r"Database cluster state:\s+(.+)", said)
    place = re.search(r"Latest checkpoint location:\s+(\S+)", said)
    if state is None or place is None or state.group(1) not in ("shut down", "shut down in recovery"):
        raise SandboxError(f"{node.name} did not end cleanly: {state.group(1) if state else 'state unknown'}.")
    return place.group(1)


def _has(cluster: DemoCluster, name: str, place: str) -> bool:
    # the record begins at that place, so whoever has it is beyond
    with cluster.connect(name, SUPERUSER) as connection:
        row = connection.execute("SELECT pg_last_wal_receive_lsn() > %s::pg_lsn", (place,)).fetchone()
    return bool(row and row[0])


def _drop_slots(cluster: DemoCluster, name: str) -> None:
    with cluster.connect(name, SUPERUSER) as connection:
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")


def _escaped(path: object) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'")
