"""Argument vectors: what may be in them, and how they become another user's."""

import math
from collections.abc import Sequence

from fleet.errors import ShellError

KILL_AFTER = 5  # seconds that a program has between the polite signal and the other one


def encode(argv: Sequence[str]) -> list[bytes]:
    """Give an argument vector as the bytes that the kernel takes. Raises ``ShellError`` for what it can't take."""
    if not argv or not argv[0]:
        raise ShellError("There is no program to run.", code="BAD-ARGUMENT")
    try:
        words = [word.encode("utf-8") for word in argv]
    except UnicodeEncodeError as error:
        raise ShellError("An argument is not valid text.", "It holds half a character.", code="BAD-ARGUMENT") from error
    if any(0 in word for word in words):
        raise ShellError("An argument holds a NUL byte.", "No program can be given one.", code="BAD-ARGUMENT")
    return words


def feed(text: str) -> bytes:
    """Give what a program is fed as bytes. Raises ``ShellError`` for text that has none."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ShellError("What the program should be fed is not valid text.", code="BAD-ARGUMENT") from error


def limited(argv: Sequence[str], timeout: float) -> list[str]:
    """Let the program be stopped where it runs: closing a connection does not end a quiet remote program."""
    return ["timeout", "-k", str(KILL_AFTER), str(max(1, math.ceil(timeout))), *argv]


def as_user(argv: Sequence[str], user: str, login: str = "") -> list[str]:
    """Run as another user through sudo, which must not ask for a password; root (``login``) needs no sudo."""
    if login == "root":
        return ["runuser", "-u", user, "--", *argv]
    return ["sudo", "-n", "-u", user, "--", *argv]


def sudo_refused(code: int, err: str) -> bool:
    """Say whether it was sudo itself that answered, not the program."""
    return code == 1 and err.startswith("sudo: ")


def sudo_error(user: str, where: str, err: str) -> ShellError:
    """Word sudo's refusal."""
    return ShellError(
        f"sudo on {where} refused to run a program as {user}: {err.strip().splitlines()[-1]}",
        f"Allow it in sudoers with NOPASSWD, or log in as {user}.",
        code="SUDO-REFUSED",
    )
