"""What a program said right before it ended is never lost, however late the network brings it."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fleet import channel
from fleet.output import Tail

SAID = b"the last words\n"


class Late:
    """A channel to which the last words, their end and the code come right after somebody looked and found nothing."""

    closed = False

    def __init__(self, readable: int) -> None:
        self._readable, self._left, self._here = readable, SAID, False
        self.status_event = threading.Event()

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


@pytest.fixture
def readable() -> Iterator[int]:
    here, there = os.pipe()
    os.write(there, b"x")
    yield here
    os.close(here)
    os.close(there)


def test_the_last_words_are_read_though_they_came_with_the_end(readable: int) -> None:
    out = Tail(100)
    late: Any = Late(readable)  # all of a channel that is asked here
    assert channel._read(late, out, Tail(100), time.monotonic() + 5)
    assert out.text() == SAID.decode()
