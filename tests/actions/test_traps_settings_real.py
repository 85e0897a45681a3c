"""Settings and leftovers that a switchover meets: too few connections on a standby, prepared transactions, slots."""

from collections.abc import Iterator

import pytest

from actions import promote, status
from actions.resync import ACTION
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.carry import Carrier
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_shared_cluster as shared_cluster
from tests.fixtures.site import streaming, until
from tests.fixtures.trouble import change, in_step, planned, refused, write
from tests.fixtures.walk import planned as walked_plan
from tests.fixtures.walk import refusal, walk

__all__ = ["shared_cluster"]

pytestmark = pytest.mark.postgres


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Reach]:
    yield from streaming(shared_cluster)


def restarted_with(cluster: DemoCluster, name: str, setting: str, value: str) -> None:
    change(cluster, name, setting, value)
    cluster.stop(name)
    cluster.start(name)


def test_a_standby_paused_because_its_primary_may_have_more_connections_is_not_told_to_go_on_and_fall(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    primary = shared_cluster.primary() or ""
    standbys = [name for name in shared_cluster.nodes if name != primary]
    restarted_with(shared_cluster, primary, "max_connections", "150")
    write(shared_cluster, primary)
    until(lambda: all(node.replay_paused for node in observe(site).standbys) and len(observe(site).standbys) == 2)
    asked = promote.Asked("main", standbys[0])
    for refused_ in (refusal(promote.ACTION, asked, site), refused(site, standbys[0])):
        assert refused_.code in {"PROMOTE-SETTINGS", "RESYNC-SETTINGS"}
        assert "max_connections" in refused_.message
        assert "resume" not in refused_.hint
    found = status.answer(status.Asked("main"), observe(site)).data["findings"]
    assert isinstance(found, list)
    assert {item["code"] for item in found if item["level"] == "crit"} == {"PAUSED", "SETTINGS"}
    assert not any("pg_wal_replay_resume" in item["hint"] for item in found)
    for name in standbys:
        restarted_with(shared_cluster, name, "max_connections", "150")
    until(lambda: promote.refuse(asked, promote.look(asked, site)) is None)


def test_prepared_transactions_go_over_logical_slots_are_counted_as_lost_and_the_old_one_keeps_no_slot(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    old = shared_cluster.primary() or ""
    new, other = (name for name in shared_cluster.nodes if name != old)
    for name in (new, other, old):  # in this order: a standby may have more than its primary, not less
        change(shared_cluster, name, "wal_level", "logical")
        restarted_with(shared_cluster, name, "max_prepared_transactions", "5")
    shared_cluster.wait_streaming(old, 2)
    on(
        shared_cluster,
        old,
        "SELECT pg_create_logical_replication_slot('feed', 'pgoutput')",
        "BEGIN",
        "INSERT INTO reading VALUES (700000, now(), 'x', 1)",
        "PREPARE TRANSACTION 'half'",
    )
    until(lambda: bool(observe(site).nodes[old].prepared))
    made = walked_plan(promote.ACTION, promote.Asked("main", new), site)
    assert f"{old}: prepared transaction half goes over to {new}" in made.notes
    assert "logical slots are lost: feed" in made.costs
    assert walk(promote.ACTION, made, site).failed is None
    on(shared_cluster, new, "COMMIT PREPARED 'half'")
    view = observe(site)
    assert [(slot.name, slot.type) for slot in view.nodes[old].slots] == [("feed", "logical")]
    on(shared_cluster, old, "SELECT pg_drop_replication_slot('feed')")


def test_a_primary_whose_commits_wait_for_nobody_gets_its_standby_back_all_the_same(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    primary = shared_cluster.primary() or ""
    standby = next(name for name in shared_cluster.nodes if name != primary)
    shared_cluster.stop(standby)
    on(shared_cluster, primary, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    try:
        until(lambda: "synchronous_standby_names" in observe(site).nodes[primary].settings)
        Carrier(ACTION, planned(site, standby), site, "run-sync").all()
    finally:
        on(shared_cluster, primary, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    in_step(shared_cluster, primary, standby)
