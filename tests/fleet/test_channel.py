"""What a program said right before it ended is never lost, however late the network brings it."""

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fleet import channel
from fleet.shell import Ran

SAID = b"the last words\n"


class Going:
    """A connection that exchanges no keys."""

    clear_to_send = threading.Event()
    clear_to_send.set()


class Late:
    """A channel to which the last words, their end and the code come right after somebody looked and found nothing."""

    closed, exit_status = False, 0

    def __init__(self, readable: int) -> None:
        self._readable, self._left, self._here = readable, SAID, False
        self.status_event = threading.Event()
        self.fed, self.lock, self.transport = b"", threading.Lock(), Going()

    @property
    def eof_received(self) -> bool:
        return self._here

    def fileno(self) -> int:
        return self._readable

    def exit_status_ready(self) -> bool:
        return self._here

    def recv_ready(self) -> bool:
        found = self._here and bool(self._left)
        self._here = True
        return found

    def recv(self, _most: int) -> bytes:
        said, self._left = self._left, b""
        return said

    def recv_stderr_ready(self) -> bool:
        return False

    def set_environment_variable(self, name: str, value: str) -> None:
        pass

    def exec_command(self, line: str) -> None:
        pass

    def sendall(self, stdin: bytes) -> None:
        self.fed += stdin

    def _send_eof(self) -> None:
        pass

    def close(self) -> None:
        raise EOFError


@pytest.fixture
def readable() -> Iterator[int]:
    here, there = os.pipe()
    os.write(there, b"x")
    yield here
    os.close(here)
    os.close(there)


def test_the_last_words_are_read_though_they_came_with_the_end_and_the_connection_breaks_behind_it(
    readable: int,
) -> None:
    late: Any = Late(readable)  # all of a channel that is asked here
    ran = channel.follow(late, "say", stdin=b"fed", timeout=5, keep=100, name="say")
    assert (ran, late.fed) == (Ran(0, SAID.decode(), ""), b"fed")
