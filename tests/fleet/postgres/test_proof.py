"""A shutdown record that is not there yet is looked for again; one that was seen is not."""

import pytest

from fleet.postgres import control, proof
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.cut_off import CutOff
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until

__all__ = ["cluster", "site"]


@pytest.mark.postgres
def test_a_record_that_comes_later_is_found_and_the_machine_is_not_asked_again(
    cluster: DemoCluster, site: Reach
) -> None:
    way = CutOff(site, away="")
    db1, db2 = site.cluster.node("db1"), site.cluster.node("db2")
    on(cluster, "db1", "CHECKPOINT")  # the one before is initdb's, of a clean stop
    now = control.read_control(site.shell(db1), db1).checkpoint
    proof.begin(way, db2, 1, now)
    assert not proof.holds(way, db2, 1, now), "an online checkpoint's record is none of a clean stop"
    cluster.stop("db1")
    ended = control.read_control(site.shell(db1), db1).checkpoint
    proof.begin(way, db2, 1, ended)
    until(lambda: proof.holds(way, db2, 1, ended))
    way.away = "db2"
    assert proof.holds(way, db2, 1, ended)
