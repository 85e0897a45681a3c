import pytest

from fleet.errors import ShellError
from fleet.postgres import control, process, wal
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.orphans import orphan
from tests.fixtures.postgres import shared_cluster
from tests.fixtures.site import shared_site as site
from tests.fixtures.views import inventory

__all__ = ["shared_cluster", "site"]


def test_a_unit_is_stopped_and_started_through_systemd_else_pg_ctl_is_used() -> None:
    node = inventory().node("db1")
    assert process.stop_argv(node)[-3:] == ["fast", "-W", "stop"]
    unit = type(node)(**{**vars(node), "service": "postgresql@18-main"})
    assert process.start_argv(unit, 60) == ["sudo", "-n", "systemctl", "start", "postgresql@18-main"]


@pytest.mark.postgres
def test_a_server_is_stopped_seen_gone_and_started_again(shared_cluster: DemoCluster, site: Reach) -> None:
    node = site.cluster.node("db3")
    shell = site.shell(node)
    assert process.running(shell, node)
    assert not process.gone(shell, node)
    process.stop(shell, node, timeout=30)
    assert process.gone(shell, node)
    assert control.read_control(shell, node).state == "shut down in recovery"
    process.stop(shell, node, timeout=30)
    process.start(shell, node, timeout=30)
    process.start(shell, node, timeout=30)
    assert shared_cluster.role("db3") == "standby"


@pytest.mark.postgres
def test_a_folder_without_a_server_is_an_error_not_an_answer(site: Reach) -> None:
    node = site.cluster.node("db1")
    nowhere = type(node)(**{**vars(node), "data": "/nonexistent"})
    with pytest.raises(ShellError):
        process.running(site.shell(node), nowhere)


@pytest.mark.postgres
def test_a_server_is_not_gone_while_a_backend_outlives_its_postmaster(shared_cluster: DemoCluster, site: Reach) -> None:
    node = site.cluster.node("db2")
    shell = site.shell(node)
    with orphan(node):
        shared_cluster.kill("db2")
        assert not process.running(shell, node)
        assert not process.gone(shell, node)
        assert process.fence_gone(shell, node) is None
    assert process.gone(shell, node)
    shared_cluster.start("db2")


@pytest.mark.postgres
def test_only_a_server_of_which_nothing_is_left_is_fenced_in_one_go_and_its_wal_is_sealed_behind_the_fence(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    node = site.cluster.node("db3")
    shell = site.shell(node)
    assert process.fence_gone(shell, node) is None
    shared_cluster.kill("db3")
    control.unfence(shell, node)
    assert process.gone(shell, node)
    assert not process.gone_fenced(shell, node)
    found = process.fence_gone(shell, node)
    assert found is not None
    assert found == wal.seal(shell, node) != ""
    assert process.gone_fenced(shell, node)
    shared_cluster.start("db3")
    assert not process.gone_fenced(shell, node)


@pytest.mark.postgres
def test_a_living_primary_is_not_fenced_by_who_fences_the_dead(site: Reach) -> None:
    node = site.cluster.node("db1")
    assert process.fence_gone(site.shell(node), node) is None
    assert not control.fenced(site.shell(node), node)


@pytest.mark.postgres
def test_a_fence_that_cannot_be_put_up_is_an_error(site: Reach) -> None:
    node = site.cluster.node("db2")
    nowhere = type(node)(**{**vars(node), "data": "/nonexistent"})
    with pytest.raises(ShellError):
        process.fence_gone(site.shell(node), nowhere)
