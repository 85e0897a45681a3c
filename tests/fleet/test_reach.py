import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.errors import Unreachable
from fleet.inventory import Cluster, Node
from fleet.local import LocalShell
from fleet.reach import Reach
from fleet.site import Site
from fleet.ssh import SshShell
from sandbox.cluster import DemoCluster
from tests.fixtures.postgres import as_inventory, shared_cluster
from tests.fixtures.sshd import free_port

__all__ = ["shared_cluster"]


def node(name: str, host: str = "local", port: int = 5432, run_as: str = "") -> Node:
    return Node(name, host, "seconder", run_as, port, "/data", "/bin", "", "seconder", "postgres", "/work")


def reach(tmp_path: Path, *nodes: Node) -> Reach:
    return Reach(Cluster("main", "postgres", "ops", {each.name: each for each in nodes}), tmp_path / "pins")


def test_it_is_a_site(tmp_path: Path) -> None:
    site: Site = reach(tmp_path, node("db1"))
    assert site.cluster.node("db1").address == "127.0.0.1"


def test_a_nodes_shell_is_made_once_for_all_threads(tmp_path: Path) -> None:
    site, far = reach(tmp_path), node("db2", "db2.example.org", run_as="postgres")
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(site.shell(far))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, seen))) == 1
    assert isinstance(seen[0], SshShell)


def test_nodes_of_one_machine_share_a_shell_and_users_do_not(tmp_path: Path) -> None:
    site = reach(tmp_path)
    assert isinstance(site.shell(node("db1")), LocalShell)
    assert site.shell(node("db1")) is site.shell(node("db2", port=5433))
    assert site.shell(node("db1")) is not site.shell(node("db1", run_as="postgres"))
    assert site.shell(node("db1")) is not site.shell(node("db1", host="db1"))


def test_after_closing_new_shells_are_made(tmp_path: Path) -> None:
    site = reach(tmp_path)
    first = site.shell(node("db1"))
    site.close()
    site.close()
    assert site.shell(node("db1")) is not first


def test_what_was_read_for_a_key_is_read_once_and_the_oldest_go_first(tmp_path: Path) -> None:
    site, read = reach(tmp_path, node("db1")), list[int]()

    def look(number: int) -> int:
        read.append(number)
        return number

    assert [site.kept(("a", number), partial(look, number)) for number in (1, 2, 1, 2)] == [1, 2, 1, 2]
    assert read == [1, 2]
    for number in range(3, 100):
        site.kept(("a", number), partial(look, number))
    assert site.kept(("a", 99), partial(look, 0)) == 99
    assert site.kept(("a", 1), partial(look, 0)) == 0


def test_what_was_read_a_moment_ago_holds_for_that_moment_from_when_its_reading_began(tmp_path: Path) -> None:
    site, read = reach(tmp_path), list[float]()

    def slowly() -> float:
        read.append(time.monotonic())
        time.sleep(0.2)
        return read[-1]

    assert site.kept("look", slowly, 60) == site.kept("look", slowly, 60) == read[0]
    assert site.kept("look", slowly, 0.2) == read[1]
    assert site.kept("look", slowly, 0) == read[2]
    assert site.kept("look", slowly) == read[2]


def test_a_server_that_does_not_answer_is_unreachable_with_its_name(tmp_path: Path) -> None:
    db1 = node("db1", port=free_port())
    with pytest.raises(Unreachable, match=f"db1 .127.0.0.1:{db1.port}") as refused:
        reach(tmp_path, db1).connect(db1)
    assert refused.value.code == "PG-UNREACHABLE"
    assert refused.value.hint


@pytest.mark.postgres
def test_a_connection_speaks_in_dicts_commits_at_once_and_says_who_it_is(
    shared_cluster: DemoCluster,
    tmp_path: Path,
) -> None:
    cluster = as_inventory(shared_cluster)
    site = Reach(cluster, tmp_path / "pins")
    with site.connect(cluster.node("db1")) as connection:
        row = connection.execute("SELECT current_setting('application_name') AS name, 1 AS one").fetchone()
        assert row == {"name": "seconder", "one": 1}
        assert connection.autocommit
    site.ahead(cluster.node("db1"), 1)
    for _opened in ("ahead", "now"):
        with site.connect(cluster.node("db1"), name="seconder run-1 1") as connection:
            row = connection.execute("SELECT current_setting('application_name') AS name").fetchone()
            assert row == {"name": "seconder run-1 1"}
    left_open = site.connect(cluster.node("db2"))
    assert left_open.execute("SELECT pg_is_in_recovery() AS standby").fetchone() == {"standby": True}
    site.close()
    assert left_open.closed


@pytest.mark.postgres
def test_a_password_that_is_missing_is_told_from_a_server_that_is_down(
    shared_cluster: DemoCluster,
    tmp_path: Path,
) -> None:
    db1 = replace(as_inventory(shared_cluster).node("db1"), passfile=str(tmp_path / "none"))
    with pytest.raises(Unreachable) as refused:
        reach(tmp_path, db1).connect(db1)
    assert "passfile" in refused.value.hint
