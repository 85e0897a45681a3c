"""A program that was started ahead does nothing until it is fed, and nothing at all when nobody feeds it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fleet import files, local, waiting
from fleet.local import LocalShell
from tests.fixtures.site import until

BOT = """
import sys
from fleet.local import LocalShell
shell = LocalShell()
shell.ahead(sys.argv[1:], 1)
print("there", flush=True)
input()
"""
STAGING_BOT = """
import sys
from fleet.local import LocalShell
shell = LocalShell()
shell.stage(sys.argv[1], "a line\\n", 1)
print("there", flush=True)
input()
"""


@pytest.fixture
def shell() -> Iterator[LocalShell]:
    made = LocalShell()
    yield made
    made.close()


def asks(place: Path) -> list[str]:
    """Words that leave a line with their own process in a file, once somebody feeds them."""
    return ["sh", "-c", 'read -r word || exit 70; echo "$word $$" >> "$1"', "asks", str(place / "said")]


def those(place: Path) -> set[int]:
    """The processes of such words."""
    mine = psutil.Process().children()
    return {each.pid for each in mine if str(place / "said") in each.cmdline()}


def test_whoever_runs_the_same_words_has_the_one_that_waits(shell: LocalShell, tmp_path: Path) -> None:
    shell.ahead(asks(tmp_path), 1)
    (there,) = those(tmp_path)
    assert not (tmp_path / "said").exists()
    shell.run([*asks(tmp_path), "other words"], timeout=5, stdin="other\n")
    assert shell.run(asks(tmp_path), timeout=5, stdin="first\n").ok
    assert shell.run(asks(tmp_path), timeout=5, stdin="second\n").ok
    other, first, second = (tmp_path / "said").read_text().splitlines()
    assert (other.split()[0], first, second.split()[0]) == ("other", f"first {there}", "second")
    assert those(tmp_path) == set()


def test_asked_for_again_it_is_the_same_one_until_it_is_about_to_be_too_old(
    shell: LocalShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.ahead(asks(tmp_path), 1)
    first = those(tmp_path)
    shell.ahead(asks(tmp_path), 1)
    assert those(tmp_path) == first
    monkeypatch.setattr(waiting, "FRESH", 0.0)
    shell.ahead(asks(tmp_path), 1)
    assert len(those(tmp_path)) == 1
    assert those(tmp_path).isdisjoint(first)
    assert shell.run(asks(tmp_path), timeout=5, stdin="fresh\n").ok
    assert those(tmp_path) == set()


def test_one_that_was_killed_meanwhile_is_not_handed_out(shell: LocalShell, tmp_path: Path) -> None:
    shell.ahead(asks(tmp_path), 1)
    (there,) = those(tmp_path)
    psutil.Process(there).kill()
    until(lambda: psutil.Process(there).status() == psutil.STATUS_ZOMBIE)
    assert shell.run(asks(tmp_path), timeout=5, stdin="all the same\n").ok
    assert those(tmp_path) == set()


@pytest.mark.parametrize("how", ["let go", "closed"])
def test_nobody_feeds_it_and_it_ends_without_having_done_anything(shell: LocalShell, tmp_path: Path, how: str) -> None:
    shell.ahead(asks(tmp_path), 3)
    assert len(those(tmp_path)) == 3
    if how == "closed":
        shell.close()
    else:
        shell.ahead(asks(tmp_path), 0)
    assert those(tmp_path) == set()
    assert not (tmp_path / "said").exists()


def test_when_its_bot_is_killed_it_ends_without_having_done_anything(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BOT, *asks(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process, process.stdout, process.stdin:
        assert process.stdout.readline() == b"there\n"
        (waits,) = [each for each in psutil.Process(process.pid).children() if str(tmp_path / "said") in each.cmdline()]
        process.kill()
        until(lambda: not waits.is_running() or waits.status() == psutil.STATUS_ZOMBIE)
    assert not (tmp_path / "said").exists()


def test_what_ignores_that_its_input_ended_is_killed(shell: LocalShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_UNFED", 0.1)
    shell.ahead(["sleep", "60"], 1)
    (sleeps,) = [each for each in psutil.Process().children() if each.cmdline() == ["sleep", "60"]]
    shell.ahead(["sleep", "60"], 0)
    assert not sleeps.is_running()


def test_a_text_lies_there_without_a_name_until_somebody_writes_it(shell: LocalShell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    shell.stage(str(tmp_path), "new\n", 1)
    until(lambda: lies(tmp_path) == "new\n")
    assert (tmp_path / "file").read_text() == "old"
    shell.write(str(tmp_path / "file"), "other\n")
    shell.write(str(tmp_path / "file"), "new\n", mode=0o640)
    assert lies(tmp_path) == "new\n"
    (staged,) = hidden(tmp_path)
    number = staged.stat().st_ino
    shell.write(str(tmp_path / "file"), "new\n")
    assert (tmp_path / "file").stat().st_ino == number
    assert hidden(tmp_path) == []


def test_a_text_that_was_swept_away_is_written_all_the_same(shell: LocalShell, tmp_path: Path) -> None:
    shell.stage(str(tmp_path), "new\n", 1)
    until(lambda: lies(tmp_path) == "new\n")
    (staged,) = hidden(tmp_path)
    staged.unlink()
    shell.write(str(tmp_path / "file"), "new\n")
    assert (tmp_path / "file").read_text() == "new\n"


@pytest.mark.parametrize("how", ["let go", "closed"])
def test_a_text_that_nobody_writes_is_gone(shell: LocalShell, tmp_path: Path, how: str) -> None:
    shell.stage(str(tmp_path / "notes"), "a line\n", 1)
    until(lambda: lies(tmp_path / "notes") == "a line\n")
    if how == "closed":
        shell.close()
    else:
        shell.stage(str(tmp_path / "notes"), "a line\n", 0)
    assert list((tmp_path / "notes").iterdir()) == []


def test_a_text_whose_bot_is_killed_is_gone(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STAGING_BOT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process, process.stdout, process.stdin:
        assert process.stdout.readline() == b"there\n"
        until(lambda: lies(tmp_path) == "a line\n")
        process.kill()
        until(lambda: hidden(tmp_path) == [])


def test_a_text_that_is_too_large_for_a_pipe_is_not_staged_and_written_all_the_same(
    shell: LocalShell, tmp_path: Path
) -> None:
    text = "x" * files.STAGED
    shell.stage(str(tmp_path), text, 1)
    shell.write(str(tmp_path / "file"), text)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def hidden(place: Path) -> list[Path]:
    return list(place.glob(".*.new"))


def lies(place: Path) -> str:
    return "".join(each.read_text() for each in hidden(place))
