"""When to run it later: what people write, and what they are told when it can't be."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.later import LATEST, SOONEST, when
from core.errors import ConfigurationError
from core.outcome import Refusal

BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "UTC", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Asia/Beirut")
EXAMPLE = re.compile(r"\+\d\w*|(?:[a-z]{3}-)?\d\d:\d\dZ?|\d{4}-\d\d-\d\dT\d\d:\d\dZ?")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = utc("2026-11-20T07:53:51.123456")  # a Friday, 08:53 in Berlin


def refused(text: str, zone: str = BERLIN, now: datetime = NOW) -> Refusal:
    came = when(text, zone, now)
    assert isinstance(came, Refusal), came
    return came


def examples(refusal: Refusal) -> list[str]:
    return [word for word in re.split(r"[\s,]+", refusal.hint.rstrip(".")) if EXAMPLE.fullmatch(word)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("+2h", "2026-11-20T09:53:51.123456"),
        ("+45m", "2026-11-20T08:38:51.123456"),
        ("+1d", "2026-11-21T07:53:51.123456"),
        ("+1h30m", "2026-11-20T09:23:51.123456"),
        ("+1m", "2026-11-20T07:54:51.123456"),
        ("+7D", "2026-11-27T07:53:51.123456"),
        ("03:00", "2026-11-21T02:00"),
        ("3:00", "2026-11-21T02:00"),
        ("23:00", "2026-11-20T22:00"),
        ("today 23:00", "2026-11-20T22:00"),
        ("tomorrow 03:00", "2026-11-21T02:00"),
        ("TOMORROW-03:00", "2026-11-21T02:00"),
        ("  tomorrow   23:00 ", "2026-11-21T22:00"),
        ("sat-03:00", "2026-11-21T02:00"),
        ("Saturday 03:00", "2026-11-21T02:00"),
        ("thu-03:00", "2026-11-26T02:00"),
        ("fri-23:00", "2026-11-20T22:00"),
        ("fri-03:00", "2026-11-27T02:00"),
        ("2026-11-22T03:00", "2026-11-22T02:00"),
        ("2026-11-22t03:00", "2026-11-22T02:00"),
        ("2026-11-22 03:00", "2026-11-22T02:00"),
        ("2026-11-22T03:00Z", "2026-11-22T03:00"),
        ("2026-11-22 03:00 utc", "2026-11-22T03:00"),
        ("03:00z", "2026-11-21T03:00"),
        ("sat-03:00UTC", "2026-11-21T03:00"),
    ],
)
def test_what_people_write_is_a_moment(text: str, moment: str) -> None:
    came = when(text, BERLIN, NOW)
    assert came == utc(moment)
    assert isinstance(came, datetime)
    assert came.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "AT-UNREADABLE"),
        ("soon", "AT-UNREADABLE"),
        ("+", "AT-UNREADABLE"),
        ("+2", "AT-UNREADABLE"),
        ("-2h", "AT-UNREADABLE"),
        ("+2h Z", "AT-UNREADABLE"),
        ("24:00", "AT-UNREADABLE"),
        ("03:00:00", "AT-UNREADABLE"),
        ("03:00\n04:00", "AT-UNREADABLE"),
        ("monty 03:00", "AT-UNREADABLE"),
        ("\N{LATIN SMALL LETTER LONG S}at-03:00", "AT-UNREADABLE"),
        ("\N{ARABIC-INDIC DIGIT TWO}2:00", "AT-UNREADABLE"),
        ("2026-02-30T03:00", "AT-UNREADABLE"),
        ("0000-01-01T03:00", "AT-UNREADABLE"),
        ("2026-11-22", "AT-UNREADABLE"),
        ("+" + "9" * 5000 + "h", "AT-UNREADABLE"),
        ("+0m", "AT-PAST"),
        ("08:54", "AT-PAST"),
        ("today 03:00", "AT-PAST"),
        ("2026-11-20T08:53", "AT-PAST"),
        ("0001-01-01T00:00", "AT-PAST"),
        ("+169h", "AT-FAR"),
        ("+8d", "AT-FAR"),
        ("+999999999999d999999999999h9999999m", "AT-FAR"),
        ("2026-11-27T08:54", "AT-FAR"),
        ("9999-12-31T23:59", "AT-FAR"),
    ],
)
def test_what_can_not_be_is_refused_with_an_example_that_can(text: str, code: str) -> None:
    refusal = refused(text)
    assert refusal.code == code
    assert examples(refusal)
    for example in examples(refusal):
        assert isinstance(when(example, BERLIN, NOW), datetime), example


def test_the_examples_are_times_of_the_zone() -> None:
    assert refused("soon").hint == "Write +2h, 11:00, fri-11:00 or 2026-11-20T11:00 (Europe/Berlin time)."
    assert refused("soon", "UTC").hint == "Write +2h, 10:00Z, fri-10:00Z or 2026-11-20T10:00Z."
    assert refused("+8d").hint == "Write 2026-11-27T08:53 (Europe/Berlin time) at the latest."


def test_sixty_seconds_ahead_is_the_soonest_and_seven_days_the_latest() -> None:
    now = utc("2026-11-20T07:59:00")
    assert when("09:00", BERLIN, now) == utc("2026-11-20T08:00")
    assert refused("09:00", now=now + timedelta(microseconds=1)).code == "AT-PAST"
    assert when("2026-11-27T08:59", BERLIN, now) == now + timedelta(days=7)
    assert refused("2026-11-27T08:59", now=now - timedelta(microseconds=1)).code == "AT-FAR"


def test_a_bare_time_that_is_now_means_tomorrow() -> None:
    assert when("09:00", BERLIN, utc("2026-11-20T08:00")) == utc("2026-11-21T08:00")


@pytest.mark.parametrize("text", ["02:30", "2026-03-29T02:30", "tomorrow 02:30", "sun-02:30"])
def test_a_time_that_clocks_skip_is_refused_with_its_neighbours(text: str) -> None:
    refusal = refused(text, now=utc("2026-03-28T12:00"))
    assert refusal.code == "AT-SKIPPED"
    assert refusal.hint == "Write 2026-03-29T01:59 or 2026-03-29T03:00 (Europe/Berlin time)."


def test_of_the_neighbours_only_those_are_named_that_are_ahead() -> None:
    refusal = refused("02:30", now=utc("2026-03-29T00:58:30"))
    assert refusal.hint == "Write 2026-03-29T03:00 (Europe/Berlin time)."


def test_a_whole_day_that_was_skipped_has_neighbours_too() -> None:
    refusal = refused("tomorrow 09:00", "Pacific/Apia", utc("2011-12-29T22:00"))
    assert refusal.hint == "Write 2011-12-29T23:59 or 2011-12-31T00:00 (Pacific/Apia time)."


@pytest.mark.parametrize("text", ["02:30", "2026-10-25T02:30", "sun-02:30"])
def test_a_time_that_comes_twice_is_the_first_that_is_still_to_come(text: str) -> None:
    assert when(text, BERLIN, utc("2026-10-24T12:00")) == utc("2026-10-25T00:30")
    assert when(text, BERLIN, utc("2026-10-25T00:45")) == utc("2026-10-25T01:30")


def test_the_last_hour_of_yesterday_may_come_again() -> None:
    assert when("23:30", "America/St_Johns", utc("2006-10-29T02:30:30")) == utc("2006-10-29T03:00")


def test_a_zone_that_there_is_not_is_an_error_of_the_configuration() -> None:
    with pytest.raises(ConfigurationError):
        when("03:00", "Mars/Olympus", NOW)


PIECES = ("+", "2", "0", "9", "h", "m", "d", " ", "-", "T", ":", "Z", "utc", "sat", "mon", "tomorrow", "today", "03:00")
PIECES_TOO = ("02:30", "00:00", "23:59", "2026-03-29", "2026-10-25", "\n", "\x00", "\N{NO-BREAK SPACE}", "\ud800")
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES + PIECES_TOO), max_size=8).map("".join),
    st.from_regex(r"\A(mon|wed|sat|sun|today|tomorrow)[- ]([01][0-9]|2[0-3]):[0-5][0-9](Z|)\Z"),
    st.from_regex(r"\A2026-(03-29|10-2[4-6]|04-0[45]|10-0[34])[T ]([01][0-9]|2[0-3]):[0-5][0-9](Z|)\Z"),
    st.from_regex(r"\A\+[0-9]{1,12}[dhm]\Z"),
)
NOWS = st.one_of(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  # hypothesis adds the zone
    st.datetimes(datetime(2026, 3, 27), datetime(2026, 4, 6)),  # noqa: DTZ001  # as above
    st.datetimes(datetime(2026, 10, 1), datetime(2026, 10, 27)),  # noqa: DTZ001  # as above
).map(lambda now: now.replace(tzinfo=UTC))


@given(text=TEXTS, zone=st.sampled_from(ZONES), now=NOWS)
@settings(max_examples=600, deadline=None)
def test_whatever_is_written_it_is_within_reach_or_refused_with_a_right_example(
    text: str, zone: str, now: datetime
) -> None:
    came = when(text, zone, now)
    if isinstance(came, datetime):
        assert now + SOONEST <= came <= now + LATEST
        return
    assert came.code in {"AT-UNREADABLE", "AT-PAST", "AT-FAR", "AT-SKIPPED"}
    assert examples(came)
    for example in examples(came):
        assert isinstance(when(example, zone, now), datetime), example


@given(zone=st.sampled_from(ZONES), now=NOWS, hour=st.integers(0, 23), minute=st.integers(0, 59))
@settings(max_examples=200, deadline=None)
def test_a_bare_time_is_the_next_moment_at_which_the_clock_shows_it(
    zone: str, now: datetime, hour: int, minute: int
) -> None:
    came = when(f"{hour:02}:{minute:02}", zone, now)
    if isinstance(came, Refusal):
        return
    key, start = ZoneInfo(zone), now.replace(second=0, microsecond=0)
    minutes = (start + number * timedelta(minutes=1) for number in range(1, 26 * 60))
    clocks = ((at, at.astimezone(key)) for at in minutes)
    assert came == next(at for at, clock in clocks if (clock.hour, clock.minute) == (hour, minute))
