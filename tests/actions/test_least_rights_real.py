"""The rights that the how-to has a site grant are enough for what it promises, on real servers."""

import re
from pathlib import Path

import pytest

from actions import forward, pause, promote, resume, status
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from sandbox.layout import SUPERUSER
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.walk import planned, walk

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/howto/own-cluster.md"


def granted(cluster: DemoCluster) -> None:
    """Make the bot's role what the how-to makes it."""
    found = re.search(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    bare = re.sub(r"--.*", "", found[1])
    grants = [part.strip() for part in bare.split(";") if part.strip().startswith("GRANT")]
    assert len(grants) >= 5
    on(cluster, "db1", *grants, "ALTER ROLE seconder NOSUPERUSER REPLICATION")


def test_with_the_rights_of_the_how_to_a_primary_changes_and_a_standby_is_paused_rolled_and_resumed(
    cluster: DemoCluster, site: Reach
) -> None:
    granted(cluster)
    assert status.answer(status.Asked("main"), observe(site)).level == "ok"
    assert walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main", "db2"), site), site).failed is None
    until(lambda: all(node.streaming for node in observe(site).standbys))
    one = "main", "db3"
    assert walk(pause.ACTION, planned(pause.ACTION, pause.Asked(*one), site), site).failed is None
    with cluster.connect("db2", SUPERUSER) as connection:
        connection.execute("CREATE TABLE later AS SELECT 1 AS n")
        row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
    assert row is not None
    until(lambda: (observe(site).lag("db3") or 0) == 0)
    rolled = planned(forward.ACTION, forward.Asked(*one, str(row[0])), site)
    assert walk(forward.ACTION, rolled, site).failed is None
    assert walk(resume.ACTION, planned(resume.ACTION, resume.Asked(*one), site), site).failed is None
    until(lambda: observe(site).nodes["db3"].streaming)
