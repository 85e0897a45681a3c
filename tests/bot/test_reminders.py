"""An open request is told again to who can act on it: ever more rarely, once each, and never after its end."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import WebClient

from approvals.gate import Gate
from approvals.model import Request, State, Verdict
from approvals.people import Person, Roster
from approvals.policy import Policy
from audit.store import Store
from bot import store as rows
from bot.mentions import mention
from bot.reminders import LAST_AT, LONGEST_WAIT, MOST, QUIET_FROM, Reminders, due
from bot.store import Card
from bot.texts import Texts
from core.plan import Risk
from tests.fixtures.house import (
    PEOPLE,
    RULES,
    START,
    TYPED,
    StandingClock,
    a_plan,
    actor,
    always,
    clock,
    gate,
    person,
    store,
    with_rule,
)
from tests.fixtures.slack_hands import Hands, Json

__all__ = ["clock", "gate", "store"]
pytest_plugins = ["tests.fixtures.slack_standin"]

MINUTE = 60.0
HALF_HOUR = 30 * MINUTE
WHOLE_DAY = 86400.0
LIFE = st.floats(60, 7 * WHOLE_DAY)
FIRST = st.floats(1, 2 * WHOLE_DAY)
WALK = st.lists(st.floats(0, 1), min_size=1, max_size=200).map(sorted)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def told_at(life: float, first: float, looks: list[float]) -> list[float]:
    """Look at these moments (seconds) and give those at which it was told."""
    told: list[float] = []
    for at in looks:
        last = after(told[-1]) if told else None
        if due(START, after(life), len(told), last, after(at), first):
            told.append(at)
    return told


@pytest.mark.parametrize(
    ("life", "minutes"),
    [
        (10, [5, 9]),
        (30, [5, 15, 27]),
        (40, [5, 15, 36]),  # 35 would be a minute before the last one
        (60, [5, 15, 35, 54]),
        (120, [5, 15, 35, 75, 108]),
        (1440, [5, 15, 35, 75, 135, 195, 255, 315, 375, 1296]),
        (4, [4 * LAST_AT]),  # shorter than the first wait: only the last one
    ],
)
def test_the_waits_double_and_the_last_comes_when_a_tenth_is_left(life: float, minutes: list[float]) -> None:
    looks = [second * 6.0 for second in range(int(life * 10) + 50)]
    told = told_at(life * MINUTE, 5 * MINUTE, looks)
    assert told == pytest.approx([minute * MINUTE for minute in minutes], abs=6)


@pytest.mark.parametrize(
    ("count", "last", "now", "expected"),
    [
        (0, None, 299, False),
        (0, None, 300, True),
        (1, 300, 899, False),
        (1, 300, 900, True),
        (1, 320, 900, False),  # the wait counts from when it was told, not from when it should have been
        (2, 900, 1619, False),
        (2, 900, 1620, True),
        (3, 1620, 1799, False),  # the last one was told
        (1, 1440, 1799, False),  # told late, so it was the last one
        (0, None, 1799, True),  # the bot was away all the time
        (0, None, 1800, False),
        (0, None, 5000, False),
        (1, 2000, 900, False),  # the clock was set back
    ],
)
def test_it_is_due_when_its_time_has_come(count: int, last: float | None, now: float, *, expected: bool) -> None:
    told = None if last is None else after(last)
    assert due(START, after(HALF_HOUR), count, told, after(now), 300.0) is expected


@given(LIFE, FIRST, WALK)
def test_nobody_is_reminded_more_than_ten_times(life: float, first: float, walk: list[float]) -> None:
    told = told_at(life, first, [part * life for part in walk])
    assert len(told) <= MOST
    waits = [later - sooner for sooner, later in pairwise(told)]
    assert all(wait >= min(first, LONGEST_WAIT, life * (LAST_AT - QUIET_FROM)) - 1e-3 for wait in waits)


@given(LIFE, FIRST, st.integers(0, 30), st.none() | st.floats(0, 1), st.floats(0, 2), st.floats(0, 2))
def test_once_due_it_stays_due_until_it_expires(
    life: float, first: float, count: int, last: float | None, one: float, other: float
) -> None:
    told = None if last is None else after(last * life)
    sooner, later = sorted((after(one * life), after(other * life)))
    ends = after(life)
    if due(START, ends, count, told, sooner, first) and later < ends:
        assert due(START, ends, count, told, later, first)


@given(LIFE, FIRST, st.integers(0, 30), st.none() | st.floats(0, 1), st.floats(0, 1))
def test_who_was_reminded_more_often_waits_at_least_as_long(
    life: float, first: float, count: int, last: float | None, at: float
) -> None:
    told = None if last is None else after(last * life)
    if due(START, after(life), count + 1, told, after(at * life), first):
        assert due(START, after(life), count, told, after(at * life), first)


@given(LIFE, FIRST, st.integers(0, 30), st.none() | st.floats(0, 2), st.floats(1, 100))
def test_nothing_is_due_once_it_has_expired(
    life: float, first: float, count: int, last: float | None, at: float
) -> None:
    told = None if last is None else after(last * life)
    assert not due(START, after(life), count, told, after(at * life), first)


@given(LIFE, FIRST, st.floats(QUIET_FROM + 1e-6, 1), st.floats(0, 2))
def test_after_the_last_one_nothing_is_due(life: float, first: float, told: float, at: float) -> None:
    assert not due(START, after(life), 1, after(told * life), after(at * life), first)


@pytest.fixture
def reminders(store: Store, gate: Gate, clock: StandingClock, client: WebClient) -> Reminders:
    return Reminders(store, gate, Texts(), client, clock, first=300.0)


def asked(reminders: Reminders, origin: str = "slack:T0SITE") -> Request:
    """Open a request as ana, and hang its card."""
    request = reminders.gate.open(actor("ana"), a_plan(), origin=origin, channel="ops")
    assert isinstance(request, Request)
    made = reminders.client.chat_postMessage(channel="ops", text="the card")
    with reminders.store.transaction() as session:
        rows.hang(session, Card(request.id, str(made["channel"]), str(made["ts"]), request.version, told_end=False))
    return request


def looked(reminders: Reminders, clock: StandingClock, *minutes: float) -> None:
    """Look at these moments."""
    for minute in minutes:
        clock.at = after(minute * MINUTE)
        reminders.look()


def thread(hands: Hands) -> list[Json]:
    return [message for message in hands.messages() if message["thread_ts"]]


def mentioned(message: Json) -> list[str]:
    return re.findall(r"<@(\w+)>", message["text"])


def told(reminders: Reminders, request: Request) -> tuple[int, str | None]:
    with reminders.store.reading() as session:
        return rows.reminder(session, request.id)


def test_who_may_still_vote_is_mentioned_in_the_card_s_thread(
    reminders: Reminders, clock: StandingClock, hands: Hands
) -> None:
    asked(reminders)
    looked(reminders, clock, 4.9, 5, 5.1)
    card, reminder = hands.messages()
    assert reminder["thread_ts"] == card["ts"]
    assert mentioned(reminder) == ["U0BEN", "U0DAN"]  # neither ana, who asked, nor cy, who may not
    assert "needs 1 approval from dba. ana asked 5 min ago; it expires in 25 min." in reminder["text"]


def test_the_last_one_says_that_it_is_the_last(reminders: Reminders, clock: StandingClock, hands: Hands) -> None:
    asked(reminders)
    looked(reminders, clock, *range(31))
    texts = [message["text"] for message in thread(hands)]
    assert ["Last call" in text for text in texts] == [False, False, True]
    assert "expires in 3 min" in texts[-1]


def test_who_has_voted_is_left_alone(reminders: Reminders, clock: StandingClock, hands: Hands) -> None:
    reminders.gate = with_rule(reminders.gate, approvals=2)
    request = asked(reminders)
    reminders.gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    looked(reminders, clock, 5)
    [reminder] = thread(hands)
    assert mentioned(reminder) == ["U0DAN"]
    assert "needs 1 approval from dba" in reminder["text"]


def test_from_the_second_time_on_the_configured_group_is_named_first(
    reminders: Reminders, clock: StandingClock, hands: Hands
) -> None:
    people = PEOPLE | {"cy": person("cy", "oncall"), "dan": person("dan", "dba", "oncall")}
    rules = always(roster=Roster(people))
    reminders.gate, reminders.group = replace(reminders.gate, rules=rules), "oncall"
    asked(reminders)
    looked(reminders, clock, 5, 15)
    first, second = thread(hands)
    assert mentioned(first) == ["U0BEN", "U0DAN"]
    assert mentioned(second) == ["U0DAN", "U0BEN"]  # cy is on call and may not vote
    assert "oncall: <@U0DAN> · <@U0BEN>" in second["text"]


def test_when_nobody_is_left_it_says_so(reminders: Reminders, clock: StandingClock, hands: Hands) -> None:
    asked(reminders)
    alone = Roster({"ana": PEOPLE["ana"], "cy": PEOPLE["cy"]})
    reminders.gate = replace(reminders.gate, rules=always(roster=alone))
    looked(reminders, clock, 5)
    [reminder] = thread(hands)
    assert mentioned(reminder) == []
    assert "Nobody is left who may approve this: the roster has nobody else in dba." in reminder["text"]


def test_when_slack_does_not_say_who_is_in_a_group_it_says_that(
    reminders: Reminders, clock: StandingClock, hands: Hands
) -> None:
    asked(reminders)
    unsure = {name: replace(one, groups=frozenset(), unsure=frozenset({"dba"})) for name, one in PEOPLE.items()}
    reminders.gate = replace(reminders.gate, rules=always(roster=Roster(unsure)))
    looked(reminders, clock, 5)
    assert "Slack does not say right now who is in dba." in thread(hands)[0]["text"]


def test_a_restart_repeats_nothing(reminders: Reminders, clock: StandingClock, hands: Hands) -> None:
    asked(reminders)
    looked(reminders, clock, 5)
    looked(replace(reminders), clock, 5.1, 6, 14)
    assert len(thread(hands)) == 1
    looked(replace(reminders), clock, 15)
    assert len(thread(hands)) == 2


def test_of_several_bots_one_posts(reminders: Reminders, clock: StandingClock, hands: Hands) -> None:
    asked(reminders)
    clock.forward(300)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda bot: bot.look(), [replace(reminders) for _ in range(4)]))
    assert len(thread(hands)) == 1


@pytest.mark.parametrize("minutes", [[30], [31, 300]])
def test_nothing_is_told_once_it_has_expired(
    reminders: Reminders, clock: StandingClock, hands: Hands, minutes: list[float]
) -> None:
    asked(reminders)
    looked(reminders, clock, *minutes)
    assert thread(hands) == []


@pytest.mark.parametrize("how", ["rejected", "withdrawn", "approved"])
def test_nothing_is_told_once_nobody_is_waited_for(
    reminders: Reminders, clock: StandingClock, hands: Hands, how: str
) -> None:
    made, gate = asked(reminders), reminders.gate
    match how:
        case "rejected":
            gate.vote(actor("ben"), made.id, Verdict.REJECT, "no")
        case "withdrawn":
            gate.withdraw(actor("ana"), made.id)
        case _:
            gate.vote(actor("ben"), made.id, Verdict.APPROVE, typed=TYPED)
    looked(reminders, clock, 5, 15, 27)
    assert thread(hands) == []


def test_what_ends_between_the_look_and_the_claim_is_not_told(reminders: Reminders, clock: StandingClock) -> None:
    request = asked(reminders)
    clock.forward(300)
    reminders.gate.withdraw(actor("ana"), request.id)
    assert reminders._claim(request.id) is None
    assert told(reminders, request) == (0, None)


def test_what_was_asked_under_another_policy_is_not_told(
    reminders: Reminders, clock: StandingClock, hands: Hands
) -> None:
    asked(reminders)
    reminders.gate = with_rule(reminders.gate, approvals=2)
    looked(reminders, clock, 5)
    reminders.gate = replace(reminders.gate, rules=always(Policy({Risk.READ: RULES[Risk.READ]})))
    looked(reminders, clock, 6)
    assert thread(hands) == []


def test_without_a_card_it_waits_for_one(reminders: Reminders, clock: StandingClock, hands: Hands) -> None:
    request = reminders.gate.open(actor("ana"), a_plan(), origin="cli", channel="ops")
    assert isinstance(request, Request)
    looked(reminders, clock, 5)
    assert hands.messages() == []
    assert told(reminders, request) == (0, None)


def test_a_slack_that_fails_changes_nothing_and_is_asked_again_at_the_next_time(
    reminders: Reminders, clock: StandingClock, hands: Hands
) -> None:
    request = asked(reminders)
    hands.act("faults", method="chat.postMessage", error="internal_error", times=1)
    looked(reminders, clock, 5, 5.1, 14)
    assert thread(hands) == []
    assert (kept := reminders.gate.find(request.id)) is not None
    assert (kept.state, kept.version) == (State.OPEN, request.version)
    looked(reminders, clock, 15)
    assert len(thread(hands)) == 1


def test_a_card_that_slack_does_not_take_holds_no_other_up(
    reminders: Reminders, clock: StandingClock, hands: Hands
) -> None:
    asked(reminders)
    other = asked(reminders)
    hands.act("faults", method="chat.postMessage", error="internal_error", times=1)
    looked(reminders, clock, 5)
    assert len(thread(hands)) == 1
    assert told(reminders, other)[0] == 1


TWO = Person("ben", frozenset({"T0SITE/U0BEN", "T0AWAY/U0AAA"}))


@pytest.mark.parametrize(
    ("who", "origin", "expected"),
    [
        (TWO, "slack:T0SITE", "<@U0BEN>"),
        (TWO, "slack:T0AWAY", "<@U0AAA>"),
        (TWO, "slack:T0OTHER", "ben"),
        (TWO, "cli", "<@U0AAA>"),
        (Person("eve"), "cli", "eve"),
    ],
)
def test_people_are_mentioned_in_the_request_s_workspace(who: Person, origin: str, expected: str) -> None:
    assert mention(who, origin) == expected
