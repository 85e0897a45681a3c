"""What may stand beside a question: why, when, and that it can't wait."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.model import Wish
from bot.wishes import OPTIONS, again, take
from bot.words import Unclear, split
from tests.fixtures.house import START

WORD = st.text("abcö'\"\\ $*`x19", min_size=1, max_size=12)
BERLIN = "Europe/Berlin"


def taken(text: str, zone: str = "UTC") -> tuple[list[str], Wish]:
    return take(split(text), zone, START)


def unclear(text: str) -> Unclear:
    with pytest.raises(Unclear) as caught:
        taken(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "rest", "wish"),
    [
        ("promote main db2", ["promote", "main", "db2"], Wish()),
        ('backup main --reason "disks move"', ["backup", "main"], Wish("disks move")),
        ("--reason why backup main", ["backup", "main"], Wish("why")),
        ("backup main --at +2h", ["backup", "main"], Wish(start_at=START + timedelta(hours=2))),
        ("backup --at +2h main --reason x", ["backup", "main"], Wish("x", START + timedelta(hours=2))),
        ("promote main --emergency fire", ["promote", "main"], Wish("fire", emergency=True)),
        ('promote main --emergency ""', ["promote", "main"], Wish("", emergency=True)),
        ("resync main db3 --rebuild --reason x", ["resync", "main", "db3", "--rebuild"], Wish("x")),
        ("backup main --reasons x", ["backup", "main", "--reasons", "x"], Wish()),
        ("", [], Wish()),
    ],
)
def test_wishes_are_taken_out_wherever_they_stand_and_the_rest_stays(text: str, rest: list[str], wish: Wish) -> None:
    assert taken(text) == (rest, wish)


@pytest.mark.parametrize(
    ("zone", "hour"), [("UTC", 10), (BERLIN, 9), ("America/New_York", 15)], ids=["UTC", "Berlin", "New York"]
)
def test_a_wall_clock_is_the_bot_s_zone_s(zone: str, hour: int) -> None:
    assert taken("backup main --at 10:00", zone)[1].start_at == datetime(2026, 3, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("after", ["", " --rebuild"])
def test_an_option_without_its_value_is_shown_with_one(option: str, after: str) -> None:
    error = unclear(f"resync main db3 {option}{after}")
    assert error.message == f"{option} wants a value."
    rest, wish = taken(error.nearest)
    assert rest == ["resync", "main", "db3", *after.split()]
    assert wish != Wish()


def test_what_stands_twice_is_shown_with_the_first_one() -> None:
    error = unclear('backup main --reason "disks move" --reason no --at +2h')
    assert error.message == "--reason stands there twice."
    assert taken(error.nearest) == (["backup", "main"], Wish("disks move", START + timedelta(hours=2)))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("25:00", "no time that I can read"),
        ("soon", "no time that I can read"),
        ("2026-02-01T00:00", "is over"),
        ("2026-04-01T00:00", "more than seven days away"),
        ("+0m", "is over, or within a minute"),
    ],
)
def test_a_time_that_can_not_be_meant_is_never_repaired_into_now(at: str, said: str) -> None:
    error = unclear(f'backup main --at {at} --reason "disks move"')
    assert said in error.message
    rest, wish = taken(error.nearest)
    assert (rest, wish.reason) == (["backup", "main"], "disks move")
    assert wish.start_at is not None


def test_an_emergency_says_why_once() -> None:
    error = unclear('promote main db2 --reason "it is slow" --emergency "the disk dies" --at +2h')
    assert error.message == "--emergency says why already."
    assert taken(error.nearest)[1] == Wish("the disk dies", START + timedelta(hours=2), emergency=True)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(),
        Wish("the disks 'move'"),
        Wish("why", START + timedelta(hours=3)),
        Wish(start_at=START + timedelta(days=1)),
        Wish("fire", emergency=True),
    ],
)
def test_a_repaired_command_keeps_its_wishes(wish: Wish) -> None:
    assert taken(again("promote main db2", wish), BERLIN) == (["promote", "main", "db2"], wish)


@given(st.lists(WORD, max_size=4), st.none() | WORD, st.booleans())
def test_what_is_said_is_what_is_read(words: list[str], reason: str | None, urgent: bool) -> None:  # noqa: FBT001  # Hypothesis gives it by position
    option = "--emergency" if urgent else "--reason"
    rest, wish = take([*words[:2], *([option, reason] if reason else []), *words[2:]], "UTC", START)
    assert (rest, wish) == (words, Wish(reason or "", emergency=urgent and bool(reason)))


@given(st.lists(WORD | st.sampled_from(OPTIONS), max_size=7))
def test_whatever_is_typed_the_nearest_command_can_be_read_in_a_few_steps(words: list[str]) -> None:
    for _ in range(2 * len(words) + 1):
        try:
            take(words, "UTC", START)
        except Unclear as error:
            words = split(error.nearest)
        else:
            return
    raise AssertionError(words)
