"""Which configuration is in force: a looser one waits for two people, whatever the file says."""

import json

import pytest

from approvals.inforce.book import Change, ConfigurationBook, changed
from audit import store as audit_rows
from audit.store import Store
from bot.settings_file import File
from bot.settings_rules import body_of, rules_of
from core.plan import Risk
from tests.fixtures.house import StandingClock, clock, store

__all__ = ["clock", "store"]


def configuration(approvals: int = 1, **people: list[str]) -> dict[str, object]:
    named = {name: {"groups": groups} for name, groups in ({"ana": ["dba"], "ben": ["dba"]} | people).items()}
    rule = {"approvals": approvals, "from": ["dba"], "propose": ["dba"]}
    return body_of(File.model_validate({"people": named, "policy": {"destructive": rule}}))


@pytest.fixture
def book(store: Store, clock: StandingClock) -> ConfigurationBook:
    made = ConfigurationBook(store, clock, rules_of)
    made.offer(configuration(2))
    return made


def needed(book: ConfigurationBook) -> int:
    rule = book.rules().policy.by_risk[Risk.DESTRUCTIVE]
    return rule.approvals


def recorded(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        lines = audit_rows.tail(session, 100)
    return [
        (line.outcome, json.loads(line.body)["detail"]["state"]) for line in lines if line.action == "config.changed"
    ]


def test_the_first_configuration_is_in_force(book: ConfigurationBook, store: Store) -> None:
    assert needed(book) == 2
    assert recorded(store) == [("success", "in force")]
    (told,) = book.unannounced()
    assert told.first


def test_the_same_configuration_changes_nothing(book: ConfigurationBook, store: Store) -> None:
    assert book.offer(configuration(2)) is None
    assert recorded(store) == [("success", "in force")]


def test_a_stricter_one_is_in_force_at_once_and_told(book: ConfigurationBook) -> None:
    came = book.offer(configuration(3))
    assert isinstance(came, Change)
    assert (came.waits, came.lines) == (False, ("policy.destructive.approvals: 2 → 3",))
    assert needed(book) == 3
    assert came in book.unannounced()
    book.announced(came)
    assert came not in book.unannounced()


def test_a_looser_one_waits_and_the_old_rules_stay(book: ConfigurationBook, store: Store) -> None:
    came = book.offer(configuration(1, cy=["dba"]))
    assert isinstance(came, Change)
    assert came.waits
    assert came.looser == ("cy is new", "cy gets the group dba", "destructive: 2 → 1 approvals")
    assert needed(book) == 2
    assert book.rules().roster.named("cy") is None
    assert recorded(store)[-1] == ("intent", "waiting")
    assert book.offer(configuration(1, cy=["dba"])) is None  # the next start finds it waiting already


def test_with_consent_the_looser_one_is_in_force(book: ConfigurationBook, store: Store) -> None:
    came = book.offer(configuration(1))
    assert isinstance(came, Change)
    assert book.adopt(came.hash, by="system", why={"request": "r-1"})
    assert (needed(book), book.waiting()) == (1, None)
    assert recorded(store)[-1] == ("success", "in force")
    assert book.adopt(came.hash, by="system", why={})  # twice is as good as once


def test_consent_to_one_configuration_is_not_consent_to_the_next(book: ConfigurationBook) -> None:
    came = book.offer(configuration(1))
    assert isinstance(came, Change)
    book.offer(configuration(1, cy=["dba"]))
    assert not book.adopt(came.hash, by="system", why={})
    assert needed(book) == 2


def test_a_file_that_was_put_back_waits_for_nothing(book: ConfigurationBook) -> None:
    book.offer(configuration(1))
    assert book.offer(configuration(2)) is None
    assert (needed(book), book.waiting()) == (2, None)


def test_another_process_sees_at_once_what_is_in_force(
    book: ConfigurationBook, store: Store, clock: StandingClock
) -> None:
    other = ConfigurationBook(store, clock, rules_of)
    assert needed(other) == 2
    book.offer(configuration(3))
    assert needed(other) == 3


def test_differences_are_told_key_by_key() -> None:
    old = {"policy": {"destructive": {"approvals": 2}}, "bot": {"workers": 16}, "gone": 1}
    new = {"policy": {"destructive": {"approvals": 1, "look": True}}, "bot": {"workers": 16}}
    assert changed(old, new) == (
        "gone: 1 → nothing",
        "policy.destructive.approvals: 2 → 1",
        "policy.destructive.look: nothing → true",
    )
