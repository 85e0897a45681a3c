"""What every shell promises: one suite for this machine and for SSH, as ourselves and as somebody else."""

import pwd
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.errors import ShellError, TimedOut
from fleet.output import KEEP
from fleet.shell import Ran, Shell
from tests.fixtures.programs import gone
from tests.fixtures.site import until

BOUNDED = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
anything = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=60)
nasty = st.sampled_from(
    [
        "",
        " ",
        "'",
        '"',
        "$(id)",
        "`id`",
        ";id",
        "&& id",
        "|id",
        "\n",
        "\\",
        "*",
        "~",
        "-n",
        "--",
        "--help",
        "%s",
        "!!",
        "#",
    ]
)
PRINT_ALL = 'for word; do printf "%s\\0" "$word"; done'


def test_another_code_than_0_is_a_value(shell: Shell) -> None:
    assert shell.run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=10) == Ran(3, "out\n", "err\n")


def test_it_runs_as_the_user_that_it_was_made_for(shell: Shell, user: str) -> None:
    assert shell.run(["id", "-un"], timeout=10).out.strip() == user


def test_a_missing_program_ends_with_127_and_one_that_is_none_with_126(shell: Shell) -> None:
    assert shell.run(["no-such-program"], timeout=10).code == 127
    assert shell.run(["/etc/passwd"], timeout=10).code == 126


def test_a_program_killed_by_a_signal_has_a_code_of_128_or_more(shell: Shell) -> None:
    assert shell.run(["sh", "-c", "kill -9 $$"], timeout=10).code >= 128


def test_stdin_arrives_whole(shell: Shell) -> None:
    text = "äöü 漢字 \r\n\t" * 40_000
    assert shell.run(["wc", "-c"], timeout=20, stdin=text).out.strip() == str(len(text.encode()))


def test_a_program_that_ignores_its_stdin_does_no_harm(shell: Shell) -> None:
    assert shell.run(["true"], timeout=20, stdin="x" * 3_000_000).ok


def test_stdin_that_is_no_text_is_refused(shell: Shell) -> None:
    with pytest.raises(ShellError):
        shell.run(["cat"], timeout=10, stdin="\ud800")


def test_stdin_is_empty_without_any(shell: Shell) -> None:
    assert shell.run(["cat"], timeout=10) == Ran(0, "", "")


def test_undecodable_bytes_are_escaped(shell: Shell) -> None:
    assert shell.run(["printf", r"a\377b\303\244"], timeout=10).out == "a\\xffbä"


def test_of_a_flood_the_end_is_kept_and_it_says_so(shell: Shell) -> None:
    ran = shell.run(["sh", "-c", "yes 0123456789 | head -c 5000000; echo end"], timeout=30)
    first, rest = ran.out.split("\n", 1)
    assert first == f"[{5_000_004 - KEEP} bytes before this were dropped]"
    assert len(rest) == KEEP
    assert rest.endswith("end\n")


def test_a_program_that_takes_too_long_is_stopped_with_all_that_it_started(shell: Shell, place: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(TimedOut):
        shell.run(["sh", "-c", f"echo $$ > {place}/pid; sleep 60 & sleep 60"], timeout=1)
    assert time.monotonic() - begun < 4
    shell_pid = int((place / "pid").read_text())
    until(lambda: gone(shell_pid), 8)


def test_a_server_that_it_leaves_behind_does_not_hold_it_up(shell: Shell) -> None:
    begun = time.monotonic()
    assert shell.run(["sh", "-c", "sleep 6 & echo started; exit 4"], timeout=10) == Ran(4, "started\n", "")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("argv", [[], [""], ["echo", "a\0b"], ["echo", "\ud800"]])
def test_what_no_program_can_be_given_is_refused(shell: Shell, argv: list[str]) -> None:
    with pytest.raises(ShellError) as refused:
        shell.run(argv, timeout=10)
    assert refused.value.code == "BAD-ARGUMENT"


def test_an_argument_of_100_kb_arrives_and_one_of_200_kb_is_refused(shell: Shell) -> None:
    assert len(shell.run(["echo", "x" * 100_000], timeout=10).out) == 100_001
    with pytest.raises(ShellError):
        shell.run(["echo", "x" * 200_000], timeout=10)


@BOUNDED
@given(words=st.lists(anything | nasty, max_size=6))
def test_arguments_arrive_byte_for_byte(shell: Shell, words: list[str]) -> None:
    ran = shell.run(["sh", "-c", PRINT_ALL, "sh", *words], timeout=20)
    assert ran == Ran(0, "".join(f"{word}\0" for word in words), "")


def test_many_threads_may_use_one_shell(shell: Shell) -> None:
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(lambda n: shell.run(["echo", str(n)], timeout=30).out, range(48)))
    assert said == [f"{n}\n" for n in range(48)]


