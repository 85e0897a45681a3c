"""Turns at the store within one process: in order, those that must be quick first, nobody waits longer than said."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.store import Store, StoreUnavailable
from audit.turns import Turns
from tests.fixtures.house import store
from tests.fixtures.site import until

__all__ = ["store"]


def test_they_come_in_order_and_who_must_be_quick_goes_first() -> None:
    turns, came = Turns(), list[str]()

    def take(name: str, *, first: bool) -> None:
        assert turns.take(10, first=first)
        came.append(name)
        turns.leave()

    assert turns.take(0)
    with ThreadPoolExecutor(4) as pool:
        for n, (name, first) in enumerate([("a", False), ("b", False), ("ack", True)], start=1):
            pool.submit(take, name, first=first)
            until(lambda n=n: len(turns._waiting) == n)  # type: ignore[misc]
        turns.leave()
    assert came == ["ack", "a", "b"]


def test_whoever_gives_up_is_not_waited_for() -> None:
    turns = Turns()
    assert turns.take(0)
    assert not turns.take(0.01)
    turns.leave()
    assert turns.take(0)


def test_many_at_once_never_have_it_together() -> None:
    turns, inside, most = Turns(), [0], [0]

    def work() -> None:
        for _ in range(200):
            assert turns.take(30)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            turns.leave()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_turn_that_does_not_come_is_said_as_any_locked_store_is(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool, store.transaction():
        asked = pool.submit(lambda: store.transaction(0.05).__enter__())
        with pytest.raises(StoreUnavailable, match=r"others have been writing for 0\.05 s"):
            asked.result(10)
    with store.transaction(0.05) as session:
        assert session.is_active
