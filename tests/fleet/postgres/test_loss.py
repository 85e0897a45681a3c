"""What a failover would lose is read from the WAL once, and again after anything was written to it."""

from dataclasses import replace

import pytest

from core.errors import SeconderError
from fleet.inventory import Node
from fleet.postgres import loss, standing, wal
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until

__all__ = ["cluster", "site"]
pytestmark = pytest.mark.postgres


def crash_after(cluster: DemoCluster, rows: int) -> None:
    """Have the primary write and die; it may have been dead before."""
    with cluster.connect("db1") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS late (n int)")
        for n in range(rows):
            connection.execute("INSERT INTO late VALUES (%s)", (n,))
    cluster.kill("db1")


def blind(node: Node) -> Node:
    """A node on whose machine none of PostgreSQL's programs is found."""
    return replace(node, bin="/nonexistent")


def test_what_was_read_under_a_seal_is_not_read_again_while_the_seal_holds(cluster: DemoCluster, site: Reach) -> None:
    db1, db2 = site.cluster.node("db1"), site.cluster.node("db2")
    crash_after(cluster, 3)
    seal = wal.seal(site.shell(db1), db1)
    found, here = loss.measure(site, db1, db2), standing.where(site, db2)
    assert wal.seal(site.shell(db1), db1) == seal != ""
    assert found.seal == seal
    assert loss.lacks(site, blind(db1), here, seal) == found
    with pytest.raises(SeconderError):
        loss.lacks(site, blind(db1), here, "another")


def test_a_server_that_was_up_since_then_is_read_again(cluster: DemoCluster, site: Reach) -> None:
    db1, db2 = site.cluster.node("db1"), site.cluster.node("db2")
    crash_after(cluster, 3)
    before, found = wal.seal(site.shell(db1), db1), loss.measure(site, db1, db2)
    cluster.stop("db2")
    cluster.start("db1")
    crash_after(cluster, 5)
    cluster.start("db2")
    until(lambda: cluster.role("db2") == "standby")
    again = loss.measure(site, db1, db2)
    assert again.seal != before
    assert again.at > found.at
    assert again.commits >= 5


def test_where_files_can_not_be_looked_at_there_is_no_seal_and_all_is_read_each_time(site: Reach) -> None:
    db1, read = site.cluster.node("db1"), list[str]()
    assert wal.seal(site.shell(db1), replace(db1, data="/nonexistent")) == ""
    for seal in ("", "", "one", "one"):
        loss._once(site, seal, db1, "end", lambda: read.append("again"))
    assert read == ["again"] * 3