def test_our_secrets_are_not_in_the_environment(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-canary")
    assert "canary" not in shell.run(["env"], timeout=10).out


def test_a_written_file_reads_the_same_and_belongs_to_the_user(shell: Shell, place: Path, user: str) -> None:
    path = place / "new" / "folder" / "it's $(a) file"
    shell.write(str(path), "one\n'two' äö\n", mode=0o640)
    assert shell.read(str(path)) == "one\n'two' äö\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert pwd.getpwuid(path.stat().st_uid).pw_name == user


def test_writing_replaces_the_whole_file_and_leaves_nothing_else(shell: Shell, place: Path) -> None:
    shell.write(str(place / "file"), "long " * 100_000)
    shell.write(str(place / "file"), "short")
    assert (place / "file").read_text() == "short"
    assert [each.name for each in place.iterdir()] == ["file"]


def test_a_file_of_several_mib_goes_both_ways(shell: Shell, place: Path) -> None:
    text = "0123456789abcdef" * 200_000
    shell.write(str(place / "file"), text)
    assert shell.read(str(place / "file")) == text


def test_no_file_is_none_and_a_folder_is_an_error(shell: Shell, place: Path) -> None:
    assert shell.read(str(place / "missing")) is None
    assert shell.read(str(place / "no" / "folder")) is None
    with pytest.raises(ShellError):
        shell.read(str(place))
    with pytest.raises(ShellError):
        shell.write(str(place), "text")


def test_a_file_that_the_user_may_not_read_is_an_error_not_missing(shell: Shell, place: Path, user: str) -> None:
    if user == "root":
        pytest.skip("root may read everything")
    shell.run(["mkdir", "-m", "0", str(place / "closed")], timeout=10)
    with pytest.raises(ShellError):
        shell.read(str(place / "closed" / "file"))
    with pytest.raises(ShellError):
        shell.write(str(place / "closed" / "file"), "text")
    shell.run(["chmod", "700", str(place / "closed")], timeout=10)


def test_a_program_that_may_have_been_started_ahead_ends_as_any_other(shell: Shell, place: Path) -> None:
    asks = ["sh", "-c", 'read -r word || exit 70; echo "$word $1"', "asks", str(place)]
    shell.ahead(asks, 2)
    for word in ("one", "two", "three"):
        assert shell.run(asks, timeout=10, stdin=f"{word}\n").out == f"{word} {place}\n"
    shell.ahead(asks, 1)
    shell.ahead(asks, 0)
    assert shell.run(asks, timeout=10).code == 70


def test_a_text_that_may_have_been_staged_is_written_as_any_other(shell: Shell, place: Path) -> None:
    shell.stage(f"{place}/notes", "a line\n", 1)
    shell.write(f"{place}/notes/one", "another line\n")
    for name in ("two", "three"):
        shell.write(f"{place}/notes/{name}", "a line\n")
    shell.stage(f"{place}/notes", "a line\n", 1)
    shell.stage(f"{place}/notes", "a line\n", 0)
    shell.stage(str(place), "a line\n", 1)
    shell.run(["mkdir", f"{place}/folder"], timeout=10)
    with pytest.raises(ShellError, match="is a folder"):
        shell.write(f"{place}/folder", "a line\n")
    said = shell.run(["find", str(place), "-type", "f", "-printf", "%f %m %s\n"], timeout=10).out
    assert sorted(said.splitlines()) == ["one 600 13", "three 600 7", "two 600 7"]


@pytest.mark.parametrize("path", ["", "relative", "~/file", "/tmp/", "/tmp/two\nlines"])
def test_only_whole_paths_are_taken(shell: Shell, path: str) -> None:
    with pytest.raises(ShellError):
        shell.read(path)
    with pytest.raises(ShellError):
        shell.write(path, "text")
