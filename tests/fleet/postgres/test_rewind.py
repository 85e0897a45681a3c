"""How pg_rewind is called, and when its word is not believed."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StepFailed
from fleet.inventory import LOCAL, Node
from fleet.local import LocalShell
from fleet.postgres import rewind
from fleet.shell import Ran

BEGUN = "pg_rewind: servers diverged at WAL location 0/3000060 on timeline 1\npg_rewind: rewinding from last common checkpoint at 0/20000B8 on timeline 1\n"  # noqa: E501  # as the program says it


@pytest.fixture
def here(tmp_path: Path) -> Node:
    (tmp_path / "data").mkdir()
    return Node(
        "db1", LOCAL, "", "", 5432, str(tmp_path / "data"), "/bin", "", "seconder", "app", str(tmp_path / "work")
    )


def test_the_source_must_take_writes_and_no_password_is_shown(here: Node) -> None:
    words = rewind.argv(LocalShell(), here, replace(here, host="db2.example.org"))
    assert "PGTARGETSESSIONATTRS=read-write" in words
    assert "postgresql://seconder@db2.example.org:5432/app" in words
    assert not any(" " in word for word in words)


def test_an_address_of_version_6_stands_in_brackets(here: Node) -> None:
    assert "postgresql://seconder@[::1]:5432/app" in rewind.argv(LocalShell(), here, replace(here, host="::1"))


def test_a_configuration_outside_the_data_folder_is_named(here: Node) -> None:
    opts = '/bin/postgres "-D" "/data" "-c" "config_file=/etc/postgresql/15/main/postgresql.conf"\n'
    Path(here.data, "postmaster.opts").write_text(opts)
    assert rewind.argv(LocalShell(), here, here)[-2:] == ["--config-file", "/etc/postgresql/15/main/postgresql.conf"]
    Path(here.data, "postgresql.conf").touch()
    assert "--config-file" not in rewind.argv(LocalShell(), here, here)


def mark(here: Node) -> Path:
    file = Path(here.work, f"rewinding-{here.name}")
    file.parent.mkdir(exist_ok=True)
    file.write_text("run-1.3\n")
    return file


def test_no_rewind_required_is_not_believed_when_the_wal_says_otherwise(here: Node) -> None:
    with pytest.raises(StepFailed) as failed:
        rewind._judge(LocalShell(), here, Ran(0, "", "pg_rewind: no rewind required\n"))
    assert failed.value.code == "REWIND-LIED"
    assert "--rebuild" in failed.value.hint


def test_a_rewind_that_failed_before_it_changed_anything_may_be_tried_again(here: Node) -> None:
    file = mark(here)
    with pytest.raises(StepFailed):
        rewind._judge(LocalShell(), here, Ran(1, "", "pg_rewind: error: connection refused\n"))
    assert not file.exists()


def test_a_rewind_that_failed_half_way_may_not(here: Node) -> None:
    file = mark(here)
    with pytest.raises(StepFailed):
        rewind._judge(LocalShell(), here, Ran(1, "", BEGUN + "pg_rewind: error: could not write\n"))
    assert file.exists()
    assert rewind.unfinished(LocalShell(), here)  # its job is not known to have ended well


def test_without_a_mark_nothing_is_unfinished(here: Node) -> None:
    assert not rewind.unfinished(LocalShell(), here)


def test_after_an_unfinished_rewind_what_was_saved_before_it_is_the_nodes_own(here: Node) -> None:
    shell, saved = LocalShell(), Path(here.work, "saved", "run-1")
    assert rewind.saved(shell, here) == ""
    file = mark(here)
    assert rewind.saved(shell, here) == ""  # nothing was kept: the old folder's files are all that there is
    saved.mkdir(parents=True)
    assert rewind.saved(shell, here) == str(saved)
    rewind.part(shell, here, "run-2")  # the folder is moved aside, and the mark goes with it
    assert not rewind.unfinished(shell, here)
    rewind.rejoin(shell, here, "run-2")
    assert file.read_text() == "run-1.3\n"
