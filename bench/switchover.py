"""The write gap of our switchover, seen by a client that writes all the time, beside the by-hand floor."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from actions.catalogue import actions
from approvals.ending import Ending
from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Typed, Verdict
from audit.store import open_store
from bench.table import Row, row
from bot.carrier import ActionCarrier, made_plan
from bot.sites import Sites
from bot.texts import Texts
from core.clock import SystemClock
from core.outcome import Refusal
from core.plan import Plan
from fleet.postgres.control import read_state
from runs.journal import Journal
from runs.runner import Runner
from sandbox.cluster import DemoCluster, build
from sandbox.written import longest_gap
from tests.fixtures.house import IN_FORCE, actor
from tests.fixtures.postgres import as_inventory
from tests.fixtures.site import site_for

RUNS = 5
_DROP = """SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_name = %s AND NOT active"""
SETTLE = 1.5  # seconds of quiet writing before and after


def measure() -> Iterator[Row]:
    """Switch over in turn by hand and by us, on one cluster under one writer."""
    with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        cluster = build(home)
        try:
            with _writer(cluster, home) as log:
                bench = _Ours(cluster, home)
                ours, hand = [], []
                for _ in range(RUNS):
                    hand.append(_gap(log, lambda: _by_hand(cluster)))
                    ours.append(_gap(log, bench.switch))
        finally:
            cluster.remove()
    yield row("switchover: longest write gap", "ms", ours, hand, "by hand, promoted as soon as it is safe")


class _Ours:
    """The whole road from the last vote: gate, run, journal, steps."""

    def __init__(self, cluster: DemoCluster, home: Path) -> None:
        inventory = {"main": as_inventory(cluster)}
        store = open_store(f"sqlite:///{home / 'bench.db'}")
        store.prepare()
        clock = SystemClock()
        self._cluster = cluster
        self._sites = Sites(inventory, home / "known_hosts")
        self._catalogue = {action.spec.name: action for action in actions()}
        self._ending = Ending(store, IN_FORCE, clock)
        self._gate = Gate(store, IN_FORCE, clock)
        journal = Journal(store, Book(IN_FORCE, clock), clock, "bench")
        self._runner = Runner(journal, ActionCarrier(self._catalogue, self._sites, Texts()))

    def switch(self) -> None:
        promote = self._catalogue["promote"]
        plan = made_plan(promote, promote.asked(cluster="main", node=_other(self._cluster)), self._sites, "main")
        assert isinstance(plan, Plan), plan
        request = self._gate.open(actor("ana"), plan, origin="bench", channel="ops")
        assert not isinstance(request, Refusal), request
        self._gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=Typed(plan.target))
        (grant,) = self._ending.claimable()
        ended = self._runner.start(grant)
        assert not isinstance(ended, Refusal), ended
        assert ended.outcome == "succeeded", ended.error


def _by_hand(cluster: DemoCluster) -> None:
    """What a practised person's script does: fence, stop, see the shutdown record arrive, promote, repoint."""
    old, new = str(cluster.primary()), _other(cluster)
    inventory, site = as_inventory(cluster), site_for(cluster)
    others = [name for name in cluster.nodes if name != new]
    with cluster.connect(old) as primary, cluster.connect(new) as candidate:
        for name in others:
            candidate.execute("SELECT pg_create_physical_replication_slot(%s, true)", (name,))
        primary.execute("CHECKPOINT")
        _point(cluster, old, new)
        node = inventory.node(old)
        site.shell(node).write(f"{node.data}/standby.signal", "")
        stop = [f"{node.bin}/pg_ctl", "-D", node.data, "-m", "fast", "-W", "stop"]
        site.shell(node).run(stop, timeout=20)
        while (ended := read_state(site.shell(node), node)).state != "shut down":
            time.sleep(0.005)
        behind = "SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn > %s"
        while not _true(candidate.execute(behind, (ended.checkpoint,)).fetchone()):
            time.sleep(0.005)
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


def _point(cluster: DemoCluster, name: str, source: str) -> None:
    with cluster.connect(name) as connection:
        found = connection.execute("SELECT current_setting('primary_conninfo')").fetchone()
        words = [word for word in str(found[0] if found else "").split() if not word.startswith("port=")]
        conninfo = " ".join([*words, f"port={cluster.nodes[source].port}"])
        if "user=" not in conninfo:
            conninfo += f" host=127.0.0.1 user=replicator passfile={cluster.passfile}"
        for setting, value in (("primary_conninfo", conninfo), ("primary_slot_name", name)):
            connection.execute(f"ALTER SYSTEM SET {setting} = '{value.replace(chr(39), chr(39) * 2)}'")
        connection.execute("SELECT pg_reload_conf()")


def _gap(log: Path, switch: object) -> float:
    time.sleep(SETTLE)
    began = datetime.now(UTC)
    switch()  # type: ignore[operator]
    time.sleep(SETTLE)
    return longest_gap(log, since=began, until=datetime.now(UTC)) * 1000


def _other(cluster: DemoCluster) -> str:
    return "db1" if cluster.primary() == "db2" else "db2"


def _true(found: object) -> bool:
    return bool(found and found[0])  # type: ignore[index]


def _until(holds: object) -> None:
    while not holds():  # type: ignore[operator]
        time.sleep(0.01)


@contextmanager
def _writer(cluster: DemoCluster, home: Path) -> Iterator[Path]:
    log = home / "writer.log"
    words = [sys.executable, "-m", "sandbox.writer", "--log", str(log), "--status", str(home / "writer.json")]
    process = subprocess.Popen([*words, "--dsn", cluster.rw_dsn()])
    try:
        yield log
    finally:
        process.terminate()
        process.wait(timeout=10)
