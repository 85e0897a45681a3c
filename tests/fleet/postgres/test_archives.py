"""Which files of an archive are of a timeline that the primary never was on, and when nobody may say so."""

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.postgres import archives
from fleet.reach import Reach
from tests.fixtures.views import cluster_view, dead, inventory, primary, silent, standby

WAL = "0" * 16
NAMES = (
    "00000001" + WAL,
    "00000002.history",
    "00000002" + WAL + ".partial",
    "00000003.history.gz",
    "00000003" + WAL + ".00000028.backup",
    "stray.run-1",
    "README",
)


def test_a_file_says_its_timeline_by_its_name() -> None:
    assert [archives.timeline(name) for name in NAMES] == [1, 2, 2, 3, 3, None, None]


def test_only_files_of_unknown_timelines_are_strays() -> None:
    assert archives.strays(NAMES, (1, 2)) == (NAMES[3], NAMES[4])
    assert archives.strays(NAMES, (1, 2, 3)) == ()


@pytest.fixture
def site(tmp_path: Path) -> Reach:
    for name in NAMES:
        (tmp_path / name).touch()
    made = inventory(archive=(f"db2:{tmp_path}", f"db3:{tmp_path}/"))
    nodes = {name: replace(node, run_as="") for name, node in made.nodes.items()}
    return Reach(replace(made, nodes=nodes), Path("/nonexistent"))


def test_a_folder_that_several_nodes_share_is_looked_at_once(site: Reach, tmp_path: Path) -> None:
    node = site.cluster.node("db1")
    assert archives.folders(site.cluster, node) == (str(tmp_path),)
    found = archives.look(site, cluster_view(), node, (1,))
    assert {folder: len(names) for folder, names in found.items()} == {str(tmp_path): 4}


def test_a_timeline_that_any_node_is_on_is_no_stray(site: Reach, tmp_path: Path) -> None:
    view = cluster_view(primary(), standby("db2"), dead("db3", timeline=3))
    found = archives.look(site, view, site.cluster.node("db2"), (1,))
    assert all("00000003" not in name for name in found[str(tmp_path)])


def test_while_a_node_cannot_be_judged_nothing_is_a_stray(site: Reach) -> None:
    view = cluster_view(primary(), standby("db2"), silent("db3"))
    assert archives.look(site, view, site.cluster.node("db2"), (1,)) == {}
    assert archives.look(site, cluster_view(), site.cluster.node("db2"), ()) == {}
