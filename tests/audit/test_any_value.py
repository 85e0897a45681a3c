"""Whatever somebody hands to the record is written down, on both stores, and reads back whole; nothing is refused."""

import enum
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import ledger
from audit import store as table
from audit.ledger import Event
from audit.redact import redact
from audit.store import Store
from audit.verify import verify_store
from core.canonical import plain
from core.clock import SystemClock

EXAMPLES = 20_000 if os.environ.get("SECONDER_SOAK") else 100
TEXTS = ("actor", "request", "run", "step", "target")
HARD_TEXTS = ("\x00", "a\x00b", "\ud800", "\udfff x", "\U0001f708", "\x1b[0m", "\u2028", "'; --", r"\x00", "%s :x")
ANY_TEXT = st.text(st.characters(), max_size=20) | st.lists(st.sampled_from(HARD_TEXTS), max_size=3).map("".join)
FIRST, LAST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001  # what lies beyond: the last test here
TIMES = st.datetimes(FIRST, LAST) | st.datetimes(FIRST, LAST, timezones=st.timezones())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**53 - 1, 2**53, -(2**53), 2**63, -(2**63) - 1, 2**64, 10**400])
    | st.floats()
    | st.sampled_from([float("nan"), float("inf"), -0.0, 5e-324, 1e21, 1e-7, 1.7976931348623157e308])
    | st.decimals()
    | st.complex_numbers()
    | ANY_TEXT
    | st.binary(max_size=20)
    | st.binary(max_size=20).map(bytearray)
    | TIMES
    | st.dates()
    | st.uuids()
    | st.timedeltas()
)
KEYS = ANY_TEXT | st.integers() | st.none() | st.floats() | st.binary(max_size=5) | TIMES
ANY = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(ANY_TEXT | st.integers() | st.binary(max_size=5), max_size=4)
    ),
    max_leaves=10,
)
ANY_MAPPING = st.dictionaries(ANY_TEXT, ANY, max_size=4)
EVENTS = st.builds(
    Event,
    action=st.just("action.read"),
    outcome=st.sampled_from(sorted(ledger.OUTCOMES)),
    actor=ANY_TEXT,
    **dict.fromkeys(TEXTS[1:], st.none() | ANY_TEXT),
    **dict.fromkeys(("source", "params", "detail"), ANY_MAPPING),
)


def recorded(store: Store, event: Event) -> table.AuditEvent:
    with store.transaction() as session:
        ledger.append(session, SystemClock(), event)
    with store.reading() as session:
        (last,) = table.tail(session, 1)
    return last


def test_anything_at_all_is_recorded_and_the_record_is_whole(any_store: Store) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(EVENTS)
    def is_recorded(event: Event) -> None:
        last = recorded(any_store, event)
        for name in TEXTS:
            assert getattr(last, name) == redact(plain(getattr(event, name)))

    is_recorded()
    report = verify_store(any_store.url)
    assert (report.ok, report.bad) == (True, None)
    assert report.events >= EXAMPLES


def nested(depth: int, inside: object) -> object:
    return reduce(lambda inner, _: [inner], range(depth), inside)


class Colour(enum.StrEnum):
    RED = "red\x00"


class Odd:
    def __str__(self) -> str:
        return "odd\x00\ud800"


HARD = {
    "2^63": 2**63,
    "a system identifier": 7_301_234_567_890_123_456,
    "a large number": 10**4000,
    "NaN": float("nan"),
    "a lone surrogate": "\ud800",
    "NUL": "a\x00b",
    "bytes": b"\x00\xff",
    "a view of bytes": memoryview(b"\x00\xff"),
    "a time": datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=14))),
    "a time without a zone": datetime(2026, 3, 1),  # noqa: DTZ001
    "a day": date.max,
    "a word of an enumeration": Colour.RED,
    "somebody's own": Odd(),
    "an exception": ValueError("\ud800\x00"),
    "a class": Odd,
    "a decimal": Decimal("sNaN"),
    "an identifier": uuid.UUID(int=0),
    "a set of all kinds": {1, "1", b"1", None, 1.5, ("\ud800",)},
    "keys of all kinds": {None: 1, 1: 2, "1": 3, b"\xff": 4, "\x00": 5, "\ud800": 6, (1, 2): 7},
    "nested 300 deep": nested(300, "\x00"),
    "long": "\x00é\ud800" * 100_000,
}
PLACES: dict[str, Callable[[object], Event]] = {
    "in the detail": lambda value: Event("action.read", "success", "ana", detail={"a": [value]}),
    "as a parameter": lambda value: Event("action.read", "success", "ana", params={"a": value}),
    "in the source": lambda value: Event("action.read", "success", "ana", source={"a": {"b": value}}),
}


@pytest.mark.parametrize("value", HARD.values(), ids=HARD)
def test_a_hard_value_is_recorded_wherever_it_stands(any_store: Store, value: object) -> None:
    for make in PLACES.values():
        recorded(any_store, make(value))
    assert (verify_store(any_store.url).ok, verify_store(any_store.url).events) == (True, len(PLACES))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [*HARD_TEXTS, "", "x" * 100_000], ids=lambda value: ascii(value[:9]))
def test_a_hard_text_is_recorded_in_every_column(any_store: Store, name: str, value: str) -> None:
    texts: dict[str, Any] = {name: value}
    last = recorded(any_store, replace(Event("action.read", "success", "ana"), **texts))
    assert getattr(last, name) == plain(value)
    assert verify_store(any_store.url).events == 1


@pytest.mark.parametrize("action", ["audit.\ud800", "audit.\x00", "audit.", "audit.Odd", "request.odd"])
def test_an_action_outside_the_vocabulary_is_a_bug_and_no_entry(action: str) -> None:
    with pytest.raises(ValueError, match="not in the vocabulary"):
        Event(action, "success", "ana")


EAST, WEST = timezone(timedelta(hours=5)), timezone(-timedelta(hours=5))
AT_THE_END = {
    "the first time of all, in the east": datetime.min.replace(tzinfo=EAST),
    "the last time of all, in the west": datetime.max.replace(tzinfo=WEST),
    "the first time of all, without a zone": datetime(1, 1, 1),  # noqa: DTZ001
    "a number of more than 4300 digits": 10**5000,
    "nested 2000 deep": nested(2000, "x"),
}


@pytest.mark.parametrize("name", AT_THE_END)
def test_what_python_itself_can_not_write_is_recorded_too(any_store: Store, name: str) -> None:
    recorded(any_store, Event("action.read", "success", "ana", detail={"a": AT_THE_END[name]}))
    assert verify_store(any_store.url).ok
