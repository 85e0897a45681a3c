"""Whether a standby could become the primary, asked of real servers: what a promotion would meet is met here first."""

import pytest

from actions import promote, ready
from actions.contract import Answer
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.walk import refusal

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres


def asked(site: Reach, node: str | None = None) -> Answer:
    question = promote.Asked("main", node)
    return ready.answer(question, promote.look(question, site))


def test_yes_then_no_with_the_reason_that_a_promotion_would_give_then_yes_for_a_dead_primary(
    cluster: DemoCluster, site: Reach
) -> None:
    yes = asked(site)
    assert (yes.level, yes.data["could"], yes.data["node"]) == ("ok", True, "db2")
    for name in ("db2", "db3"):
        on(cluster, name, "SELECT pg_wal_replay_pause()")
    until(lambda: all(node.replay_paused for node in observe(site).standbys))
    no = asked(site, "db3")
    assert (no.level, no.data["could"]) == ("warn", False)
    assert no.data["why"] == vars(refusal(promote.ACTION, promote.Asked("main", "db3"), site))
    for name in ("db2", "db3"):
        on(cluster, name, "SELECT pg_wal_replay_resume()")
    cluster.kill("db1")
    until(lambda: observe(site).primary is None)
    dead = asked(site)
    assert (dead.level, dead.data["could"], dead.data["planned"]) == ("warn", True, False)
    assert observe(site).primary is None  # nothing was changed
