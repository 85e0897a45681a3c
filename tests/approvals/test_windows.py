"""Freezes and allowed times, on the days on which clocks change too."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.windows import DAY, SECOND, Window, frozen_by, moments, next_open, outside
from core.canonical import canonical
from core.errors import ConfigurationError

MINUTE = timedelta(minutes=1)
WEEK = frozenset(range(7))
WEEKDAYS = frozenset(range(5))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(zone: str, begin: str, end: str, days: frozenset[int] = WEEK) -> Window:
    return Window("window", zone, days, begin, end)


def dated(since: str, until: str, zone: str = "Europe/Berlin") -> Window:
    return Window("year-end freeze", zone, WEEK, "00:00", "00:00", since, until)


def is_span(window: Window, begin: str, end: str) -> None:
    """Hold a window to one span: half-open, and not a second more."""
    opens, closes = utc(begin), utc(end)
    assert [window.holds(opens + change * SECOND) for change in (-1, 0)] == [False, True]
    assert [window.holds(closes + change * SECOND) for change in (-1, 0)] == [True, False]
    assert (window.next_change(opens - SECOND), window.next_change(opens)) == (opens, closes)


@pytest.mark.parametrize(
    ("zone", "begin", "end", "from_", "to"),
    [
        pytest.param("UTC", "09:00", "17:00", "2026-07-01T09:00", "2026-07-01T17:00", id="office hours"),
        pytest.param("Europe/Berlin", "22:00", "02:00", "2026-07-03T20:00", "2026-07-04T00:00", id="overnight"),
        pytest.param("Europe/Berlin", "22:00", "04:00", "2026-03-28T21:00", "2026-03-29T02:00", id="a night of 5 h"),
        pytest.param("Europe/Berlin", "22:00", "04:00", "2026-10-24T20:00", "2026-10-25T03:00", id="a night of 7 h"),
        pytest.param("Europe/Berlin", "02:30", "05:00", "2026-03-29T01:00", "2026-03-29T03:00", id="begin in a gap"),
        pytest.param("Europe/Berlin", "01:00", "02:30", "2026-03-29T00:00", "2026-03-29T01:00", id="end in a gap"),
        pytest.param("Europe/Berlin", "02:00", "02:30", "2026-10-25T00:00", "2026-10-25T01:30", id="both come twice"),
        pytest.param("Europe/Berlin", "01:00", "02:00", "2026-10-24T23:00", "2026-10-25T01:00", id="end comes twice"),
        pytest.param("Europe/Berlin", "03:00", "04:00", "2026-10-25T02:00", "2026-10-25T03:00", id="after the overlap"),
        pytest.param("America/New_York", "01:30", "03:00", "2026-11-01T05:30", "2026-11-01T08:00", id="New York back"),
        pytest.param(
            "America/New_York", "22:00", "02:30", "2026-03-08T03:00", "2026-03-08T07:00", id="New York forward"
        ),
        pytest.param(
            "Australia/Lord_Howe", "02:15", "03:00", "2026-10-03T15:30", "2026-10-03T16:00", id="half an hour"
        ),
        pytest.param(
            "Australia/Lord_Howe", "01:45", "02:00", "2026-04-04T14:45", "2026-04-04T15:30", id="half an hour b"
        ),
        pytest.param("Asia/Kolkata", "23:00", "01:00", "2026-03-28T17:30", "2026-03-28T19:30", id="never changes"),
        pytest.param("America/St_Johns", "23:30", "00:30", "2006-10-29T02:00", "2006-10-29T04:00", id="over midnight"),
        pytest.param("Asia/Beirut", "00:00", "02:00", "2026-03-28T22:00", "2026-03-28T23:00", id="midnight is skipped"),
    ],
)
def test_a_span_begins_and_ends_where_the_clocks_on_the_wall_say(
    zone: str, begin: str, end: str, from_: str, to: str
) -> None:
    is_span(daily(zone, begin, end), from_, to)


def test_a_span_that_ends_on_a_day_that_is_skipped_ends_there() -> None:
    thursdays = daily("Pacific/Apia", "22:00", "09:00", frozenset({3}))  # Friday 30 December 2011 never was
    is_span(thursdays, "2011-12-30T08:00", "2011-12-30T10:00")


def test_a_span_that_begins_on_a_day_that_is_skipped_counts_from_behind_it() -> None:
    fridays = daily("Pacific/Apia", "22:00", "02:00", frozenset({4}))  # 30 December 2011 never was
    is_span(fridays, "2011-12-30T10:00", "2011-12-30T12:00")


def test_a_span_that_clocks_skip_wholly_does_not_come() -> None:
    window = daily("Europe/Berlin", "02:10", "02:50")
    assert window.next_change(utc("2026-03-28T12:00")) == utc("2026-03-30T00:10")


def test_the_days_are_those_on_which_a_span_begins() -> None:
    fridays = daily("Europe/Berlin", "22:00", "02:00", frozenset({4}))
    assert fridays.holds(utc("2026-07-03T23:59"))  # 01:59 on Saturday
    assert not fridays.holds(utc("2026-07-02T23:59"))  # 01:59 on Friday


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-07-05", 24), ("2026-10-25", 25)], ids=["short", "plain", "long"]
)
def test_a_whole_day_is_a_day_of_the_wall_clock(day: str, hours: int) -> None:
    sundays = daily("Europe/Berlin", "00:00", "00:00", frozenset({6}))
    begin = sundays.next_change(utc(day) - DAY)
    assert begin is not None
    assert sundays.next_change(begin) == begin + timedelta(hours=hours)


def test_days_that_meet_are_one_span() -> None:
    weekend = daily("Europe/Berlin", "00:00", "00:00", frozenset({5, 6}))
    is_span(weekend, "2026-10-23T22:00", "2026-10-25T23:00")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe"])
@pytest.mark.parametrize("begin", ["00:00", "02:30"])
def test_what_always_holds_never_changes(zone: str, begin: str) -> None:
    always = daily(zone, begin, begin)
    assert always.holds(utc("2026-03-29T01:00"))
    assert always.next_change(utc("2026-03-01T00:00")) is None


def test_what_never_holds_never_changes() -> None:
    never = daily("UTC", "00:00", "00:00", frozenset())
    assert not never.holds(utc("2026-03-29T01:00"))
    assert never.next_change(utc("2026-03-01T00:00")) is None


def test_a_dated_freeze_holds_once_whatever_the_week_says() -> None:
    freeze = replace(dated("2026-12-20T00:00", "2027-01-07T00:00"), days=frozenset(), begin="01:00", end="02:00")
    is_span(freeze, "2026-12-19T23:00", "2027-01-06T23:00")
    assert freeze.next_change(utc("2027-01-06T23:00")) is None


def test_a_dated_freeze_over_a_change_of_clocks_is_the_longer_one() -> None:
    is_span(dated("2026-10-25T02:30", "2027-03-28T02:30"), "2026-10-25T00:30", "2027-03-28T01:00")
    is_span(dated("2026-07-01T00:00", "2026-10-25T02:30"), "2026-06-30T22:00", "2026-10-25T01:30")


def test_a_freeze_without_an_end_in_sight_holds() -> None:
    for zone in ("America/New_York", "Pacific/Auckland"):
        forever = dated("0001-01-01T00:00", "9999-12-31T23:59", zone)
        assert forever.holds(utc("2026-11-21T00:00"))
        assert forever.next_change(utc("2026-11-21T00:00")) is None


def test_a_moment_counts_in_whichever_zone_it_is_written() -> None:
    night = daily("Europe/Berlin", "22:00", "02:00")
    assert night.holds(datetime(2026, 7, 3, 17, 0, tzinfo=ZoneInfo("America/New_York")))


def test_a_window_is_plain_data_that_can_be_hashed() -> None:
    assert canonical(asdict(daily("UTC", "09:00", "17:00", WEEKDAYS))) == (
        b'{"begin":"09:00","days":[0,1,2,3,4],"end":"17:00","name":"window","since":"","until":"","zone":"UTC"}'
    )


@pytest.mark.parametrize(
    ("window", "says"),
    [
        (daily("Europe/Berlin", "22:00", "02:00"), ""),
        (dated("2026-12-20T00:00", "2027-01-07T00:00"), ""),
        (daily("Mars/Olympus", "22:00", "02:00"), "There is no time zone 'Mars/Olympus'."),
        (daily("../../etc/passwd", "22:00", "02:00"), "There is no time zone '../../etc/passwd'."),
        (daily("Europe", "22:00", "02:00"), "There is no time zone 'Europe'."),
        (daily("", "22:00", "02:00"), "There is no time zone ''."),
        (daily("UTC", "25:00", "02:00"), "'25:00' is no time of day."),
        (daily("UTC", "22:00+01:00", "02:00"), "'22:00+01:00' is no time of day."),
        (dated("2026-02-30T00:00", "2026-03-01T00:00"), "'2026-02-30T00:00' is no date and time."),
        (dated("2026-02-20T00:00Z", "2026-03-01T00:00"), "'2026-02-20T00:00Z' is no date and time."),
        (dated("2026-02-20T00:00", ""), "'' is no date and time."),
        (dated("2026-02-20T00:00", "2026-02-20T00:00"), "It ends before it begins."),
        (daily("UTC", "09:00", "17:00", frozenset()), "It names no day of the week."),
    ],
    ids=str,
)
def test_a_window_says_what_is_wrong_with_it(window: Window, says: str) -> None:
    assert window.fault() == says


def test_a_freeze_that_can_not_be_read_is_not_taken_for_no_freeze() -> None:
    with pytest.raises(ConfigurationError):
        frozen_by([daily("Mars/Olympus", "22:00", "02:00")], utc("2026-11-21T00:00"))


OFFICE = replace(daily("Europe/Berlin", "09:00", "17:00", WEEKDAYS), name="office hours")
NIGHT = replace(daily("Europe/Berlin", "22:00", "02:00"), name="night")
YEAR_END = dated("2026-12-20T00:00", "2027-01-07T00:00")


def test_the_first_freeze_that_holds_is_named() -> None:
    at = utc("2026-12-22T10:00")
    assert frozen_by((NIGHT, YEAR_END, OFFICE), at) is YEAR_END
    assert frozen_by((NIGHT,), at) is None


def test_of_every_list_one_window_must_hold() -> None:
    at = utc("2026-07-03T10:00")
    assert outside([[NIGHT, OFFICE], []], at) is None
    assert outside([[OFFICE], [NIGHT]], at) == [NIGHT]
    assert outside([], at) is None


@pytest.mark.parametrize(
    ("allowed", "frozen", "at", "opens"),
    [
        pytest.param([], [], "2026-07-03T10:07", "2026-07-03T10:07", id="always open"),
        pytest.param([[NIGHT]], [], "2026-07-03T10:07", "2026-07-03T20:00", id="tonight"),
        pytest.param([[NIGHT]], [], "2026-07-03T20:00", "2026-07-03T20:00", id="just opened"),
        pytest.param([[NIGHT]], [OFFICE], "2026-07-04T00:00", "2026-07-04T20:00", id="just closed"),
        pytest.param([[OFFICE, NIGHT]], [], "2026-07-03T16:00", "2026-07-03T20:00", id="either"),
        pytest.param([[OFFICE], [NIGHT]], [], "2026-07-03T16:00", None, id="never both"),
        pytest.param([[OFFICE]], [YEAR_END], "2026-12-28T10:00", "2027-01-07T08:00", id="after the freeze"),
        pytest.param([], [YEAR_END], "2026-12-28T10:00", "2027-01-06T23:00", id="as the freeze ends"),
        pytest.param([], [YEAR_END], "2026-12-20T10:00", None, id="not within 14 days"),
    ],
)
def test_it_opens_next(allowed: list[list[Window]], frozen: list[Window], at: str, opens: str | None) -> None:
    assert next_open(allowed, iter(frozen), utc(at)) == (utc(opens) if opens else None)


# Where clocks change: each zone with the moment of a change, and one that has none.
CHANGES = (
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("America/St_Johns", "2006-10-29T02:31"),  # from 00:01 back to yesterday
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),  # a whole day is skipped
    ("Asia/Beirut", "2026-03-28T22:00"),  # midnight is skipped
    ("America/Havana", "2026-11-01T05:00"),  # from 01:00 back to midnight
    ("Asia/Kolkata", "2026-03-29T01:00"),
)
AROUND = 6 * 24 * 60
Seen = tuple[tuple[datetime, datetime], ...]


@cache
def watched(zone: str, change: str) -> Seen:
    """Watch the clock of a zone for days, minute by minute: (moment, what it shows)."""
    key, middle = ZoneInfo(zone), utc(change)
    at = (middle + number * MINUTE for number in range(-AROUND, AROUND))
    return tuple((each, each.astimezone(key).replace(tzinfo=None)) for each in at)


@cache
def shown(zone: str, change: str) -> dict[datetime, tuple[datetime, datetime]]:
    """Give for each time that the clock shows the first and the last moment."""
    found: dict[datetime, tuple[datetime, datetime]] = {}
    for at, wall in watched(zone, change):
        found[wall] = (found[wall][0] if wall in found else at), at
    return found


def looked_up(zone: str, change: str, wall: datetime) -> tuple[datetime, datetime]:
    if wall in shown(zone, change):
        return shown(zone, change)[wall]
    behind = next(at for at, each in watched(zone, change) if each > wall)
    return behind, behind


def by_watching(window: Window, change: str) -> list[tuple[datetime, datetime]]:
    """Give the spans of a recurring window, found without any arithmetic on zones."""
    begin, end = time.fromisoformat(window.begin), time.fromisoformat(window.end)
    middle = date.fromisoformat(change[:10])
    found = []
    for day in (middle + number * DAY for number in range(-4, 4)):
        if day.weekday() in window.days:
            closes = datetime.combine(day if end > begin else day + DAY, end)
            first = looked_up(window.zone, change, datetime.combine(day, begin))[0]
            found.append((first, looked_up(window.zone, change, closes)[1]))
    return found


minutes_of_day = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
some_days = st.one_of(st.just(WEEK), st.frozensets(st.integers(0, 6)))


@st.composite
def windows(draw: st.DrawFn, zone: str) -> Window:
    return daily(zone, draw(minutes_of_day), draw(minutes_of_day), draw(some_days))


@given(data=st.data(), where=st.sampled_from(CHANGES))
@settings(max_examples=120, deadline=None)
def test_a_window_holds_exactly_when_a_watched_clock_says_so(data: st.DataObject, where: tuple[str, str]) -> None:
    zone, change = where
    window = data.draw(windows(zone))
    spans = by_watching(window, change)
    near = [minute * MINUTE for minute in range(-150, 150, 5)]
    far = [minute * MINUTE for minute in range(-2880, 2880, 47)]
    edges = [edge + step for span in spans for edge in span for step in (-MINUTE, timedelta(0))]
    for at in (
        *(utc(change) + each for each in near + far),
        *(each for each in edges if abs(each - utc(change)) < DAY),
    ):
        assert window.holds(at) is any(begin <= at < end for begin, end in spans), at


@given(data=st.data(), where=st.sampled_from(CHANGES), minute=st.integers(-2880, 2880))
@settings(max_examples=150, deadline=None)
def test_at_the_next_change_it_flips_and_not_before(data: st.DataObject, where: tuple[str, str], minute: int) -> None:
    window, at = data.draw(windows(where[0])), utc(where[1]) + minute * MINUTE
    following = window.next_change(at)
    ends = following or at + 40 * DAY
    between = [at + (ends - at) * part / 40 for part in range(40)]
    assert {window.holds(each) for each in between} == {window.holds(at)}
    if following is not None:
        assert following > at
        assert window.holds(following - timedelta(microseconds=1)) is window.holds(at)
        assert window.holds(following) is not window.holds(at)


def is_open(allowed: Sequence[Sequence[Window]], frozen: Sequence[Window], at: datetime) -> bool:
    allows = all(not each or any(window.holds(at) for window in each) for each in allowed)
    return allows and not any(window.holds(at) for window in frozen)


@given(data=st.data(), where=st.sampled_from(CHANGES), minute=st.integers(-2880, 0))
@settings(max_examples=80, deadline=None)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    data: st.DataObject, where: tuple[str, str], minute: int
) -> None:
    zone, other = where[0], data.draw(st.sampled_from(["UTC", "America/New_York"]))
    some = st.lists(st.one_of(windows(zone), windows(other)), max_size=2)
    allowed, frozen = data.draw(st.lists(some, max_size=2)), data.draw(some)
    at, within = utc(where[1]) + minute * MINUTE, 2 * DAY
    opens = next_open(allowed, frozen, at, within)
    assert opens is None or (is_open(allowed, frozen, opens) and at <= opens <= at + within)
    before = opens or at + within
    grid = (at + number * 15 * MINUTE for number in range(1 + within // (15 * MINUTE)))
    assert not any(is_open(allowed, frozen, each) for each in grid if each < before)


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_every_time_that_a_clock_shows_or_skips_is_found(zone: str, change: str) -> None:
    _, around = watched(zone, change)[AROUND - 1500]
    for number in range(0, 3000, 7):
        wall = around + number * MINUTE
        assert moments(wall, ZoneInfo(zone)) == looked_up(zone, change, wall), wall
