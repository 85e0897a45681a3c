import pytest

from fleet.errors import ShellError
from fleet.postgres import control
from fleet.postgres.controldata import parse_control
from fleet.reach import Reach
from tests.fixtures.postgres import shared_cluster
from tests.fixtures.site import shared_site as site

__all__ = ["shared_cluster", "site"]

TEXT = """\
pg_control version number:            1800
Database system identifier:           7710477708463872114
Database cluster state:               shut down
Latest checkpoint location:           1/4050DD8
Latest checkpoint's REDO location:    1/4050D48
Latest checkpoint's TimeLineID:       3
"""


def test_the_control_file_is_read() -> None:
    found = parse_control(TEXT)
    assert (found.sysid, found.state, found.timeline) == ("7710477708463872114", "shut down", 3)
    assert (found.checkpoint, found.redo) == (0x1_04050DD8, 0x1_04050D48)


@pytest.mark.parametrize("text", ["", "pg_controldata: error", TEXT.replace("TimeLineID:       3", "TimeLineID: ?")])
def test_what_is_no_control_file_is_refused(text: str) -> None:
    with pytest.raises(ShellError):
        parse_control(text)


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
