"""The end is taken whatever the main thread does at that moment."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from sandbox.stop import Stop, at_the_end

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDS)
def test_each_of_the_three_signals_is_remembered(number: signal.Signals) -> None:
    stop = Stop()
    stop.listen()
    os.kill(os.getpid(), number)
    assert stop.wait(10)


def test_a_signal_that_comes_while_the_main_thread_holds_the_lock_waits_for_it_elsewhere() -> None:
    lock, ended = threading.Lock(), threading.Event()

    def end() -> None:
        if lock.acquire(timeout=5):
            lock.release()
            ended.set()

    at_the_end(end)
    with lock:
        os.kill(os.getpid(), signal.SIGTERM)
        assert not ended.wait(0.1)
    assert ended.wait(10)
