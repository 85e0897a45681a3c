"""A line is put behind the newest one, also when another bot wrote since, and never behind what was taken back."""

from contextlib import suppress

import pytest
from sqlalchemy import text

from audit import ledger
from audit.adding import known
from audit.ledger import Head
from audit.store import Session, Store, StoreUnavailable, open_store
from audit.verify import verify_store
from core.clock import SystemClock
from tests.audit.bypass import EVENT, record

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def cut(store: Store) -> None:
    """End all other connections to the store's database, and wait until they are gone."""
    with store.reading() as session:
        assert all(session.scalars(text(f"SELECT pg_terminate_backend(pid, 5000) {OTHERS}")))


def one(session: Session) -> Head:
    return ledger.append(session, SystemClock(), EVENT)


def test_the_first_line_is_looked_for_and_then_known(any_store: Store) -> None:
    with any_store.transaction() as session:
        assert known(session) is None
        first = one(session)
    with any_store.transaction() as session:
        assert known(session) == first
        assert one(session).seq == 2
        assert one(session) == known(session)
    assert (verify_store(any_store.url).ok, verify_store(any_store.url).events) == (True, 3)


def test_what_another_bot_wrote_meanwhile_is_followed(any_store: Store) -> None:
    other = open_store(any_store.url)
    record(any_store)
    for store in (other, any_store, other, other, any_store, any_store):
        record(store, 1)
    other.close()
    assert (verify_store(any_store.url).ok, verify_store(any_store.url).events) == (True, 9)


def test_what_was_taken_back_is_not_followed(any_store: Store) -> None:
    record(any_store)
    with suppress(RuntimeError), any_store.transaction() as session:
        assert one(session).seq == 4
        raise RuntimeError
    with any_store.transaction() as session:
        assert known(session) == ledger.head(session)
        assert one(session).seq == 4
    assert verify_store(any_store.url).ok


@pytest.mark.postgres
@pytest.mark.parametrize("any_store", ["postgres"], indirect=True)
def test_a_rule_that_swallows_lines_stops_the_bot(any_store: Store) -> None:
    record(any_store)
    with any_store.transaction() as session:
        session.execute(text("CREATE RULE swallow AS ON INSERT TO audit_event DO INSTEAD NOTHING"))
    with pytest.raises(StoreUnavailable, match="did not take"):
        record(any_store, 1)


@pytest.mark.postgres
@pytest.mark.parametrize("any_store", ["postgres"], indirect=True)
def test_connections_that_were_cut_while_nobody_used_them_cost_nobody_an_error(any_store: Store) -> None:
    record(any_store)
    other = open_store(any_store.url)
    for _ in range(2):
        cut(other)
        record(any_store, 1)
        cut(other)
        with any_store.reading() as session:
            assert ledger.head(session).seq > 3
    other.close()
    assert verify_store(any_store.url).events == 5
