"""Pause, decided without a database: who is refused and why, what one person agrees to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.pause import ACTION, SPEC, Asked, Found, plan, refuse
from core.plan import Kind, Lock, Risk, plan_from_json
from fleet.postgres.replay import NOT_PAUSED, PAUSED, REQUESTED, Replay, ago
from fleet.postgres.statements import replay_statement
from tests.fixtures.views import inventory

NOW = datetime(2026, 11, 21, 17, 28, 2, 417_000, tzinfo=UTC)
REPLAY = Replay(
    "7", True, NOT_PAUSED, False, 0x3000000, 0x2000000, NOW - timedelta(minutes=25), NOW, 3600.0, True, "", None  # noqa: FBT003
)  # fmt: skip
ASKED = Asked("main", "db3")
FOUND = Found(inventory(), REPLAY)


def with_replay(**changes: object) -> Found:
    return replace(FOUND, replay=replace(REPLAY, **changes))  # type: ignore[arg-type]  # any field


def test_it_is_one_person_s_waits_for_nobody_and_keeps_nobody_waiting() -> None:
    assert (SPEC.risk, SPEC.lock, SPEC.at_once) == (Risk.CHANGE, Lock.NONE, True)
    assert SPEC.usage == "pause CLUSTER NODE"


def test_the_plan_is_one_step_that_can_be_looked_up_and_says_what_ends_a_pause() -> None:
    made = plan(ASKED, FOUND)
    assert [(step.name, step.kind) for step in made.steps] == [("pause", Kind.PROBE)]
    assert {step.name for step in made.steps} <= set(ACTION.steps or {})
    assert made.title == "Pause replay on db3"
    assert "DO NOT RESTART db3: a restart forgets the pause" in made.notes
    assert made.back[0].endswith("/db resume main db3")
    assert plan_from_json(made.to_json()).plan_hash == made.plan_hash


def test_it_needs_only_the_database_so_no_note_is_laid_on_the_host() -> None:
    made = plan(ASKED, FOUND)
    assert made.notes_on == ""
    assert "SELECT pg_wal_replay_pause()" in made.onward[0]


def test_what_moves_by_itself_does_not_change_the_plan() -> None:
    later = with_replay(replayed=0x2000100, received=0x3000100, committed=NOW, now=NOW + timedelta(seconds=3))
    assert plan(ASKED, later).plan_hash == plan(ASKED, FOUND).plan_hash
    assert plan(ASKED, with_replay(system="8")).plan_hash != plan(ASKED, FOUND).plan_hash


def test_a_standby_without_a_delay_may_have_applied_it_already_and_the_card_says_so() -> None:
    assert any("NO DELAY" in cost for cost in plan(ASKED, with_replay(delay=0.0)).costs)
    assert "it replays 60 min late as configured" in plan(ASKED, FOUND).costs


@pytest.mark.parametrize(
    ("found", "code", "word"),
    [
        (with_replay(in_recovery=False), "PAUSE-PRIMARY", "db1 or db2"),
        (with_replay(state=PAUSED), "PAUSE-ALREADY", "/db resume main db3"),
        (with_replay(state=REQUESTED, delaying=True), "PAUSE-ALREADY", "/db resume main db3"),
    ],
)
def test_what_replays_nothing_or_is_paused_is_refused(found: Found, code: str, word: str) -> None:
    refused = refuse(ASKED, found)
    assert refused is not None
    assert refused.code == code
    assert word in refused.hint


def test_a_pause_that_is_only_asked_for_may_be_asked_for_again() -> None:
    assert refuse(ASKED, FOUND) is None
    assert refuse(ASKED, with_replay(state=REQUESTED)) is None


def test_whoever_is_told_hears_when_the_last_transaction_was_committed() -> None:
    said = "the last transaction that it replayed was committed at 2026-11-21 17:03:02.417 UTC, 25 min ago"
    assert REPLAY.last == said
    assert replace(REPLAY, committed=None).last == "no transaction was replayed since its start"
    assert [ago(seconds) for seconds in (0, 119, 1500, 12_600)] == ["0 s", "119 s", "25 min", "3.5 h"]


def test_a_server_of_before_14_is_asked_in_words_that_it_knows() -> None:
    assert "pg_get_wal_replay_pause_state" not in replay_statement(130_000)
    assert "pg_get_wal_replay_pause_state" in replay_statement(140_000)
