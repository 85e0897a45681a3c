"""One slot for each local day, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from runs.schedules.slots import DAYS, Daily, Every, newest_slot, slot_on

ZONES = (
    "Europe/Helsinki",
    "America/Los_Angeles",
    "America/Santiago",  # put forward at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kolkata",
    "Africa/Casablanca",  # back and forth around Ramadan
    "America/Nuuk",  # changed its rules within these years
)
FIRST, YEARS = date(2023, 1, 1), 5
HALF_HOURS = [time(hour, minute) for hour in range(24) for minute in (0, 30)]
WEEK = [FIRST + timedelta(days=n) for n in range(365 * YEARS + 1)]


def daily(at: time, zone: str, *days: str) -> Daily:
    return Daily("d", at, ZoneInfo(zone), lambda _slot: None, frozenset(days or DAYS))


@pytest.mark.parametrize("zone", ZONES)
def test_each_local_day_of_five_years_has_one_slot_for_each_half_hour(zone: str) -> None:
    for at in HALF_HOURS:
        schedule = daily(at, zone)
        slots = [slot_on(schedule, day) for day in WEEK]
        assert [slot.astimezone(schedule.zone).date() for slot in slots] == WEEK
        odd = [n for n, (a, b) in enumerate(pairwise(slots)) if b - a != timedelta(days=1)]
        looked = {*range(1, len(slots) - 1, 40), *odd, *(n + 1 for n in odd)}
        for n in looked - {0, len(slots) - 1}:
            assert newest_slot(schedule, slots[n]) == slots[n]
            assert newest_slot(schedule, slots[n + 1] - timedelta(seconds=1)) == slots[n]
            assert newest_slot(schedule, slots[n] - timedelta(seconds=1)) == slots[n - 1]


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        pytest.param("Europe/Helsinki", (2026, 3, 29), (3, 30), (1, 0), id="skipped: the first moment behind the gap"),
        pytest.param("Europe/Helsinki", (2026, 10, 25), (3, 30), (0, 30), id="repeated: the first of the two"),
        pytest.param("America/Santiago", (2026, 9, 6), (0, 0), (4, 0), id="a midnight that does not exist"),
        pytest.param("America/Nuuk", (2026, 3, 28), (23, 30), (0, 59), id="skipped to the next day"),
        pytest.param("Australia/Lord_Howe", (2026, 10, 4), (2, 15), (15, 30), id="a gap of half an hour"),
    ],
)
def test_a_wall_clock_time_that_is_none_or_two(
    zone: str, day: tuple[int, int, int], at: tuple[int, int], utc: tuple[int, int]
) -> None:
    slot = slot_on(daily(time(*at), zone), date(*day))
    assert (slot.hour, slot.minute) == utc


def test_only_the_named_weekdays_have_slots() -> None:
    schedule = daily(time(9), "UTC", "mon", "thu")
    asked = [newest_slot(schedule, datetime(2026, 11, n, 12, tzinfo=UTC)).day for n in range(16, 23)]
    assert asked == [16, 16, 16, 19, 19, 19, 19]  # 16 November 2026 is a Monday
    with pytest.raises(ValueError, match="no days"):
        newest_slot(Daily("d", time(9), ZoneInfo("UTC"), lambda _slot: None, frozenset()), datetime.now(UTC))


def test_what_happens_every_hour_has_a_slot_for_each_whatever_the_clocks_do() -> None:
    hourly = Every("e", 3600, lambda _slot: None)
    now = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)  # Helsinki has 3 o'clock twice
    assert newest_slot(hourly, now) == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert newest_slot(hourly, now + timedelta(seconds=1)) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
