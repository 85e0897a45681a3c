"""A failover and the old primary's way back, each trap of pg_rewind in one story (findings 1.2, 1.3, 1.4)."""

import pytest

from actions import promote, resync
from fleet.postgres.control import read_control
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from sandbox.layout import SUPERUSER
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.trouble import change, in_step, rows, way, write
from tests.fixtures.trouble import planned as way_back
from tests.fixtures.walk import planned, walk

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

OWN = ("port", "cluster_name", "work_mem", "primary_slot_name")


def shown(cluster: DemoCluster, name: str, *settings: str) -> list[str]:
    with cluster.connect(name, SUPERUSER) as connection:
        query = "SELECT current_setting(%s)"
        return [str((connection.execute(query, (setting,)).fetchone() or [""])[0]) for setting in settings]


def test_an_old_primary_is_rewound_right_after_a_promotion_and_stays_itself(cluster: DemoCluster, site: Reach) -> None:
    for name, memory in (("db1", "7MB"), ("db2", "9MB")):  # in the file that pg_rewind overwrites
        for setting, value in zip(OWN, (str(cluster.nodes[name].port), name, memory), strict=False):
            change(cluster, name, setting, value)
    cut_off_with_rows_of_its_own(cluster, site)
    failover = planned(promote.ACTION, promote.Asked("main", "db2"), site)
    walk(promote.ACTION, failover, site, until="prove")
    new = site.cluster.node("db2")
    view = observe(site)
    assert view.nodes["db2"].timeline == 2
    assert read_control(site.shell(new), new).timeline == 1  # a spread checkpoint takes minutes to tell
    made = way_back(site, "db1")
    assert way(made) == "rewind"
    assert (cluster.nodes["db1"].data / "standby.signal").exists()  # the failover's fence; pg_rewind can't stand it
    evidence = Carrier(resync.ACTION, made, site).all()
    assert "servers diverged" in evidence["rewind"].text  # up to 15 it denies that before a checkpoint
    assert read_control(site.shell(new), new).timeline == 2
    in_step(cluster, "db2", "db1")
    assert shown(cluster, "db1", *OWN) == [str(cluster.nodes["db1"].port), "db1", "7MB", "db1"]
    auto = (cluster.nodes["db1"].data / "postgresql.auto.conf").read_text()
    assert [auto.count(f"{name} =") for name in ("primary_conninfo", "primary_slot_name", "port")] == [1, 1, 1]
    assert observe(site).nodes["db1"].slots == ()


def cut_off_with_rows_of_its_own(cluster: DemoCluster, site: Reach) -> None:
    """Have db1 commit what nobody else gets, then die of it."""
    nowhere = f"host=127.0.0.1 port=1 user=replicator passfile={cluster.passfile}"
    for name in ("db2", "db3"):
        change(cluster, name, "primary_conninfo", nowhere)
    until(lambda: not any(node.streaming for node in observe(site).standbys))
    write(cluster, "db1", 40)
    cluster.kill("db1")
    assert rows(cluster, "db2") == 20_000
