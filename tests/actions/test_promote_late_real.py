"""What changed after the last look at a cluster whose primary is dead is seen before anything is done."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from actions import promote
from core.plan import Step
from fleet.postgres import control, failover, process
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.orphans import orphan
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site
from tests.fixtures.walk import Walked, planned, walk

__all__ = ["cluster", "site"]


def late(site: Reach, at: str, happens: Callable[[], object]) -> Walked:
    """Fail over from a dead db1 to db2, while something happens right before a step."""

    def before(step: Step) -> None:
        if step.name == at:
            happens()

    return walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main", "db2"), site), site, before=before)


def code(walked: Walked) -> str:
    assert walked.failed is not None
    return walked.failed.code


@pytest.mark.postgres
def test_a_primary_that_is_back_since_the_look_is_left_alone_and_serves(cluster: DemoCluster, site: Reach) -> None:
    db1 = site.cluster.node("db1")
    cluster.kill("db1")
    walked = late(site, "fence", lambda: cluster.start("db1"))
    assert (code(walked), walked.undone) == ("PRIMARY-BACK", ["unfence"])
    assert [node.name for node in observe(site).primaries] == ["db1"]
    assert not control.fenced(site.shell(db1), db1)


@pytest.mark.postgres
def test_another_primary_since_the_look_ends_it_and_the_dead_one_is_not_touched(
    cluster: DemoCluster, site: Reach
) -> None:
    db1 = site.cluster.node("db1")
    cluster.kill("db1")

    def somebody_else() -> None:
        with cluster.connect("db3") as connection:
            connection.execute("SELECT pg_promote()")

    walked = late(site, "fence", somebody_else)
    assert (code(walked), walked.undone) == ("TWO-PRIMARIES", ["unfence"])
    assert [node.name for node in observe(site).primaries] == ["db3"]
    assert not control.fenced(site.shell(db1), db1)


@pytest.mark.postgres
def test_a_dead_primary_that_is_started_behind_its_fence_takes_no_writes_and_nobody_is_promoted(
    cluster: DemoCluster, site: Reach
) -> None:
    db1 = site.cluster.node("db1")
    cluster.kill("db1")

    def somebody() -> None:
        cluster.start("db1")
        time.sleep(failover.MOMENT)  # for which what the fence's own program saw counts

    assert code(late(site, "promote", somebody)) == "NOT-FENCED"
    assert observe(site).primaries == ()
    assert not process.gone(site.shell(db1), db1)


@pytest.mark.postgres
def test_an_orphan_that_still_works_in_the_dead_primarys_folder_keeps_it_from_being_replaced(
    cluster: DemoCluster, site: Reach
) -> None:
    cluster.kill("db1")
    with ExitStack() as stack:
        walked = late(site, "fence", lambda: stack.enter_context(orphan(site.cluster.node("db1"))))
        assert (code(walked), walked.undone) == ("PRIMARY-BACK", ["unfence"])
        assert observe(site).primaries == ()
