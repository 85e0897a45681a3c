import subprocess
from collections.abc import Iterator

import pytest

from fleet.errors import ShellError
from fleet.postgres import control
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from sandbox.servers import server_user
from tests.fixtures.postgres import shared_cluster
from tests.fixtures.site import site_for
from tests.fixtures.views import inventory

__all__ = ["shared_cluster"]

TEXT = """\
pg_control version number:            1800
Database system identifier:           7710477708463872114
Database cluster state:               shut down
Latest checkpoint location:           1/4050DD8
Latest checkpoint's REDO location:    1/4050D48
Latest checkpoint's TimeLineID:       3
"""


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Reach]:
    reach = site_for(shared_cluster)
    yield reach
    reach.close()


def test_the_control_file_is_read() -> None:
    found = control.parse_control(TEXT)
    assert (found.sysid, found.state, found.timeline) == ("7710477708463872114", "shut down", 3)
    assert (found.checkpoint, found.redo) == (0x1_04050DD8, 0x1_04050D48)


@pytest.mark.parametrize("text", ["", "pg_controldata: error", TEXT.replace("TimeLineID:       3", "TimeLineID: ?")])
def test_what_is_no_control_file_is_refused(text: str) -> None:
    with pytest.raises(ShellError):
        control.parse_control(text)


def test_a_unit_is_stopped_and_started_through_systemd_else_pg_ctl_is_used() -> None:
    node = inventory().node("db1")
    assert control.stop_argv(node)[-3:] == ["fast", "-W", "stop"]
    unit = type(node)(**{**vars(node), "service": "postgresql@18-main"})
    assert control.start_argv(unit, 60) == ["sudo", "-n", "systemctl", "start", "postgresql@18-main"]


@pytest.mark.postgres
def test_a_server_is_stopped_seen_gone_and_started_again(shared_cluster: DemoCluster, site: Reach) -> None:
    node = site.cluster.node("db3")
    shell = site.shell(node)
    assert control.running(shell, node)
    assert not control.gone(shell, node)
    control.stop(shell, node, timeout=30)
    assert control.gone(shell, node)
    assert control.read_control(shell, node).state == "shut down in recovery"
    control.stop(shell, node, timeout=30)
    control.start(shell, node, timeout=30)
    control.start(shell, node, timeout=30)
    assert shared_cluster.role("db3") == "standby"


@pytest.mark.postgres
def test_the_fence_is_put_up_and_taken_down(site: Reach) -> None:
    node = site.cluster.node("db1")
    shell = site.shell(node)
    assert not control.fenced(shell, node)
    control.fence(shell, node)
    assert control.read_control(shell, node).fenced
    control.unfence(shell, node)
    control.unfence(shell, node)
    assert not control.fenced(shell, node)


@pytest.mark.postgres
def test_a_folder_without_a_server_is_an_error_not_an_answer(site: Reach) -> None:
    node = site.cluster.node("db1")
    nowhere = type(node)(**{**vars(node), "data": "/nonexistent"})
    with pytest.raises(ShellError):
        control.running(site.shell(node), nowhere)


@pytest.mark.postgres
def test_a_server_is_not_gone_while_a_backend_outlives_its_postmaster(shared_cluster: DemoCluster, site: Reach) -> None:
    node = site.cluster.node("db2")
    shell = site.shell(node)
    who = server_user()
    become = {"user": who.uid, "group": who.gid, "extra_groups": []} if who.switch else {}
    # all that can be seen of a backend is where it works
    sleeper = subprocess.Popen(["sleep", "60"], cwd=node.data, **become)  # type: ignore[call-overload]
    try:
        shared_cluster.kill("db2")
        assert not control.running(shell, node)
        assert not control.gone(shell, node)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert control.gone(shell, node)
    shared_cluster.start("db2")
