"""What is read from the output of long programs."""

import pytest

from core.step import StepContext
from fleet.inventory import LOCAL, Node
from fleet.postgres import copying
from fleet.shell import Ran

SOURCE = Node("db1", "10.0.0.1", "", "", 5433, "/data", "/bin", "", "seconder", "app", "/work")


def test_the_last_progress_line_becomes_progress_in_words() -> None:
    seen: list[tuple[int, int, str]] = []
    step = StepContext(
        "q", "run", 1, 1, 60.0, {}, lambda done, total, note: seen.append((done, total, note)), lambda: False
    )
    show = copying.progress(step)
    show("0/31962 kB (0%), 0/1 tablespace\n 2048/31962 kB (6%), 0/1 tablespace")
    show("pg_basebackup: waiting for checkpoint")
    show("40000/31962 kB (100%), 1/1 tablespace")
    assert seen == [(2048, 31962, "2 MB of 31 MB"), (31962, 31962, "39 MB of 31 MB")]


def test_the_last_words_leave_progress_out() -> None:
    err = "1/2 kB (50%), 0/1 tablespace\npg_basebackup: error: no space\n2/2 kB (100%), 1/1 tablespace\n"
    assert copying.last_words(Ran(1, "", err)) == "pg_basebackup: error: no space"
    assert copying.last_words(Ran(3, "", "")) == "code 3"


@pytest.mark.parametrize("word", copying.argv(SOURCE, "replicator", "/new", "seconder-run-1"))
def test_no_word_holds_a_blank_or_a_password(word: str) -> None:
    assert " " not in word  # an allow file matches word by word
    assert "password" not in word


def test_a_copy_never_cleans_up_after_itself() -> None:
    assert "--no-clean" in copying.argv(SOURCE, "replicator", "/new", "label")
    assert LOCAL not in copying.argv(SOURCE, "replicator", "/new", "label")
