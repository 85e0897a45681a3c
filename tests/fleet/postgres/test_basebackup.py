"""The card of a backup, and the line of the configuration that says where backups go."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from fleet.inventory import LOCAL, Cluster, Node
from fleet.local import LocalShell
from fleet.postgres.basebackup import BackupInfo, backups, destination, from_json, to_json

NODE = Node("db2", LOCAL, "", "", 5432, "/data", "/bin", "", "seconder", "app", "/work")
CLUSTER = Cluster("main", "postgres", "ops", {"db2": NODE})
INFO = BackupInfo(
    name="main.run-1",
    path="/b/main.run-1",
    cluster="main",
    source="db2",
    finished=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    sysid="7710480249807837606",
    timeline=2,
    start_lsn="0/2000028",
    stop_lsn="0/2000120",
    size=49225805,
    level="L2",
    checksums=True,
    version=18,
)


def put(folder: Path, info: BackupInfo, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "backup.json").write_text(to_json(replace(info, name=name)))


def test_a_card_is_read_as_it_was_written() -> None:
    assert from_json(to_json(INFO)) == INFO


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"v": 2}', '{"v": 1}', to_json(INFO).replace("2026", "then")])
def test_what_is_no_card_counts_as_none(text: str) -> None:
    assert from_json(text) is None


def test_the_newest_by_time_comes_first_and_failed_or_partial_ones_never(tmp_path: Path) -> None:
    old = replace(INFO, finished=datetime(2020, 1, 1, tzinfo=UTC))
    put(tmp_path, INFO, "main.run-1")
    put(tmp_path, old, "main.run-9")  # a later name, an earlier time
    put(tmp_path, INFO, "main.run-3.partial")
    put(tmp_path, INFO, "main.run-4.failed")
    (tmp_path / "lost+found").mkdir()
    assert [info.name for info in backups(LocalShell(), str(tmp_path))] == ["main.run-1", "main.run-9"]


def test_a_folder_that_is_not_there_holds_no_backups(tmp_path: Path) -> None:
    assert backups(LocalShell(), str(tmp_path / "none")) == ()


def test_the_destination_names_a_node_and_a_folder() -> None:
    where = destination(replace(CLUSTER, backups="db2:/var/backups/"))
    assert where is not None
    assert (where.node, where.folder) == (NODE, "/var/backups")
    assert destination(CLUSTER) is None


@pytest.mark.parametrize("line", ["db9:/b", "db2", "db2:", "db2:relative", "/b", "db2:/"])
def test_a_destination_that_names_no_folder_is_a_fault_of_the_configuration(line: str) -> None:
    with pytest.raises(ConfigurationError) as fault:
        destination(replace(CLUSTER, backups=line))
    assert 'backups = "NODE:/FOLDER"' in fault.value.hint
