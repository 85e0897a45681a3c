import pytest

from fleet.argv import as_user, encode, limited, sudo_error, sudo_refused
from fleet.errors import ShellError


def test_sudo_never_asks_and_takes_no_option_from_the_program() -> None:
    assert as_user(["-x"], "postgres") == ["sudo", "-n", "-u", "postgres", "--", "-x"]


def test_root_needs_no_sudo() -> None:
    assert as_user(["id"], "postgres", "root") == ["runuser", "-u", "postgres", "--", "id"]


@pytest.mark.parametrize(("timeout", "seconds"), [(0.1, "1"), (1, "1"), (1.5, "2"), (3600, "3600")])
def test_a_remote_program_is_stopped_no_sooner_than_asked(timeout: float, seconds: str) -> None:
    assert limited(["id"], timeout) == ["timeout", "-k", "5", seconds, "id"]


def test_text_becomes_utf_8() -> None:
    assert encode(["é", "-"]) == [b"\xc3\xa9", b"-"]


@pytest.mark.parametrize("argv", [[], [""], ["a", "\0"], ["\ud800"]])
def test_what_no_program_can_be_given_is_refused(argv: list[str]) -> None:
    with pytest.raises(ShellError):
        encode(argv)


def test_sudos_own_refusal_is_told_from_the_programs() -> None:
    assert sudo_refused(1, "sudo: a password is required\n")
    assert not sudo_refused(1, "pg_ctl: no server running\n")
    assert not sudo_refused(2, "sudo: no\n")
    assert "NOPASSWD" in sudo_error("postgres", "db1", "sudo: a password is required\n").hint
