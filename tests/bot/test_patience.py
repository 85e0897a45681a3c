"""Who waits for long is told so, once, and who was answered is not."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bot.patience import Patience, Say

SOON = 0.15


@contextmanager
def watched(say: Say) -> Iterator[Patience]:
    patience, leaving = Patience(say, after=SOON), threading.Event()
    thread = threading.Thread(target=patience.serve, args=(leaving,))
    thread.start()
    yield patience
    leaving.set()
    thread.join(3)
    assert not thread.is_alive()


def until(said: list[str], count: int) -> None:
    ends = time.monotonic() + 5
    while len(said) < count and time.monotonic() < ends:
        time.sleep(0.01)


def test_what_takes_long_is_said_once() -> None:
    said: list[str] = []
    with watched(lambda kind, _body: said.append(kind)) as patience:
        patience.begin("1", "command", {})
        until(said, 1)
        time.sleep(2 * SOON)
    assert said == ["command"]


def test_what_was_dealt_with_in_time_is_not_said() -> None:
    said: list[str] = []
    with watched(lambda kind, _body: said.append(kind)) as patience:
        patience.begin("1", "command", {})
        patience.begin("2", "click", {})
        patience.end("1")
        until(said, 1)
    assert said == ["click"]


def test_one_whom_slack_keeps_waiting_does_not_keep_the_next_from_being_told() -> None:
    slow, said = threading.Event(), list[str]()

    def say(kind: str, _body: Mapping[str, object]) -> None:
        if kind == "first":
            slow.wait(5)
        said.append(kind)

    with watched(say) as patience:
        patience.begin("1", "first", {})
        patience.begin("2", "second", {})
        until(said, 1)
        assert said == ["second"]
        slow.set()
        until(said, 2)
