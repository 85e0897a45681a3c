"""The one port through which programs run on a machine; two adapters: this machine and SSH."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Ran:
    """How a program ended. ``out`` and ``err`` are text (UTF-8, undecodable bytes escaped)."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Say whether it ended with code 0."""
        return self.code == 0


class Shell(Protocol):
    """Runs programs on one machine as one user. No method takes a command line: only argument vectors."""

    def run(self, argv: Sequence[str], *, timeout: float, stdin: str = "") -> Ran:
        """Run a program to its end.

        ``timeout`` is in seconds. A program that ends with another code than 0 is a value, not an error.
        Raises ``Unreachable`` when the machine does not answer, ``TimedOut`` when the program did not end in time
        (it was asked to stop, and may or may not have had its effect).
        """
        ...

    def read(self, path: str) -> str | None:
        """Give a file's text, or None when there is no such file. Raises ``Unreachable``, ``ShellError``."""
        ...

    def write(self, path: str, text: str, *, mode: int = 0o600) -> None:
        """Put a file in place whole: temporary name, fsync, rename; parent folders are made (0700).

        Raises ``Unreachable``, ``ShellError``.
        """
        ...

    def ahead(self, argv: Sequence[str], count: int) -> None:
        """Have so many of a program started that does nothing before it is fed, for whoever runs these words soon.

        0 lets go of them. Only a shell to which starting one is cheap to keep does that; to others it is nothing.
        """
        ...

    def stage(self, folder: str, text: str, count: int) -> None:
        """Have so many copies of a text lie in a folder under hidden names, for whoever writes it there soon (0600).

        Such a file has its content on the disk before it has its name. 0 lets go of them. As with ``ahead``, to some
        shells it is nothing. Raises ``ShellError`` for what could not be written either.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
