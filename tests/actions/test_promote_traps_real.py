"""Switchovers into the traps that real servers set, on the oldest and the newest version."""

import time

import pytest

from actions import promote
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.walk import Walked, planned, walk

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres


def switched(site: Reach) -> Walked:
    """Switch to db2 and see that all is well."""
    walked = walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main", "db2"), site), site)
    assert walked.failed is None
    view = observe(site)
    assert [node.name for node in view.primaries] == ["db2"]
    assert [node.streaming for node in view.standbys] == [True, True]
    assert len({node.timeline for node in view.nodes.values()}) == 1
    return walked


def test_a_new_primary_that_waits_for_a_synchronous_standby_that_is_not_there_does_not_hang_the_canary(
    cluster: DemoCluster, site: Reach
) -> None:
    on(cluster, "db2", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    until(lambda: observe(site).nodes["db2"].settings.get("synchronous_standby_names") == "nobody")
    began = time.monotonic()
    switched(site)
    assert time.monotonic() - began < 30


def test_a_slow_archiver_holds_up_the_return_of_the_old_primary_and_not_the_clients(
    cluster: DemoCluster, site: Reach
) -> None:
    slow = f"sleep 3; cp -n %p {cluster.archive}/%f"
    on(cluster, "db1", f"ALTER SYSTEM SET archive_command = '{slow}'", "SELECT pg_reload_conf()")
    on(cluster, "db1", "INSERT INTO reading VALUES (999999, now(), 'x', 1)", "SELECT pg_switch_wal()")
    stopped = switched(site).evidence["stop"].data["seconds"]
    assert isinstance(stopped, float)
    assert stopped < 3  # "shut down" comes before the archiver ends: nobody has to wait for it


def test_a_history_file_that_a_scratch_copy_left_in_the_archive_does_not_lead_anybody_astray(
    cluster: DemoCluster, site: Reach
) -> None:
    stray = cluster.archive / "00000002.history"
    stray.write_text("1\t0/3000028\tno recovery target specified\n")
    stray.chmod(0o644)
    switched(site)
    assert stray.read_text().startswith("1\t0/3000028")
