import pytest

from actions import promote
from fleet.postgres import hung, process
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.hanging import hanging
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site
from tests.fixtures.walk import planned, walk

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

ANY = promote.Asked("main")


def test_a_primary_that_hangs_is_killed_behind_a_fence_and_replaced(
    cluster: DemoCluster, site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hung, "_SOFT", 1.0)  # seconds: who is frozen takes no polite signal however long one waits
    with hanging(cluster):
        plan = planned(promote.ACTION, ANY, site)
        assert plan.caps == {"wal_bytes": 16 * 1024**2, "wal_seconds": 10}
        assert any("answers nobody, not on its own machine either" in note for note in plan.notes)
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None
        assert walked.steps == ["hung", "halt", "weigh", "promote", "prove", "follow", "archive"]
        assert "killed" in walked.evidence["halt"].text
    view = observe(site)
    assert view.primary is not None
    assert (view.primary.name, view.nodes["db1"].state, view.nodes["db3"].streaming) == ("db2", "down", True)
    old = site.cluster.node("db1")
    process.start(site.shell(old), old, timeout=30)  # waits for whoever has to bury the killed one
    assert cluster.role("db1") == "standby"
