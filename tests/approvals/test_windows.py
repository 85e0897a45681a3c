"""Windows of time: overnight, in any zone, over every change of clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.windows import DAY, Window, frozen_by, next_open, outside
from core.errors import ConfigurationError

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/Sao_Paulo",
)
EVERY = frozenset(range(7))
NIGHT = Window("night", "Europe/Berlin", EVERY, "22:00", "02:00")
FRIDAY = Window("friday night", "Europe/Berlin", frozenset({4}), "22:00", "05:00")
YEAR_END = Window("year-end", "Europe/Berlin", EVERY, "00:00", "00:00", "2026-12-20T00:00", "2027-01-07T00:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "moment", "holds"),
    [
        (NIGHT, "2026-07-01T19:59", False),
        (NIGHT, "2026-07-01T20:00", True),
        (NIGHT, "2026-07-01T23:59", True),
        (NIGHT, "2026-07-02T00:00", False),
        (FRIDAY, "2026-07-03T20:00", True),
        (FRIDAY, "2026-07-04T02:59", True),  # Saturday, 04:59 in Berlin: it began on Friday
        (FRIDAY, "2026-07-04T20:00", False),
        (FRIDAY, "2026-07-02T20:00", False),
        (YEAR_END, "2026-12-19T22:59", False),
        (YEAR_END, "2026-12-19T23:00", True),
        (YEAR_END, "2027-01-06T22:59", True),
        (YEAR_END, "2027-01-06T23:00", False),
    ],
)
def test_a_window_holds_from_its_begin_to_its_end(window: Window, moment: str, *, holds: bool) -> None:
    assert window.holds(at(moment)) is holds


@pytest.mark.parametrize(
    ("begin", "end", "first", "last"),
    [
        ("02:15", "04:00", "2026-03-29T01:00", "2026-03-29T01:59"),  # clocks skip 02:15: it begins behind the gap
        ("01:00", "02:30", "2026-03-29T00:00", "2026-03-29T00:59"),  # and ends there
        ("02:30", "04:00", "2026-10-25T00:30", "2026-10-25T02:59"),  # 02:30 comes twice: it begins at the first
        ("01:00", "02:30", "2026-10-24T23:00", "2026-10-25T01:29"),  # and ends at the second
    ],
)
def test_where_clocks_change_a_window_gets_longer_and_never_has_a_hole(
    begin: str, end: str, first: str, last: str
) -> None:
    window = Window("w", "Europe/Berlin", frozenset({6}), begin, end)
    minutes = [at(first) + timedelta(minutes=n) for n in range(int((at(last) - at(first)).total_seconds() // 60) + 1)]
    assert all(window.holds(minute) for minute in minutes)
    assert not window.holds(minutes[0] - timedelta(minutes=1))
    assert not window.holds(minutes[-1] + timedelta(minutes=1))


clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
moments = st.integers(0, 4 * 366 * 1440).map(lambda minutes: at("2024-01-01") + timedelta(minutes=minutes))
windows = st.builds(
    Window,
    name=st.just("w"),
    zone=st.sampled_from(ZONES),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    begin=clocks,
    end=clocks,
)


def by_the_wall(window: Window, moment: datetime) -> bool:
    """What a person reads off the clock on the wall."""
    wall = moment.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None)
    begin, end = (time.fromisoformat(text) for text in (window.begin, window.end))
    for day in (wall.date(), wall.date() - DAY):
        begins = datetime.combine(day, begin)
        ends = datetime.combine(day + (DAY if end <= begin else timedelta()), end)
        if day.weekday() in window.days and begins <= wall < ends:
            return True
    return False


@given(windows, moments)
def test_away_from_changes_of_clocks_a_window_is_what_the_wall_says(window: Window, moment: datetime) -> None:
    zone = ZoneInfo(window.zone)
    offsets = {(moment + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in range(-54, 55, 3)}
    if len(offsets) == 1:
        assert window.holds(moment) is by_the_wall(window, moment)


@given(windows, moments)
@settings(max_examples=60)
def test_a_change_is_where_it_flips_and_nothing_flips_before(window: Window, moment: datetime) -> None:
    change = window.next_change(moment)
    if change is None:
        assert window.days == EVERY
        return
    before, behind = window.holds(change - timedelta(seconds=1)), window.holds(change)
    assert before is not behind
    assert before is window.holds(moment)


@given(st.lists(windows, max_size=2), st.lists(windows, max_size=2), moments)
@settings(max_examples=40)
def test_the_next_open_moment_is_open_and_the_first(
    allowed: list[Window], frozen: list[Window], moment: datetime
) -> None:
    def free(when: datetime) -> bool:
        return frozen_by(frozen, when) is None and outside([allowed], when) is None

    found = next_open([allowed], frozen, moment, timedelta(days=3))
    grid = (moment + timedelta(minutes=15 * n) for n in range(3 * 96 + 1))
    first = next((when for when in grid if free(when)), None)
    if found is None:
        assert first is None
    else:
        assert free(found)
        assert first is None or found <= first


def test_an_empty_list_allows_always_and_each_list_has_to_be_met() -> None:
    moment = at("2026-07-03T20:30")
    assert outside([], moment) is None
    assert outside([(), (NIGHT,)], moment) is None
    assert outside([(NIGHT,), (YEAR_END,)], moment) == (YEAR_END,)


@pytest.mark.parametrize(
    "window", [Window("w", "Mars/Olympus", EVERY, "1", "2"), Window("w", "UTC", EVERY, "25:00", "x")]
)
def test_what_can_not_be_read_is_said(window: Window) -> None:
    with pytest.raises(ConfigurationError):
        window.holds(at("2026-07-03T20:30"))
