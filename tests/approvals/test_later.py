"""The words of --at."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.later import LATEST, SOONEST, when
from core.outcome import Refusal

NOW = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)  # a Saturday, 21:00 in Berlin; clocks skip 02:00 to 03:00 in the night


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+2h", "2026-03-28T22:00"),
        ("+45m", "2026-03-28T20:45"),
        ("+1d", "2026-03-29T20:00"),
        ("22:00", "2026-03-28T21:00"),
        ("3:00", "2026-03-29T01:00"),
        ("21:00", "2026-03-29T19:00"),  # it is 21:00 now: tomorrow's
        ("tomorrow 22:00", "2026-03-29T20:00"),
        ("Tomorrow-22:00", "2026-03-29T20:00"),
        ("sat-22:00", "2026-03-28T21:00"),
        ("sat-20:00", "2026-04-04T18:00"),  # over for today
        ("mon 03:00", "2026-03-30T01:00"),
        ("2026-03-29T04:00", "2026-03-29T02:00"),
        ("2026-03-29 04:00", "2026-03-29T02:00"),
        ("2026-03-29 04:00 UTC", "2026-03-29T04:00"),
        ("21:30Z", "2026-03-28T21:30"),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, meant: str) -> None:
    assert when(text, "Europe/Berlin", NOW) == datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("25:00", "AT-UNREADABLE"),
        ("soon", "AT-UNREADABLE"),
        ("", "AT-UNREADABLE"),
        ("2026-02-31T03:00", "AT-UNREADABLE"),
        ("2026-03-28T20:59", "AT-PAST"),
        ("+0m", "AT-PAST"),
        ("+8d", "AT-FAR"),
        ("2026-12-01T03:00", "AT-FAR"),
        ("02:30", "AT-SKIPPED"),
        ("2026-03-29T02:30", "AT-SKIPPED"),
    ],
)
def test_what_can_not_be_meant_is_refused(text: str, code: str) -> None:
    came = when(text, "Europe/Berlin", NOW)
    assert isinstance(came, Refusal)
    assert came.code == code


def test_a_time_that_clocks_skip_names_its_neighbours() -> None:
    came = when("02:30", "Europe/Berlin", NOW)
    assert isinstance(came, Refusal)
    assert came.hint == "Write 2026-03-29T01:30 or 2026-03-29T03:30."


def test_of_a_time_that_comes_twice_the_first_is_meant() -> None:
    before = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    assert when("02:30", "Europe/Berlin", before) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.text(max_size=30) | st.from_regex(r"(tomorrow|fri)?[- ]?[0-9]{1,2}:[0-9]{2}( UTC|Z)?|\\+[0-9]{1,6}[mhd]"))
def test_whatever_is_typed_gives_a_time_ahead_or_a_sentence(text: str) -> None:
    came = when(text, "Australia/Lord_Howe", NOW)
    assert isinstance(came, Refusal) or NOW + SOONEST <= came <= NOW + LATEST
    assert isinstance(came, Refusal) or came - NOW >= timedelta(seconds=60)
