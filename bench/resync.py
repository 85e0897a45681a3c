"""Each way back of a node beside a full copy of it, all by our own steps: 1.5 GB of which 1 % was changed."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from psycopg import sql

from bench.product import Ended, Product, product
from bench.table import Row, row
from sandbox.cluster import DemoCluster, build
from sandbox.layout import SUPERUSER
from sandbox.running import wait_for

RUNS = 3
ROWS, CHUNKS = 1_400_000, 14  # of about 1,000 bytes each
NEEDED = 12 << 30  # bytes: two nodes, the old folder that a copy leaves, WAL and its archive
_ROW = "repeat(md5(n::text), 30)"
_AGAINST = "full copy by our own steps"
_CHANGED = ROWS // 100
_PLACES = ("db1", "db2")


def measure() -> Iterator[Row]:
    """Bring a node back by each rung, and by a full copy, in turn on one cluster; all from the last vote to the end."""
    with tempfile.TemporaryDirectory(prefix="seconder-bench-", dir="/var/tmp") as folder:
        home = Path(folder)
        free = shutil.disk_usage(home).free
        if free < NEEDED:
            sys.stderr.write(f"SKIPPED: resync needs {NEEDED >> 30} GB free, there are {free >> 30}\n")
            return
        home.chmod(0o755)
        cluster = build(home, nodes=_PLACES)
        try:
            _fill(cluster)
            with product(cluster, home) as ours:
                took: dict[str, list[Ended]] = {name: [] for name in _TROUBLES}
                for _ in range(RUNS):
                    for name in _TROUBLES:
                        took[name].append(_once(cluster, ours, name))
        finally:
            cluster.remove()
    yield from _rows(took)


def _rows(took: Mapping[str, Sequence[Ended]]) -> Iterator[Row]:
    copies = [whole(ended) for ended in took["copy"]]
    for name in ("rewind", "repair", "feed"):
        seconds = [whole(ended) for ended in took[name]]
        yield row(f"resync by {name}, 1.5 GB, 1 % changed, last vote to end", "s", seconds, copies, _AGAINST)
    alone = {name: [one_step(ended, name) for ended in took[name]] for name in ("rewind", "copy")}
    yield row("the same, the step alone: rewind", "s", alone["rewind"], alone["copy"], "the step alone: copy")


def _once(cluster: DemoCluster, ours: Product, name: str) -> Ended:
    """Get a node into trouble and bring it back; what the copy leaves aside is deleted."""
    node = _TROUBLES[name](cluster)
    plan = ours.ask("resync", node=node, rebuild=name == "copy")
    way = next(str(fact.value) for fact in plan.facts if fact.name == "way back")
    if way != name:
        raise ValueError(f"meant to measure {name}, the ladder chose {way}")
    ended = ours.carry_out(plan)
    parts = ", ".join(f"{step.name} {one_step(ended, step.name):.2f}" for step in ended.run.steps)
    sys.stderr.write(f"  {name}: {whole(ended):.2f} s ({parts})\n")
    for left in cluster.nodes[node].folder.glob("data.old.*"):
        shutil.rmtree(left)
    cluster.wait_streaming(str(cluster.primary()), 1, timeout=120)
    return ended


def whole(ended: Ended) -> float:
    """Give the seconds from the last vote to the end of the run."""
    return (datetime.fromisoformat(ended.run.ended_at or "") - ended.voted).total_seconds()


def one_step(ended: Ended, name: str) -> float:
    """Give the seconds that a step of this name took, 0 for one that was not done."""
    step = next(step for step in ended.run.steps if step.name == name)
    if not step.started_at or not step.ended_at:
        return 0.0
    return (datetime.fromisoformat(step.ended_at) - datetime.fromisoformat(step.started_at)).total_seconds()


def _diverged(cluster: DemoCluster) -> str:
    """Promote the standby while the primary goes on and changes 1 %, then crash that."""
    old, new = _pair(cluster)
    with cluster.connect(new) as connection:
        connection.execute("SELECT pg_promote()")
    _change(cluster, old)
    with cluster.connect(new) as connection:
        connection.execute("INSERT INTO bulk SELECT -n, '' FROM generate_series(1, 100) n ON CONFLICT DO NOTHING")
    cluster.kill(old)
    return old


def _stopped(cluster: DemoCluster) -> str:
    """Stop the standby while 1 % is changed; the primary keeps the WAL for it."""
    primary, standby = _pair(cluster)
    cluster.stop(standby)
    _change(cluster, primary)
    return standby


def _starved(cluster: DemoCluster) -> str:
    """The same, and the primary keeps nothing: the WAL is in the archive only."""
    primary, standby = _pair(cluster)
    cluster.stop(standby)
    with cluster.connect(primary, SUPERUSER) as connection:
        _set(cluster, primary, "wal_keep_size", "0")
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
        _change(cluster, primary)
        done = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        archived = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
        wait_for(lambda: connection.execute(archived, done).fetchone() == (True,), 60, "the archive")
        for _ in range(2):
            connection.execute("INSERT INTO bulk VALUES (0, '') ON CONFLICT (id) DO UPDATE SET said = ''")
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
    _set(cluster, primary, "wal_keep_size", "128MB")
    return standby


_TROUBLES: dict[str, Callable[[DemoCluster], str]] = {
    "rewind": _diverged,
    "copy": _diverged,
    "repair": _stopped,
    "feed": _starved,
}


def _fill(cluster: DemoCluster) -> None:
    """Make 1.5 GB; what goes to the archive meanwhile is nobody's need."""
    _set(cluster, "db1", "archive_command", "/bin/true")
    with cluster.connect("db1") as connection:
        connection.execute("CREATE TABLE bulk (id bigint PRIMARY KEY, said text)")
        size = ROWS // CHUNKS
        for chunk in range(CHUNKS):
            between = (chunk * size + 1, (chunk + 1) * size)
            connection.execute(f"INSERT INTO bulk SELECT n, {_ROW} FROM generate_series(%s, %s) n", between)
            cluster.wait_streaming("db1", 1, timeout=300)
        connection.execute("ALTER SYSTEM RESET archive_command")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")


def _change(cluster: DemoCluster, name: str) -> None:
    with cluster.connect(name) as connection:
        connection.execute("UPDATE bulk SET said = reverse(said) WHERE id BETWEEN 1 AND %s", (_CHANGED,))


def _pair(cluster: DemoCluster) -> tuple[str, str]:
    primary = str(cluster.primary())
    return primary, next(name for name in _PLACES if name != primary)


def _set(cluster: DemoCluster, name: str, setting: str, value: str) -> None:
    with cluster.connect(name, SUPERUSER) as connection:
        connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value)))
        connection.execute("SELECT pg_reload_conf()")
