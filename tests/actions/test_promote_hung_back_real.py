import pytest

from actions import promote
from core.plan import Step
from fleet.postgres import hung
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on
from tests.fixtures.hanging import deaf, hanging
from tests.fixtures.postgres import cluster
from tests.fixtures.site import site, until
from tests.fixtures.walk import planned, refusal, walk

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

ANY = promote.Asked("main")


def test_a_hanging_primary_that_goes_on_is_left_alone_and_one_that_was_killed_is_started_again(
    cluster: DemoCluster, site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hung, "_SOFT", 1.0)  # seconds: who is frozen takes no polite signal however long one waits

    def thawed(step: Step) -> None:
        if step.name == "halt":
            cluster.thaw("db1")
            until(lambda: cluster.role("db1") == "primary")

    with hanging(cluster):
        walked = walk(promote.ACTION, planned(promote.ACTION, ANY, site), site, before=thawed)
        assert walked.failed is not None
        assert walked.failed.code == "PRIMARY-BACK"
        assert cluster.primary() == "db1"
        cluster.freeze("db1")
        hung.halt(site, node="db1")
        hung.revive(site, node="db1")
    assert cluster.primary() == "db1"
    until(lambda: not deaf(cluster))


def test_a_primary_that_does_not_let_the_bot_in_does_not_hang(cluster: DemoCluster, site: Reach) -> None:
    for name in ("db2", "db3"):
        on(cluster, name, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'", "SELECT pg_reload_conf()")
    hba = cluster.nodes["db1"].data / "pg_hba.conf"
    kept = hba.read_text()
    hba.write_text("local all all reject\nhost all all 127.0.0.1/32 reject\n")
    on(cluster, "db1", "SELECT pg_reload_conf()", "SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
    try:
        until(lambda: deaf(cluster))
        assert refusal(promote.ACTION, ANY, site).code == "PROMOTE-BOT-CUT-OFF"
    finally:
        hba.write_text(kept)
