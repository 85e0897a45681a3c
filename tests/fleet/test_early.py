"""What is soon asked for is read while something else is waited for; what that reading raises counts for nothing."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import Unreachable
from fleet.early import MOMENT, early
from fleet.reach import Reach
from tests.fixtures.views import inventory


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Reach]:
    with closing(Reach(inventory(), tmp_path / "known_hosts")) as made:
        yield made


def never() -> str:
    raise AssertionError("it is read already")


def test_whoever_asks_for_it_gets_what_was_read_early(site: Reach) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert may_end.wait(20)
        return "early"

    early(site, "it", slow)
    assert begun.wait(20)
    threading.Timer(0.02, may_end.set).start()
    assert site.kept("it", never) == "early"


def test_one_that_failed_is_taken_anew_and_says_so_there(site: Reach) -> None:
    def fails() -> str:
        raise Unreachable("db1 does not answer.")

    early(site, "it", fails)
    with pytest.raises(Unreachable):
        site.kept("it", fails, MOMENT)
    assert site.kept("it", lambda: "now", MOMENT) == "now"
