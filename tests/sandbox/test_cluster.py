import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg
import pytest

from sandbox.by_hand import switch
from sandbox.cluster import DemoCluster, build
from sandbox.errors import SandboxError
from sandbox.layout import BOT, HBA, LOOPBACK, common_settings, quoted
from sandbox.postmaster import family
from sandbox.running import wait_for
from sandbox.servers import must, run, servers_folder
from tests.fixtures.postgres import cluster, require_bin, shared_cluster

__all__ = ["cluster", "shared_cluster"]

pytestmark = pytest.mark.postgres


def one(cluster: DemoCluster, name: str, query: LiteralString) -> object:
    with cluster.connect(name) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_a_fresh_cluster_has_one_primary_and_two_standbys_that_stream(shared_cluster: DemoCluster) -> None:
    assert {name: shared_cluster.role(name) for name in shared_cluster.nodes} == {
        "db1": "primary",
        "db2": "standby",
        "db3": "standby",
    }
    query = (
        "SELECT string_agg(application_name || ' ' || state, ', ' ORDER BY application_name) FROM pg_stat_replication"
    )
    assert one(shared_cluster, "db1", query) == "db2 streaming, db3 streaming"


def test_each_standby_has_its_slot(shared_cluster: DemoCluster) -> None:
    query = "SELECT string_agg(slot_name, ',' ORDER BY slot_name) FROM pg_replication_slots WHERE active"
    assert one(shared_cluster, "db1", query) == "db2,db3"


def test_standbys_have_the_data_when_the_cluster_is_handed_over(shared_cluster: DemoCluster) -> None:
    assert one(shared_cluster, "db3", "SELECT count(*) FROM reading") == 20_000


@pytest.mark.parametrize(
    ("setting", "value"),
    [("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on"), ("data_checksums", "on")],
)
def test_the_servers_are_as_careful_as_real_ones(
    shared_cluster: DemoCluster, setting: LiteralString, value: str
) -> None:
    assert one(shared_cluster, "db1", f"SHOW {setting}") == value


@pytest.mark.parametrize(("setting", "value"), [("wal_log_hints", "on"), ("hot_standby_feedback", "off")])
def test_the_servers_can_be_rewound(shared_cluster: DemoCluster, setting: LiteralString, value: str) -> None:
    assert one(shared_cluster, "db2", f"SHOW {setting}") == value


def test_a_wrong_password_is_refused(shared_cluster: DemoCluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=LOOPBACK, port=shared_cluster.nodes["db1"].port, user=BOT, password="x", dbname="app")


def test_passwords_are_no_open_secret(shared_cluster: DemoCluster) -> None:
    assert "trust" not in HBA
    assert shared_cluster.passfile.stat().st_mode & 0o077 == 0
    assert shared_cluster.passwords[BOT] not in repr(shared_cluster)


def test_the_read_write_address_leads_to_the_primary(shared_cluster: DemoCluster) -> None:
    for address in (shared_cluster.rw_dsn(), shared_cluster.rw_conninfo()):
        with psycopg.connect(address) as connection:
            assert connection.execute("SHOW cluster_name").fetchone() == ("db1",)


def test_wal_arrives_in_the_archive(shared_cluster: DemoCluster) -> None:
    segment = one(shared_cluster, "db1", "SELECT pg_walfile_name(pg_switch_wal())")
    wait_for((shared_cluster.archive / str(segment)).exists, 10, "the segment")


def test_the_archive_takes_a_segment_twice_but_never_another_one_of_that_name(tmp_path: Path) -> None:
    archive = tmp_path / "the archive"
    archive.mkdir()
    segment = tmp_path / "0001"
    settings = common_settings(archive, archiving=True)
    line = next(line for line in settings.splitlines() if line.startswith("archive_command"))
    command = line.split(" = ", 1)[1][1:-1].replace("''", "'").replace("%p", str(segment)).replace("%f", "0001")

    def offer(content: str) -> int:
        segment.write_text(content)
        return os.waitstatus_to_exitcode(os.system(command))

    assert [offer("one"), offer("one"), offer("two")] == [0, 0, 1]
    assert (archive / "0001").read_text() == "one"


def test_values_with_quotes_are_quoted() -> None:
    assert quoted("it's a \\") == "'it''s a \\\\'"


