from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from actions import promote
from core.plan import Step
from fleet.postgres import hung
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.walk import planned, refusal, walk

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

ANY = promote.Asked("main")


@contextmanager
def hanging(cluster: DemoCluster, site: Reach) -> Iterator[None]:
    """All processes of db1 stopped where they are, long enough for its standbys to notice."""
    for name in ("db2", "db3"):
        on(cluster, name, "ALTER SYSTEM SET wal_receiver_timeout = '1500ms'", "SELECT pg_reload_conf()")
    cluster.freeze("db1")
    try:
        until(lambda: not any(node.streaming for node in observe(site).standbys))
        yield
    finally:
        cluster.thaw("db1")


def test_a_primary_that_hangs_is_killed_behind_a_fence_and_replaced(cluster: DemoCluster, site: Reach) -> None:
    with hanging(cluster, site):
        plan = planned(promote.ACTION, ANY, site)
        assert plan.caps == {"wal_bytes": 16 * 1024**2, "wal_seconds": 10}
        assert any("answers nobody, not on its own machine either" in note for note in plan.notes)
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None
        assert walked.steps == ["hung", "halt", "weigh", "promote", "prove", "follow"]
        assert "killed" in walked.evidence["halt"].text
    view = observe(site)
    assert view.primary is not None
    assert (view.primary.name, view.nodes["db1"].state, view.nodes["db3"].streaming) == ("db2", "down", True)
    cluster.start("db1")
    assert cluster.role("db1") == "standby"


def test_a_hanging_primary_that_goes_on_is_left_alone(cluster: DemoCluster, site: Reach) -> None:
    def thawed(step: Step) -> None:
        if step.name == "halt":
            cluster.thaw("db1")
            until(lambda: cluster.role("db1") == "primary")

    with hanging(cluster, site):
        walked = walk(promote.ACTION, planned(promote.ACTION, ANY, site), site, before=thawed)
    assert walked.failed is not None
    assert walked.failed.code == "PRIMARY-BACK"
    assert cluster.primary() == "db1"


def test_a_killed_primary_is_started_again_when_the_failover_goes_back(cluster: DemoCluster, site: Reach) -> None:
    with hanging(cluster, site):
        hung.halt(site, node="db1")
        hung.revive(site, node="db1")
    assert cluster.primary() == "db1"
    until(lambda: all(node.streaming for node in observe(site).standbys))


def test_a_primary_that_does_not_let_the_bot_in_does_not_hang(cluster: DemoCluster, site: Reach) -> None:
    for name in ("db2", "db3"):
        on(cluster, name, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'", "SELECT pg_reload_conf()")
    hba = cluster.nodes["db1"].data / "pg_hba.conf"
    kept = hba.read_text()
    hba.write_text("local all all reject\nhost all all 127.0.0.1/32 reject\n")
    on(cluster, "db1", "SELECT pg_reload_conf()", "SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
    try:
        until(lambda: not any(node.streaming for node in observe(site).standbys))
        assert refusal(promote.ACTION, ANY, site).code == "PROMOTE-BOT-CUT-OFF"
    finally:
        hba.write_text(kept)
