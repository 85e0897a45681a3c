"""The hold file: while it lies on a node nothing starts there, whoever asks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fleet import hold, jobs
from fleet.errors import JobRefused
from fleet.inventory import Cluster
from fleet.jobs import Phase
from fleet.local import LocalShell
from fleet.reach import Reach
from tests.fixtures.views import inventory

QUICK = 10.0  # seconds


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    made = inventory()
    nodes = {name: replace(node, run_as="", work=str(tmp_path / name)) for name, node in made.nodes.items()}
    return replace(made, nodes=nodes)


@pytest.fixture
def site(cluster: Cluster) -> Iterator[Reach]:
    made = Reach(cluster, Path("/nonexistent/known_hosts"))
    yield made
    made.close()


def files(folder: Path) -> dict[str, str]:
    return {path.parents[1].name: path.read_text() for path in sorted(folder.glob("*/jobs/hold"))}


def test_it_is_laid_on_every_node_and_taken_away_again(site: Reach, tmp_path: Path) -> None:
    assert hold.lay(site, "storage is moved (cy)") == {}
    assert files(tmp_path) == dict.fromkeys(("db1", "db2", "db3"), "storage is moved (cy)\n")
    assert hold.take_away(site) == {}
    assert files(tmp_path) == {}


def test_twice_is_as_good_as_once(site: Reach, tmp_path: Path) -> None:
    assert hold.take_away(site) == {}
    hold.lay(site, "first")
    assert hold.lay(site, "second") == {}
    assert set(files(tmp_path).values()) == {"second\n"}


def test_nothing_starts_while_it_lies_there_and_things_start_again_afterwards(site: Reach, cluster: Cluster) -> None:
    shell, work = LocalShell(), cluster.nodes["db1"].work
    hold.lay(site, "storage is moved (cy)")
    with pytest.raises(JobRefused, match="storage is moved") as refused:
        jobs.run(shell, work, "r.1", 1, ["true"], timeout=QUICK)
    assert refused.value.code == "JOB-HELD"
    assert jobs.poll(shell, work, "r.1").phase is Phase.NONE
    hold.take_away(site)
    assert jobs.run(shell, work, "r.1", 1, ["true"], timeout=QUICK).ok


def test_what_runs_goes_on(site: Reach, cluster: Cluster) -> None:
    shell, work = LocalShell(), cluster.nodes["db1"].work
    jobs.start(shell, work, "r.1", 1, ["sh", "-c", "sleep 0.3; echo end"])
    hold.lay(site, "storage is moved (cy)")
    assert jobs.run(shell, work, "r.1", 1, ["sh", "-c", "sleep 0.3; echo end"], timeout=QUICK).out == "end\n"


def test_a_node_that_does_not_take_it_is_named_and_the_others_have_it(site: Reach, tmp_path: Path) -> None:
    (tmp_path / "db2").write_text("where the folder should be")
    wrong = hold.lay(site, "storage")
    assert set(wrong) == {"db2"}
    assert f"{tmp_path}/db2/jobs/hold can't be written" in wrong["db2"]
    assert set(files(tmp_path)) == {"db1", "db3"}


def test_a_file_that_can_not_be_taken_away_is_named(site: Reach, tmp_path: Path) -> None:
    hold.lay(site, "storage")
    (tmp_path / "db3/jobs/hold").unlink()
    (tmp_path / "db3/jobs/hold/inside").mkdir(parents=True)
    wrong = hold.take_away(site)
    assert set(wrong) == {"db3"}
    assert "directory" in wrong["db3"]
    assert not (tmp_path / "db1/jobs/hold").exists()


def test_a_user_that_does_not_exist_is_no_accident(cluster: Cluster) -> None:
    nodes = {**cluster.nodes, "db2": replace(cluster.nodes["db2"], run_as="no-such-user")}
    wrong = hold.lay(Reach(replace(cluster, nodes=nodes), Path("/nonexistent")), "storage")
    assert set(wrong) == {"db2"}
    assert "no-such-user" in wrong["db2"]


def test_a_cluster_without_nodes_has_nothing_to_lay(cluster: Cluster) -> None:
    empty = Reach(replace(cluster, nodes={}), Path("/nonexistent"))
    assert hold.lay(empty, "storage") == hold.take_away(empty) == {}
