"""The clean stop of a primary: asked for and seen through by one program on its machine."""

from dataclasses import replace

import pytest

from core.errors import StepFailed
from fleet.postgres import process
from fleet.postgres.shutting import shut_down
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import frozen, process_of
from tests.fixtures.postgres import shared_cluster
from tests.fixtures.site import site_for

__all__ = ["shared_cluster"]

pytestmark = pytest.mark.postgres


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Reach:
    return site_for(shared_cluster)


def test_a_server_is_stopped_once_and_where_its_wal_ends_is_told_again(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    node = site.cluster.node("db1")
    shell = site.shell(node)
    ended = shut_down(shell, node, timeout=30)
    assert ended.shut_down
    process.wait_gone(shell, node, timeout=30)
    assert shut_down(shell, node, timeout=30) == ended
    process.start(shell, node, timeout=30)
    assert shared_cluster.primary() == "db1"


def test_a_server_that_does_not_come_to_its_end_in_time_is_not_taken_for_shut_down(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    node = site.cluster.node("db1")
    shell = site.shell(node)
    with frozen(process_of(shared_cluster, "db1", "checkpointer")), pytest.raises(StepFailed) as failed:
        shut_down(shell, node, timeout=0.5)
    assert failed.value.code == "STOP-TOO-LONG"
    process.wait_gone(shell, node, timeout=30)
    process.start(shell, node, timeout=30)


def test_a_request_that_is_not_taken_is_said_with_the_reason(shared_cluster: DemoCluster, site: Reach) -> None:
    node = replace(site.cluster.node("db1"), service="no such unit of 'this' machine")
    with pytest.raises(StepFailed) as failed:
        shut_down(site.shell(node), node, timeout=30)
    assert failed.value.code == "STOP-REFUSED"
    assert "can't be stopped: " in failed.value.message
    assert shared_cluster.primary() == "db1"
