"""A run without a lock: it starts beside any other and keeps nobody waiting, on both stores, held by the index too."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Request
from audit.store import Store
from core.grant import Grant
from core.outcome import Outcome, Refusal
from core.plan import Lock, Plan, Risk
from runs import store as rows
from runs.journal import Journal
from runs.model import Run
from tests.fixtures.house import IN_FORCE, StandingClock, a_plan, actor, clock, grants
from tests.fixtures.stores import TABLES, any_store, server_url

__all__ = ["TABLES", "any_store", "clock", "server_url"]
BACKUP = replace(a_plan(Risk.CHANGE), lock=Lock.NODE)
PAUSE = replace(a_plan(Risk.CHANGE), lock=Lock.NONE)


@pytest.fixture
def gate(any_store: Store, clock: StandingClock) -> Gate:
    return Gate(any_store, IN_FORCE, clock)


@pytest.fixture
def journal(gate: Gate, clock: StandingClock) -> Journal:
    return Journal(gate.store, Book(IN_FORCE, clock), clock, "bot-1")


def granted(gate: Gate, plan: Plan) -> Grant:
    request = gate.open(actor("ana"), plan, origin="test", channel="ops")
    assert isinstance(request, Request), request
    (grant,) = [one for one in grants(gate) if one.request == request.id]
    return grant


def begun(gate: Gate, journal: Journal, plan: Plan) -> Run:
    run = journal.begin(granted(gate, plan))
    assert isinstance(run, Run), run
    return run


def busy(gate: Gate, journal: Journal, plan: Plan) -> bool:
    came = journal.begin(granted(gate, plan))
    return isinstance(came, Refusal) and came.code == "CLUSTER-BUSY"


def holder(journal: Journal) -> str | None:
    with journal.store.reading() as session:
        return rows.holding(session, "main")


def test_a_pause_starts_while_a_backup_holds_the_cluster_and_changes_nothing_about_that(
    gate: Gate, journal: Journal
) -> None:
    backup = begun(gate, journal, BACKUP)
    pause = begun(gate, journal, PAUSE)
    assert holder(journal) == backup.request
    assert busy(gate, journal, BACKUP)
    journal.end(pause, Outcome.SUCCEEDED)
    assert holder(journal) == backup.request
    with journal.store.reading() as session:
        assert [run.id for run in rows.unfinished(session)] == [backup.id]


def test_a_backup_starts_while_a_pause_runs_and_while_its_result_is_unknown(gate: Gate, journal: Journal) -> None:
    pause = begun(gate, journal, PAUSE)
    assert holder(journal) is None
    journal.intent(pause, 1, pause.plan.steps[0])
    journal.lose(journal.refresh(pause), 1, pause.plan.steps[0], "no answer", "no answer")
    assert holder(journal) is None
    begun(gate, journal, BACKUP)
    begun(gate, journal, PAUSE)


def test_a_run_that_a_dead_bot_left_without_a_lock_is_taken_up_like_any_other(gate: Gate, journal: Journal) -> None:
    begun(gate, journal, BACKUP)
    pause = begun(gate, journal, PAUSE)
    other = replace(journal, owner="bot-2")
    taken = other.take_over(pause)
    assert taken is not None
    assert (taken.plan.lock, taken.epoch) == (Lock.NONE, 2)


def test_the_index_itself_leaves_out_what_takes_no_lock_and_nothing_else(gate: Gate, journal: Journal) -> None:
    backup = begun(gate, journal, BACKUP)
    for n, plan in enumerate((PAUSE, PAUSE)):
        with journal.store.transaction() as session:
            rows.insert(session, replace(backup, id=f"run-{n}", request=f"r-{n}", plan=plan))
    with pytest.raises(IntegrityError), journal.store.transaction() as session:
        rows.insert(session, replace(backup, id="run-x", request="r-x"))
