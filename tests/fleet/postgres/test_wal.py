"""WAL is read where empty files lie beside it, which a server makes ahead, and where the last file is full."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fleet.inventory import Node
from fleet.postgres import control, lsn, wal
from fleet.shell import Shell
from sandbox.cluster import DemoCluster
from tests.fixtures.postgres import each_shared_cluster
from tests.fixtures.site import site_for

__all__ = ["each_shared_cluster"]

_EMPTY = 24  # so many that one of them comes first in the folder, whatever its order


@pytest.fixture(scope="module")
def stopped(each_shared_cluster: DemoCluster) -> Iterator[tuple[Shell, Node, int]]:
    """Give a copy of a clean-stopped primary's control file and WAL, among empty files, and where its WAL ends."""
    site = site_for(each_shared_cluster)
    node = site.cluster.node("db1")
    shell = site.shell(node)
    with each_shared_cluster.connect("db1") as connection:
        connection.execute("SELECT pg_switch_wal()")
    each_shared_cluster.stop("db1")
    here = replace(node, data=f"{node.data}.copy")
    shell.run(["mkdir", "-p", f"{here.data}/global"], timeout=10)
    shell.run(["cp", f"{node.data}/global/pg_control", f"{here.data}/global/pg_control"], timeout=10)
    for number in range(_EMPTY):
        name = f"{here.data}/pg_wal/00000001000000000000{number + 0x40:04X}"
        shell.run(["mkdir", "-p", f"{here.data}/pg_wal"], timeout=10)
        shell.run(["truncate", "-s", str(lsn.SEGMENT), name], timeout=10)
    shell.run(["cp", "-R", f"{node.data}/pg_wal/.", f"{here.data}/pg_wal"], timeout=60)
    found = control.read_control(shell, here)
    yield shell, here, found.checkpoint
    each_shared_cluster.start("db1")
    site.close()


@pytest.mark.postgres
def test_the_shutdown_record_is_found_beside_empty_files(stopped: tuple[Shell, Node, int]) -> None:
    shell, node, checkpoint = stopped
    assert wal.holds_shutdown(shell, node, 1, checkpoint)
    assert not wal.holds_shutdown(shell, node, 1, checkpoint - 8)
    assert not wal.holds_shutdown(shell, node, 2, checkpoint)


@pytest.mark.postgres
def test_the_end_is_found_beside_empty_files(stopped: tuple[Shell, Node, int]) -> None:
    shell, node, checkpoint = stopped
    assert 0 < wal.end_of_wal(shell, node, 1, checkpoint) - checkpoint <= 256
    assert wal.commits_after(shell, node, 1, checkpoint).count == 0


@pytest.mark.postgres
def test_wal_that_ends_with_a_full_file_ends_there(stopped: tuple[Shell, Node, int]) -> None:
    shell, node, checkpoint = stopped
    edge = checkpoint // lsn.SEGMENT * lsn.SEGMENT
    full = replace(node, data=f"{node.data}.full")
    shell.run(["mkdir", "-p", f"{full.data}/pg_wal"], timeout=10)
    number = edge // lsn.SEGMENT - 1
    shell.run(["cp", f"{node.data}/pg_wal/{1:08X}{0:08X}{number:08X}", f"{full.data}/pg_wal/"], timeout=10)
    start = edge - lsn.SEGMENT + 40  # the first record may be the rest of one: pg_waldump looks for the next
    assert wal.end_of_wal(shell, full, 1, start) == edge
