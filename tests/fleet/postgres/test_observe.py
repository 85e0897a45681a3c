import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from core.clock import SystemClock
from fleet.errors import TimedOut
from fleet.postgres import datadir, lsn, rows, wal
from fleet.postgres.control import read_control
from fleet.postgres.observe import observe
from fleet.postgres.patience import patience
from fleet.postgres.statements import node_statement
from fleet.reach import Reach
from sandbox.cluster import DemoCluster, build
from sandbox.layout import put
from tests.fixtures.postgres import cluster, require_bin
from tests.fixtures.site import site_for

__all__ = ["cluster"]

pytestmark = pytest.mark.postgres


@pytest.fixture
def site(cluster: DemoCluster) -> Iterator[Reach]:
    reach = site_for(cluster)
    deadline = time.monotonic() + 15
    while len(observe(reach).standbys) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield reach
    reach.close()


def test_a_cluster_is_seen_whole(cluster: DemoCluster, site: Reach) -> None:
    with cluster.connect("db1") as held:
        held.execute("SET application_name = 'web'")
        view = observe(site)
    db1, db2 = view.nodes["db1"], view.nodes["db2"]
    assert [node.state for node in view.nodes.values()] == ["primary", "standby", "standby"]
    assert {node.timeline for node in view.nodes.values()} == {1}
    assert len({node.sysid for node in view.nodes.values()}) == 1
    assert db1.sessions == {"web": 1}
    assert {slot.name: slot.active for slot in db1.slots} == {"db2": True, "db3": True}
    assert db1.archiver is not None
    assert db1.archiver.mode == "on"
    assert db2.streaming
    assert db2.receiver is not None
    assert (db2.receiver.slot, db2.receiver.received_tli) == ("db2", 1)
    assert db2.receiver.sender_port == cluster.nodes["db1"].port
    assert db2.restore_command
    assert db2.settings["primary_slot_name"] == "db2"
    assert not any("password" in value for value in db2.settings.values())
    assert view.sender("db2") is not None
    assert db1.clock_skew is not None
    assert abs(db1.clock_skew) < 1
    assert all(slot.safe is not None and slot.safe > 0 for slot in db1.slots)  # the demo sets a limit
    assert db1.paces == ()  # its servers have run for less than a minute


def test_an_older_server_tells_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SHORTEST", 0.0)
    older = build(tmp_path, nodes=("db1",), bin_dir=require_bin(15))
    reach = site_for(older)
    try:
        with older.connect("db1") as connection:
            connection.execute("SELECT pg_create_physical_replication_slot('db3', true)")
        db1 = observe(reach).nodes["db1"]
    finally:
        reach.close()
        older.remove()
    assert (db1.state, db1.version // 10000, len(db1.paces)) == ("primary", 15, 2)
    assert [(slot.name, slot.active, (slot.safe or 0) > 0) for slot in db1.slots] == [("db3", False, True)]


def test_a_server_without_statistics_of_wal_is_seen_all_the_same(site: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SHORTEST", 0.0)
    with site.connect(site.cluster.node("db1")) as connection:
        row = connection.execute(node_statement(130000)).fetchone()
    assert row is not None
    (pace,) = rows.node_view("db1", row, SystemClock().now()).paces
    assert pace.seconds > 0


def test_stopped_killed_and_frozen_are_told_apart(cluster: DemoCluster, site: Reach) -> None:
    cluster.stop("db2")
    cluster.kill("db3")
    cluster.freeze("db1")
    try:
        began = time.monotonic()
        view = observe(site, deadline=1.0)
        took = time.monotonic() - began
    finally:
        cluster.thaw("db1")
    db1, db2, db3 = (view.nodes[name] for name in ("db1", "db2", "db3"))
    assert (db1.state, db2.state, db3.state) == ("unknown", "down", "down")
    assert db1.control is not None
    assert db1.control.may_write
    assert db2.control is not None
    assert db2.control.state == "shut down in recovery"
    assert db3.control is not None
    assert db3.control.state == "in archive recovery"
    assert took < 8


def test_a_block_that_takes_too_long_is_cut_off_on_our_side(site: Reach) -> None:
    with (
        site.connect(site.cluster.node("db1")) as connection,
        pytest.raises(TimedOut),
        patience(connection, 0.2, "The nap"),
    ):
        connection.execute("SELECT pg_sleep(30)")


def test_the_wal_of_a_dead_server_is_read_to_its_end(cluster: DemoCluster, site: Reach) -> None:
    cluster.stop("db2")
    cluster.stop("db3")
    with cluster.connect("db1") as connection:
        before = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        for n in range(3):
            connection.execute("INSERT INTO reading VALUES (%s, now(), 'x', 1)", (900_000 + n,))
        after = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    assert before is not None
    assert after is not None
    cluster.kill("db1")
    db1 = site.cluster.node("db1")
    shell = site.shell(db1)
    found = read_control(shell, db1)
    assert wal.end_of_wal(shell, db1, 1, found.redo) >= lsn.parse(after[0])
    commits = wal.commits_after(shell, db1, 1, lsn.parse(before[0]))
    assert commits.count == 3
    assert commits.first is not None
    assert commits.last is not None
    assert commits.first <= commits.last
    assert wal.holds_shutdown(shell, db1, 1, found.checkpoint)  # the one that initdb wrote
    assert not wal.holds_shutdown(shell, db1, 1, lsn.parse(before[0]))


def test_wal_is_read_where_the_first_file_that_is_found_was_made_in_advance_and_is_empty(
    cluster: DemoCluster, site: Reach
) -> None:
    cluster.kill("db1")
    db1 = site.cluster.node("db1")
    shell = site.shell(db1)
    found, data = read_control(shell, db1), datadir.look(shell, db1)
    assert data is not None

    def read() -> tuple[object, ...]:
        place, end = found.checkpoint, wal.end_of_wal(shell, db1, 1, found.redo)
        return wal.holds_shutdown(shell, db1, 1, place), end, wal.commits_after(shell, db1, 1, place).count

    before, end = read(), datadir.end(shell, db1, data)
    for n in count(2):
        empty = cluster.nodes["db1"].data / "pg_wal" / f"0000000100000000{n:08X}"
        if not empty.exists():
            put(empty, "")
            os.truncate(empty, lsn.SEGMENT)
        plain = [f"{db1.bin}/pg_waldump", "-p", str(empty.parent), "-s", lsn.show(found.redo), "-n", "1"]
        if "power of two" in shell.run(plain, timeout=10).err:  # which file is found first only the file system knows
            break
        assert n < 250
    assert read() == before
    assert datadir.end(shell, db1, data) == end
    assert end.position == before[1]
