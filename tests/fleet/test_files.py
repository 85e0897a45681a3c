import secrets
from collections.abc import Sequence
from pathlib import Path

import pytest

from fleet import files
from fleet.errors import ShellError
from fleet.local import LocalShell
from fleet.shell import Ran

shell = LocalShell()


def test_content_that_did_not_arrive_whole_never_gets_the_files_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    head = f"{tmp_path / 'file'}\n0600 1000 {secrets.token_hex(6)}\n"
    ran = shell.run(files.WRITE, timeout=5, stdin=f"{head}only the beginning")
    assert (ran.code, ran.err.strip()) == (1, "the content did not arrive whole")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_file_that_is_too_large_is_an_error_not_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 1000)
    (tmp_path / "file").write_text("x" * 1000)
    assert shell.read(str(tmp_path / "file")) == "x" * 1000
    (tmp_path / "file").write_text("x" * 1001)
    with pytest.raises(ShellError) as refused:
        shell.read(str(tmp_path / "file"))
    assert refused.value.code == "FILE-TOO-LARGE"


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "file").symlink_to(tmp_path / "target")
    shell.write(str(tmp_path / "file"), "new")
    assert (tmp_path / "target").read_text() == "precious"
    assert (tmp_path / "file").read_text() == "new"


def test_text_that_has_no_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShellError):
        shell.write(str(tmp_path / "file"), "\ud800")


def test_any_other_failure_of_cat_is_an_error() -> None:
    def failing(argv: Sequence[str], *, timeout: float, stdin: bytes, keep: int) -> Ran:
        del argv, timeout, stdin, keep
        return Ran(1, "", "cat: /x: Input/output error\n")

    with pytest.raises(ShellError, match="Input/output error"):
        files.read_file(failing, "/x")
