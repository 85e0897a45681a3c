"""Standbys that look better than they are: behind at "lag 0", or led astray (findings 1.7, 1.8)."""

from collections.abc import Iterator, Mapping

import pytest

from actions import promote, ready, status
from actions.resync import ACTION
from core.errors import StepFailed
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from sandbox.errors import SandboxError
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_shared_cluster as shared_cluster
from tests.fixtures.site import streaming, until
from tests.fixtures.trouble import change, in_step, planned, refused, way, write
from tests.fixtures.walk import do, refusal

__all__ = ["shared_cluster"]

pytestmark = pytest.mark.postgres

NOWHERE = "host=127.0.0.1 port=1 user=replicator"


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Reach]:
    yield from streaming(shared_cluster)
    shared_cluster.wait_streaming("db1", 2)


def row_of(site: Reach, name: str) -> Mapping[str, object]:
    rows = status.answer(status.Asked("main"), observe(site)).data["rows"]
    assert isinstance(rows, list)
    return next(row for row in rows if row["node"] == name)


def found(site: Reach) -> list[str]:
    """Give the codes of what status finds critical."""
    answer = status.answer(status.Asked("main"), observe(site))
    findings = answer.data["findings"]
    assert isinstance(findings, list)
    return [item["code"] for item in findings if item["level"] == "crit"]


def mended(cluster: DemoCluster, site: Reach, run: str) -> None:
    """Have the product bring db3 back."""
    Carrier(ACTION, planned(site, "db3"), site, run).all()
    in_step(cluster, "db1", "db3")


def test_a_standby_that_replayed_all_it_received_and_hears_nobody_is_behind(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    write(shared_cluster, "db1")
    shared_cluster.wait_streaming("db1", 2)
    change(shared_cluster, "db3", "primary_conninfo", f"{NOWHERE} passfile={shared_cluster.passfile}")
    until(lambda: not observe(site).nodes["db3"].streaming)
    write(shared_cluster, "db1")
    shared_cluster.wait_streaming("db1", 1)
    view = observe(site)
    assert view.nodes["db3"].receive_lsn == view.nodes["db3"].replay_lsn  # by the usual query its lag is 0
    behind = row_of(site, "db3")
    assert (behind["state"], behind["streaming"]) == ("not streaming", False)
    assert isinstance(behind["lag_bytes"], int)
    assert behind["lag_bytes"] > 0
    assert isinstance(behind["lag_seconds"], float)
    assert view.nodes["db2"].last_replay_age is not None  # grows for ever while nothing is written
    assert (row_of(site, "db2")["lag_bytes"], row_of(site, "db2")["lag_seconds"]) == (0, None)
    assert found(site) == ["NOT-STREAMING"]
    asked = promote.Asked("main", "db3")
    assert refusal(promote.ACTION, asked, site).code == "PROMOTE-NOT-STREAMING"
    assert ready.answer(asked, promote.look(asked, site)).data["could"] is False
    assert way(planned(site, "db3")) == "repair"
    mended(shared_cluster, site, "run-deaf")


def test_after_a_restart_the_place_received_lies_below_the_place_replayed_and_does_not_count(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    change(shared_cluster, "db3", "primary_conninfo", f"{NOWHERE} passfile={shared_cluster.passfile}")
    shared_cluster.stop("db3")
    shared_cluster.start("db3")
    until(lambda: observe(site).nodes["db3"].receive_lsn is not None)
    view = observe(site)
    db3 = view.nodes["db3"]
    assert db3.receive_lsn is not None
    assert db3.replay_lsn is not None
    assert db3.receive_lsn < db3.replay_lsn == db3.has_lsn
    assert view.lag("db3") == (view.nodes["db1"].write_lsn or 0) - db3.replay_lsn
    mended(shared_cluster, site, "run-below")


def test_a_history_file_that_no_node_wrote_is_named_before_a_standby_is_started_to_die_of_it(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    made = planned(site, "db3", rebuild=True)
    start = next(step for step in made.steps if step.name == "start")
    shared_cluster.stop("db3")
    stray = shared_cluster.archive / "00000002.history"
    stray.write_text("1\t0/1000028\tno recovery target specified\n")
    stray.chmod(0o644)
    with pytest.raises(SandboxError, match="is not a child"):
        shared_cluster.start("db3")
    with pytest.raises(StepFailed) as failed:  # 18's pg_ctl says that all is well
        do(ACTION, start.name, start.args, site)
    assert failed.value.code == "START-REFUSED"
    own = shared_cluster.nodes["db3"].data / "pg_wal" / stray.name
    assert refused(site, "db3").code == "RESYNC-STRAY-HISTORY"
    assert str(own) in refused(site, "db3").message  # it was fetched, and would be found again
    own.unlink()
    mended(shared_cluster, site, "run-unstrayed")  # its own archive is cleared before it is started
    assert not stray.exists()
