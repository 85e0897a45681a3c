"""Nodes of a real cluster copied whole, and taken back when that fails."""

import pytest

from actions import promote, status
from actions.resync import ACTION
from fleet.postgres import control
from fleet.postgres.observe import observe
from fleet.site import Site
from sandbox.cluster import DemoCluster
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.trouble import change, in_step, planned, refused, site, way, write
from tests.fixtures.walk import refusal

pytestmark = pytest.mark.postgres
__all__ = ["cluster", "site"]


def test_a_standby_is_copied_whole_and_its_old_folder_kept(cluster: DemoCluster, site: Site) -> None:
    made = planned(site, "db3", rebuild=True)
    assert way(made) == "copy"
    assert not any(step.ponr for step in made.steps)
    carrier = Carrier(ACTION, made, site, "run-copy")
    carrier.all()
    in_step(cluster, "db1", "db3")
    assert (cluster.nodes["db3"].folder / "data.old.run-copy" / "PG_VERSION").exists()
    assert (cluster.nodes["db3"].folder / "work" / "copied-db1").exists()  # for the next estimate
    with cluster.connect("db3") as connection:
        assert connection.execute("SHOW primary_slot_name").fetchone() == ("db3",)


def test_a_copy_may_be_taken_from_another_standby_and_follow_it(cluster: DemoCluster, site: Site) -> None:
    made = planned(site, "db3", rebuild=True, source="db2", follow="db2")
    assert any("copies" in cost and "db2" in cost for cost in made.costs)
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db3")
    with cluster.connect("db2") as connection:
        assert connection.execute(
            "SELECT slot_name FROM pg_stat_replication JOIN pg_replication_slots ON active_pid = pid"
        ).fetchone() == ("db3",)
    assert refused(site, "db3").code == "RESYNC-NOT-NEEDED"


def test_a_bot_killed_in_any_step_of_a_copy_leaves_nothing_that_its_successor_cannot_finish(
    cluster: DemoCluster, site: Site
) -> None:
    made = planned(site, "db3", rebuild=True)
    carrier = Carrier(ACTION, made, site)
    for n in range(1, len(made.steps) + 1):
        carrier.killed_in(n, "actions.resync", after=0.06)
        carrier.take_up(n)
    in_step(cluster, "db1", "db3")


@pytest.mark.parametrize("last", ["copy", "settle", "swap", "start"])
def test_a_copy_that_fails_is_taken_back_to_the_old_folder(cluster: DemoCluster, site: Site, last: str) -> None:
    mark = cluster.nodes["db3"].data / "old.mark"
    mark.touch()
    carrier = Carrier(ACTION, planned(site, "db3", rebuild=True), site, "run-back")
    n = carrier.until(last)
    carrier.do(n)
    undone = carrier.back(n)
    assert undone[-1] == "start"
    assert mark.exists()
    assert (cluster.nodes["db3"].folder / "data.failed.run-back").is_dir()
    assert not (cluster.nodes["db3"].folder / "data.old.run-back").exists()
    in_step(cluster, "db1", "db3")


def test_a_lost_data_folder_is_copied_again(cluster: DemoCluster, site: Site) -> None:
    cluster.kill("db3")
    data = cluster.nodes["db3"].data
    data.rename(data.with_name("gone"))
    made = planned(site, "db3")
    assert way(made) == "copy"
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db3")


def two_writers_on_one_timeline(cluster: DemoCluster) -> None:
    """Make a second primary the wrong way: without standby.signal it writes on the same timeline."""
    cluster.stop("db2")
    (cluster.nodes["db2"].data / "standby.signal").unlink()
    cluster.start("db2")
    write(cluster, "db2", 3000)


def test_a_node_that_wrote_on_the_same_timeline_is_never_taken_for_healthy(cluster: DemoCluster, site: Site) -> None:
    two_writers_on_one_timeline(cluster)
    change(cluster, "db2", "default_transaction_read_only", "on")  # one SET undoes it: it is no fence
    assert refused(site, "db2").code == "RESYNC-TWO-PRIMARIES"
    view = observe(site)
    assert {(node.sysid, node.timeline) for node in view.primaries} == {(view.nodes["db3"].sysid, 1)}
    assert status.answer(status.Asked("main"), view).data["findings"][0]["code"] == "SPLIT-BRAIN"  # type: ignore[index]  # plain data
    assert refusal(promote.ACTION, promote.Asked("main", "db3"), site).code == "PROMOTE-SPLIT-BRAIN"
    cluster.stop("db2")
    write(cluster, "db1", 9000)  # the right one is ahead again: its LSN hides the fork
    made = planned(site, "db2")
    assert way(made) == "copy"
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


def test_a_fork_on_the_same_timeline_is_seen_in_the_wal_itself(cluster: DemoCluster, site: Site) -> None:
    two_writers_on_one_timeline(cluster)
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_switch_wal()")
    cluster.stop("db2")
    control.fence(site.shell(site.cluster.node("db2")), site.cluster.node("db2"))
    write(cluster, "db1", 9000)
    with cluster.connect("db1") as connection:
        connection.execute("SELECT pg_switch_wal()")
    write(cluster, "db1", 9000)
    cluster.start("db2")  # as a standby, as a person might: it may well say that it streams
    made = planned(site, "db2")
    assert way(made) == "copy"
    assert any("same timeline" in note or "own timeline" in note for note in made.notes)