def test_a_killed_node_leaves_no_process_and_comes_back(cluster: DemoCluster) -> None:
    cluster.kill("db1")
    assert family(cluster.nodes["db1"].folder) == []
    assert cluster.role("db1") == "down"
    cluster.start("db1")
    assert cluster.role("db1") == "primary"


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="shared memory is listed on Linux only")
def test_killed_nodes_leave_no_shared_memory_behind(cluster: DemoCluster) -> None:
    assert one(cluster, "db1", "SHOW dynamic_shared_memory_type") == "mmap"  # in the data folder; posix: /dev/shm
    pids = [pid for name in cluster.nodes if (pid := cluster.pid(name))]
    for name in cluster.nodes:
        cluster.kill(name)
    assert sorted(pids) == sorted(pieces(pids))
    cluster.stop_all()
    assert pieces(pids) == []


def pieces(pids: list[int]) -> list[int]:
    """Give the makers, of these processes, of the pieces of System V shared memory that there are."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return [int(row[4]) for row in rows if int(row[4]) in pids]


def test_a_frozen_node_answers_nothing_until_it_is_thawed(cluster: DemoCluster) -> None:
    began = time.monotonic()
    cluster.freeze("db2")
    assert (cluster.frozen("db2"), cluster.alive("db2"), cluster.role("db2")) == (True, True, "unknown")
    assert all(process.status() == psutil.STATUS_STOPPED for process in family(cluster.nodes["db2"].data))
    assert time.monotonic() - began < 2
    cluster.thaw("db2")
    assert cluster.role("db2") == "standby"


def test_a_frozen_node_can_be_killed(cluster: DemoCluster) -> None:
    cluster.freeze("db2")
    cluster.kill("db2")
    assert family(cluster.nodes["db2"].folder) == []


def test_everything_ends_at_once_even_when_a_node_is_frozen(cluster: DemoCluster) -> None:
    cluster.freeze("db3")
    began = time.monotonic()
    cluster.stop_all()
    assert time.monotonic() - began < 10
    assert family(cluster.folder) == []


def test_a_switch_by_hand_moves_the_primary_and_the_old_one_follows(cluster: DemoCluster) -> None:
    switch(cluster, "db1", "db3")
    assert {name: cluster.role(name) for name in cluster.nodes} == {
        "db1": "standby",
        "db2": "standby",
        "db3": "primary",
    }
    assert one(cluster, "db1", "SELECT count(*) FROM pg_replication_slots") == 0


def test_a_rewound_node_comes_up_as_itself(cluster: DemoCluster) -> None:
    cluster.kill("db1")
    one(cluster, "db2", "SELECT pg_promote()")
    with cluster.connect("db2") as connection:
        connection.execute("CHECKPOINT")
    node, source = cluster.nodes["db1"], cluster.nodes["db2"]
    target = f"host={LOOPBACK} port={source.port} user={BOT} dbname=postgres passfile={cluster.passfile}"
    must([cluster.bin / "pg_rewind", "-D", node.data, "--source-server", target, "-R"], cwd=node.folder)
    cluster.start("db1")
    assert one(cluster, "db1", "SHOW port") == str(node.port)
    assert one(cluster, "db1", "SHOW cluster_name") == "db1"
    assert cluster.role("db1") == "standby"


def test_a_node_that_was_copied_anew_comes_up_as_itself(cluster: DemoCluster) -> None:
    cluster.stop("db3")
    node, source = cluster.nodes["db3"], cluster.nodes["db1"]
    node.data.rename(node.folder / "old")
    target = f"host={LOOPBACK} port={source.port} user=replicator passfile={cluster.passfile}"
    must([cluster.bin / "pg_basebackup", "-D", node.data, "-d", target, "-R", "-S", "db3", "-c", "fast"])
    cluster.start("db3")
    assert one(cluster, "db3", "SHOW cluster_name") == "db3"
    cluster.wait_streaming("db1", 2)


def test_debian_s_version_makes_the_same_cluster(tmp_path: Path) -> None:
    made = build(tmp_path, bin_dir=require_bin(15))
    try:
        assert one(made, "db2", "SELECT current_setting('server_version_num')::int / 10000") == 15
    finally:
        made.remove()


@pytest.mark.parametrize("stages", [1, 3, 5])
def test_a_build_that_is_ended_half_way_leaves_nothing_running(tmp_path: Path, stages: int) -> None:
    require_bin()
    servers = servers_folder(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, servers=servers, between=after(stages))
    assert family(servers) == []
    run(["rm", "-rf", servers])


def test_a_node_that_does_not_start_says_where_its_log_is(cluster: DemoCluster) -> None:
    cluster.stop("db2")
    must(["sh", "-c", f"echo nonsense >> {cluster.nodes['db2'].data}/postgresql.conf"])
    with pytest.raises(SandboxError, match="db2 did not start; its log is"):
        cluster.start("db2")


def after(stages: int) -> Callable[[], None]:
    left = iter(range(stages))

    def between() -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    return between
