"""Old primaries of a real cluster, rewound or merely started as standbys; never as a primary."""

import pytest

from actions.resync import ACTION
from core.errors import StepFailed
from core.plan import Risk
from fleet.postgres import control
from fleet.site import Site
from sandbox.cluster import DemoCluster
from sandbox.running import wait_for
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.trouble import change, fail_over, in_step, planned, refused, rows, site, way, write

pytestmark = pytest.mark.postgres
__all__ = ["cluster", "site"]


def test_a_killed_old_primary_with_rows_of_its_own_is_rewound(cluster: DemoCluster, site: Site) -> None:
    port = cluster.nodes["db1"].port
    fail_over(cluster, lost=300)
    made = planned(site, "db1")
    assert way(made) == "rewind"
    assert made.risk is Risk.DESTRUCTIVE
    assert made.target == "db1"
    assert any("only db1 has" in cost for cost in made.costs)
    assert made.plan_hash == planned(site, "db1").plan_hash
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db2", "db1")
    assert rows(cluster, "db1") == 20_050
    with cluster.connect("db1") as connection:
        assert connection.execute("SHOW port").fetchone() == (str(port),)
        assert connection.execute("SHOW primary_slot_name").fetchone() == ("db1",)
    assert refused(site, "db1").code == "RESYNC-NOT-NEEDED"


def test_an_old_primary_without_rows_of_its_own_only_follows(cluster: DemoCluster, site: Site) -> None:
    cluster.stop("db3")  # it would go on streaming from db1, through a slot that is in use then
    cluster.stop("db1")
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    made = planned(site, "db1")
    assert way(made) == "repair"
    assert made.risk is Risk.CHANGE
    carrier = Carrier(ACTION, made, site)
    carrier.all()
    in_step(cluster, "db2", "db1")
    assert "db2" in carrier.evidence["tidy"].text  # its slot would have pinned WAL
    with cluster.connect("db1") as connection:
        assert connection.execute("SELECT slot_name FROM pg_replication_slots").fetchall() == []


def test_a_bot_killed_in_any_step_of_a_rewind_leaves_nothing_that_its_successor_cannot_finish(
    cluster: DemoCluster, site: Site
) -> None:
    fail_over(cluster, lost=300)
    made = planned(site, "db1")
    carrier = Carrier(ACTION, made, site)
    for n, step in enumerate(made.steps, start=1):
        carrier.killed_in(n, "actions.resync", after=0.15 if step.name == "rewind" else 0.05)
        assert cluster.role("db1") != "primary"
        carrier.take_up(n)
    in_step(cluster, "db2", "db1")


def test_a_failed_rewind_leaves_the_node_down_fenced_and_to_be_copied(cluster: DemoCluster, site: Site) -> None:
    fail_over(cluster, lost=300)
    made = planned(site, "db1")
    carrier = Carrier(ACTION, made, site)
    n = carrier.until("rewind")
    (cluster.nodes["db1"].data / "base" / "1" / "PG_VERSION").unlink()
    wal = sorted((cluster.nodes["db1"].data / "pg_wal").glob("0" * 7 + "1" + "?" * 16))
    for file in [*wal, *cluster.archive.glob("0*")]:
        file.unlink()
    with pytest.raises(StepFailed) as failed:
        carrier.do(n)
    assert failed.value.code == "REWIND-FAILED"
    node = site.cluster.node("db1")
    assert control.fenced(site.shell(node), node)
    assert cluster.role("db1") == "down"


def checkpointed(cluster: DemoCluster, name: str) -> bool:
    """Checkpoint, which removes what is archived by now; the archiver may be behind."""
    with cluster.connect(name) as connection:
        connection.execute("CHECKPOINT")
    return True


def test_wal_from_before_the_fork_is_fetched_from_the_archive_for_a_rewind(cluster: DemoCluster, site: Site) -> None:
    for name in ("db2", "db3"):
        cluster.stop(name)
    change(cluster, "db1", "wal_keep_size", "0")
    change(cluster, "db1", "min_wal_size", "32MB")
    with cluster.connect("db1") as connection:
        for name in ("db2", "db3"):
            connection.execute("SELECT pg_drop_replication_slot(%s)", (name,))
        for _ in range(5):
            connection.execute("SELECT pg_logical_emit_message(true, 'test', 'beyond the fork')")
            connection.execute("SELECT pg_switch_wal()")
    first = cluster.nodes["db1"].data / "pg_wal" / "000000010000000000000001"
    wait_for(lambda: checkpointed(cluster, "db1") and not first.exists(), 20, "the WAL before the fork to be removed")
    cluster.kill("db1")
    cluster.start("db2")
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    write(cluster, "db2")
    made = planned(site, "db1")
    assert way(made) == "rewind"
    Carrier(ACTION, made, site).all()
    jobs = cluster.nodes["db1"].folder / "work" / "jobs"
    assert [job.name for job in sorted(jobs.glob("*.archive"))] == ["run-0test.3.archive"]
    in_step(cluster, "db2", "db1")


def test_an_old_primary_that_still_writes_is_stopped_fenced_and_rewound(cluster: DemoCluster, site: Site) -> None:
    fail_over(cluster, lost=300, kill=False)
    write(cluster, "db1")
    assert cluster.role("db1") == "primary"
    made = planned(site, "db1")
    assert way(made) == "rewind"
    assert any("STILL ACCEPTS WRITES" in note for note in made.notes)
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db2", "db1")


def test_pg_rewind_is_not_left_to_judge_a_fork_for_itself(cluster: DemoCluster, site: Site) -> None:
    # PostgreSQL 15's denies a fork until the new primary has made a checkpoint.
    wait_for(lambda: rows(cluster, "db2") == 20_000, 10, "db2 to replay the table")
    fail_over(cluster, lost=300)
    made = planned(site, "db1")
    assert way(made) == "rewind"
    evidence = Carrier(ACTION, made, site).all()
    assert "servers diverged" in evidence["rewind"].text
    in_step(cluster, "db2", "db1")
    Carrier(ACTION, planned(site, "db1", rebuild=True), site, "run-1copy").all()
    in_step(cluster, "db2", "db1")
