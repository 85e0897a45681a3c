from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from audit.store import Store
from runs.schedule import Daily, newest_slot, tick
from tests.fixtures.house import StandingClock, clock, store

__all__ = ["clock", "store"]

ZONES = ["UTC", "Europe/Helsinki", "America/Los_Angeles", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata"]


@pytest.mark.parametrize("zone", ZONES)
def test_there_is_one_slot_for_each_local_day_in_a_year_of_clock_changes(zone: str) -> None:
    for at in (time(0, 0), time(2, 30), time(3, 0), time(23, 30)):
        daily = Daily("d", at, ZoneInfo(zone), lambda: None)
        now, end, slots = datetime(2026, 1, 2, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC), set()
        while now < end:
            slots.add(newest_slot(daily, now))
            now += timedelta(minutes=30)
        assert len(slots) in {365, 366}
        gaps = sorted(slots)
        assert all(timedelta(hours=22) < b - a < timedelta(hours=26) for a, b in pairwise(gaps))


def test_a_slot_is_done_once_and_the_first_start_posts_nothing_old(store: Store, clock: StandingClock) -> None:
    done: list[datetime] = []
    daily = Daily("digest", time(9, 0), ZoneInfo("UTC"), lambda: done.append(clock.now()))
    tick([daily], store, clock, "bot-1")
    assert done == []
    clock.at = datetime(2026, 3, 1, 9, 0, 1, tzinfo=UTC)
    for owner in ("bot-1", "bot-2"):
        tick([daily], store, clock, owner)
    assert len(done) == 1
    clock.forward(24 * 3600)
    tick([daily], store, clock, "bot-2")
    assert len(done) == 2


def test_a_slot_missed_by_half_a_day_is_left_out(store: Store, clock: StandingClock) -> None:
    done: list[int] = []
    daily = Daily("digest", time(9, 0), ZoneInfo("UTC"), lambda: done.append(1))
    tick([daily], store, clock, "bot-1")
    clock.at = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
    tick([daily], store, clock, "bot-1")
    assert done == []
