"""From the point of no return on: what would keep a promotion from ending is seen before it begins."""

import pytest

from actions import promote
from fleet.postgres import standing
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.trouble import change
from tests.fixtures.walk import planned, walk

__all__ = ["cluster", "site"]

_WAITS = "SELECT FROM pg_stat_activity WHERE backend_type = 'startup' AND wait_event_type = 'Lock'"


@pytest.mark.postgres
def test_a_failover_to_a_standby_whose_replay_waits_for_a_query_ends_before_the_promotion_and_works_without_the_query(
    cluster: DemoCluster, site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "REPLAY_TIME", 1.0)  # seconds
    change(cluster, "db2", "max_standby_streaming_delay", "-1")
    with cluster.connect("db2") as reader, cluster.connect("db2") as other:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM reading")
        on(cluster, "db1", "ALTER TABLE reading ADD COLUMN remark text")
        until(lambda: other.execute(_WAITS).fetchone() is not None)
        cluster.kill("db1")
        walked = walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main", "db2"), site), site)
        assert walked.failed is not None
        assert (walked.failed.code, walked.steps[-1]) == ("NOT-REPLAYING", "fence")
        assert "Lock relation" in walked.failed.message
        assert observe(site).primaries == ()
    walked = walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main", "db2"), site), site)
    assert walked.failed is None
    assert cluster.primary() == "db2"
