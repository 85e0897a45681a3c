"""Where a node fetches WAL, and where folders beside its own lie."""

import subprocess
from pathlib import Path

from fleet.inventory import LOCAL, Node
from fleet.local import LocalShell
from fleet.postgres.aiming import beside, fetch


def test_a_fetch_copies_what_is_there_and_fails_for_what_is_not(tmp_path: Path) -> None:
    archive = tmp_path / "it's 100% ours"
    archive.mkdir()
    (archive / "0001").write_text("wal")

    def run(name: str) -> int:
        command = fetch(str(archive)).replace("%%", "\0").replace("%f", name).replace("%p", str(tmp_path / "got"))
        return subprocess.run(command.replace("\0", "%"), shell=True, check=False).returncode

    assert run("0001") == 0
    assert (tmp_path / "got").read_text() == "wal"
    assert run("0002") != 0


def test_a_folder_beside_a_link_lies_where_the_link_leads(tmp_path: Path) -> None:
    real = tmp_path / "disk" / "main"
    real.mkdir(parents=True)
    (tmp_path / "data").symlink_to(real)
    node = Node("db1", LOCAL, "", "", 5432, str(tmp_path / "data"), "/bin", "", "seconder", "app", "/work")
    assert beside(LocalShell(), node, "old", "run-1") == f"{real}.old.run-1"
    real.rename(tmp_path / "disk" / "away")
    assert beside(LocalShell(), node, "old", "run-1") == f"{real}.old.run-1"
