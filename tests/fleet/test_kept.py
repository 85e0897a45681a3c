"""What somebody else reads right now is waited for, no longer than it would hold."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from core.errors import Unreachable
from fleet.kept import Kept
from tests.fixtures.site import until


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=2) as made:
        yield made


class Slow:
    """A reading that is under way until it may end."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.may_end.wait(20)
        return "slow"


def never() -> object:
    raise AssertionError("it is read already")


def under_way(pool: ThreadPoolExecutor, kept: Kept, read: Slow, fails: bool = False) -> Future[object]:  # noqa: FBT001,FBT002
    def reading() -> object:
        read()
        if fails:
            raise Unreachable("db1 does not answer.")
        return "slow"

    first = pool.submit(kept.get, "where", reading, 60)
    assert read.begun.wait(20)
    return first


def later(pool: ThreadPoolExecutor, kept: Kept, read: Callable[[], object]) -> Future[object]:
    second = pool.submit(kept.get, "where", read, 60)
    with pytest.raises(TimeoutError):
        second.result(0.1)
    return second


def test_whoever_asks_while_it_is_read_waits_for_it(pool: ThreadPoolExecutor) -> None:
    kept, read = Kept(), Slow()
    first = under_way(pool, kept, read)
    second = later(pool, kept, never)
    read.may_end.set()
    assert (first.result(), second.result()) == ("slow", "slow")


def test_when_it_failed_they_read_themselves(pool: ThreadPoolExecutor) -> None:
    kept, read = Kept(), Slow()
    first = under_way(pool, kept, read, fails=True)
    second = later(pool, kept, lambda: "mine")
    read.may_end.set()
    assert isinstance(first.exception(), Unreachable)
    assert second.result() == "mine"


def test_they_wait_no_longer_than_it_would_hold(pool: ThreadPoolExecutor) -> None:
    kept, read = Kept(), Slow()
    first = under_way(pool, kept, read)
    try:
        assert kept.get("where", lambda: "mine", 0.05) == "mine"
        assert kept.get("where", never, 60) == "mine"
        assert not first.done()
    finally:
        read.may_end.set()
    until(first.done)
