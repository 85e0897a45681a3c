"""Which folders are ours to delete: by name, by place, and never a link, a mount or a server's own."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.inventory import LOCAL, Node
from fleet.local import LocalShell
from fleet.postgres import attic

SHELL = LocalShell()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "disk" / "main").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "disk" / "main")
    return Node("db1", LOCAL, "", "", 5432, str(tmp_path / "data"), "/bin", "", "seconder", "app", "/work")


def aside(node: Node, name: str) -> Path:
    folder = Path(node.data).resolve().parent / name
    folder.mkdir()
    (folder / "PG_VERSION").write_text("18\n")
    return folder


def test_only_folders_that_a_resync_named_are_listed_and_measured(node: Node) -> None:
    old, failed = aside(node, "main.old.run-01abc"), aside(node, "main.failed.run-02abc")
    for name in (
        "main.old",
        "main.old.1",
        "main.new.run-03abc",
        "other.old.run-04abc",
        "main.old.run-05abc.d",
        "main2",
    ):
        aside(node, name)
    found = attic.listing(SHELL, node)
    assert {kept.path: (kept.kind, kept.run) for kept in found} == {
        str(old): ("old", "run-01abc"),
        str(failed): ("failed", "run-02abc"),
    }
    assert all(kept.size and kept.moved for kept in found)


def test_a_link_is_not_followed(node: Node, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    link = Path(node.data).resolve().parent / "main.old.run-01abc"
    link.symlink_to(tmp_path / "precious")
    assert "link" in attic.foreign(SHELL, node, (), str(link))
    assert attic.listing(SHELL, node) == ()


def test_a_path_that_only_looks_like_one_is_not_ours(node: Node) -> None:
    old = aside(node, "main.old.run-01abc")
    assert attic.foreign(SHELL, node, (), str(old)) == ""
    for path in (f"{old}/", f"{old}/../main", str(Path(node.data).resolve()), "/", f"{node.data}.old.run-01abc"):
        assert "no resync" in attic.foreign(SHELL, node, (), path)


def test_a_folder_in_which_a_server_lives_stays(node: Node) -> None:
    old = aside(node, "main.old.run-01abc")
    other = replace(node, name="db2", data=f"{old}/inner")
    assert "server's data folder" in attic.foreign(SHELL, node, (other,), str(old))
    with subprocess.Popen(["sleep", "60"], cwd=old) as sleeper:
        assert "process" in attic.foreign(SHELL, node, (), str(old))
        sleeper.kill()
