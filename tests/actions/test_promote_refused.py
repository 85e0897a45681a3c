import time
from collections.abc import Iterator

import pytest

from actions import promote
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import frozen, on, receiver_of
from tests.fixtures.postgres import each_shared_cluster as shared_cluster
from tests.fixtures.site import streaming, until
from tests.fixtures.walk import planned, refusal

__all__ = ["shared_cluster"]

pytestmark = pytest.mark.postgres

TO_DB2 = promote.Asked("main", "db2")
ANY = promote.Asked("main")


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Reach]:
    yield from streaming(shared_cluster)


def healthy(site: Reach) -> bool:
    found = promote.look(ANY, site)
    return promote.refuse(ANY, found) is None and not found.view.nodes["db3"].apply_delay


def test_a_frozen_primary_is_not_replaced_while_its_standbys_hear_it(shared_cluster: DemoCluster, site: Reach) -> None:
    shared_cluster.freeze("db1")
    try:
        refused = refusal(promote.ACTION, TO_DB2, site)
    finally:
        shared_cluster.thaw("db1")
    assert refused.code == "PROMOTE-PRIMARY-ALIVE"


def test_a_paused_standby_a_delayed_one_and_a_silent_one_are_no_candidates(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    on(shared_cluster, "db2", "SELECT pg_wal_replay_pause()")
    assert refusal(promote.ACTION, TO_DB2, site).code == "PROMOTE-PAUSED"
    assert planned(promote.ACTION, ANY, site).target == "db3"
    on(shared_cluster, "db3", "ALTER SYSTEM SET recovery_min_apply_delay = '1h'", "SELECT pg_reload_conf()")
    until(lambda: observe(site).nodes["db3"].apply_delay > 0)
    assert refusal(promote.ACTION, ANY, site).code == "PROMOTE-NO-CANDIDATE"
    shared_cluster.freeze("db3")
    try:
        assert refusal(promote.ACTION, promote.Asked("main", "db3"), site).code == "PROMOTE-CANDIDATE-DOWN"
    finally:
        shared_cluster.thaw("db3")
        on(shared_cluster, "db3", "ALTER SYSTEM RESET recovery_min_apply_delay", "SELECT pg_reload_conf()")
        on(shared_cluster, "db2", "SELECT pg_wal_replay_resume()")
    until(lambda: healthy(site))


def test_a_frozen_receiver_of_another_standby_is_named_before_the_stop_waits_for_it(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    with frozen(receiver_of(shared_cluster, "db3")):
        on(shared_cluster, "db1", "CREATE TABLE IF NOT EXISTS noise AS SELECT 1 AS n")
        time.sleep(4.5)
        refused = refusal(promote.ACTION, TO_DB2, site)
    assert refused.code == "PROMOTE-STUCK-WALSENDER"
    assert "db3" in refused.message


def test_a_failing_archiver_stops_the_plan(shared_cluster: DemoCluster, site: Reach) -> None:
    on(shared_cluster, "db1", "ALTER SYSTEM SET archive_command = 'false'", "SELECT pg_reload_conf()")
    on(shared_cluster, "db1", "INSERT INTO reading VALUES (999999, now(), 'x', 1)", "SELECT pg_switch_wal()")
    until(lambda: bool((archiver := observe(site).nodes["db1"].archiver) and archiver.failing))
    assert refusal(promote.ACTION, TO_DB2, site).code == "PROMOTE-ARCHIVER-FAILING"
    on(shared_cluster, "db1", "ALTER SYSTEM RESET archive_command", "SELECT pg_reload_conf()")
    until(lambda: healthy(site), 90)


def test_a_candidate_that_the_others_may_not_log_in_to_is_refused(shared_cluster: DemoCluster, site: Reach) -> None:
    hba = shared_cluster.nodes["db2"].data / "pg_hba.conf"
    allowed = hba.read_text()
    hba.write_text("\n".join(line for line in allowed.splitlines() if "replication" not in line) + "\n")
    on(shared_cluster, "db2", "SELECT pg_reload_conf()")
    assert refusal(promote.ACTION, TO_DB2, site).code == "PROMOTE-NO-LOGIN"
    hba.write_text(allowed)
    on(shared_cluster, "db2", "SELECT pg_reload_conf()")
    until(lambda: healthy(site))
