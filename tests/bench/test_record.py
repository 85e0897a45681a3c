"""A store that was filled fast is one as any other."""

import sqlite3
from contextlib import closing
from itertools import islice

import pytest

from audit import ledger
from audit.store import Store, sqlite_path
from audit.verify import verify_store
from bench.filling import events, fill
from core.clock import SystemClock
from tests.fixtures.house import store

__all__ = ["store"]

COUNT = 60


def test_what_was_filled_in_verifies_and_goes_on(store: Store) -> None:
    fill(store, COUNT)
    with store.transaction() as session:
        ledger.append(session, SystemClock(), next(events()))
    report = verify_store(store.url)
    assert report.ok, report
    assert report.events == COUNT + 1


def test_the_triggers_are_back_after_filling(store: Store) -> None:
    fill(store, COUNT)
    with (
        closing(sqlite3.connect(sqlite_path(store.url))) as connection,
        pytest.raises(sqlite3.IntegrityError, match="never changed"),
    ):
        connection.execute("UPDATE audit_event SET actor = 'nobody'")


def test_every_event_is_there_in_its_order(store: Store) -> None:
    fill(store, COUNT)
    with closing(sqlite3.connect(sqlite_path(store.url))) as connection:
        kept = [action for (action,) in connection.execute("SELECT action FROM audit_event ORDER BY seq")]
    assert kept == [event.action for event in islice(events(), COUNT)]
