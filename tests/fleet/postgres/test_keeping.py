"""From a copy to a backup that counts, on a real disk without a server."""

from pathlib import Path

import pytest

from core.errors import StepFailed
from fleet.inventory import LOCAL, Node
from fleet.local import LocalShell
from fleet.postgres import keeping
from fleet.postgres.basebackup import Destination
from fleet.postgres.keeping import Keep

NODE = Node("db2", LOCAL, "", "", 5432, "/data", "/no/bin", "", "seconder", "app", "/work")


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return Keep(LocalShell(), Destination(NODE, str(tmp_path)), "main.run-1")


def test_a_copy_without_a_manifest_is_not_whole(keep: Keep) -> None:
    Path(keep.data).mkdir(parents=True)
    assert not keep.copied()
    Path(keep.data, "backup_manifest").touch()
    assert keep.copied()
    assert not keep.kept()


def test_what_failed_is_set_aside_and_not_deleted_however_often_it_is_asked(keep: Keep) -> None:
    Path(keep.data).mkdir(parents=True)
    Path(keep.data, "half").touch()
    assert keep.failed in keeping.set_aside(keep).text
    assert keep.failed in keeping.set_aside(keep).text
    assert Path(keep.failed, "data", "half").exists()
    assert not Path(keep.partial).exists()


def test_a_finished_backup_is_never_set_aside(keep: Keep) -> None:
    Path(keep.final).mkdir()
    assert keeping.set_aside(keep).text == "Nothing was left behind"
    assert Path(keep.final).exists()


def test_what_cannot_be_read_is_never_kept(keep: Keep) -> None:
    Path(keep.data).mkdir(parents=True)
    with pytest.raises(StepFailed):
        keeping.keep_it(keep, NODE, checksums=True, system="7")
    assert Path(keep.partial).exists()
    assert not Path(keep.final).exists()
