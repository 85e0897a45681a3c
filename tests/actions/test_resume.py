"""Resume, decided without a database: which way, who is refused, what two people agree to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.resume import ACTION, SPEC, Asked, Found, plan, refuse
from core.plan import Risk, plan_from_json
from fleet.postgres.replay import PAUSED, REQUESTED
from tests.actions import test_pause
from tests.fixtures.views import SETTINGS, cluster_view, dead, inventory, primary, standby

ASKED = Asked("main", "db3")
REPLAY = replace(test_pause.REPLAY, state=PAUSED, delay=0.0)
FOUND = Found(inventory(), cluster_view(), REPLAY)
LESS = {**SETTINGS, "max_connections": "50"}
TARGET = "recovery_target_time = 2026-11-21 17:03:00+00"
AT_TARGET = replace(FOUND, replay=replace(REPLAY, target=TARGET, kept_delay="1h"))


def names(found: Found) -> list[str]:
    return [step.name for step in plan(ASKED, found).steps]


def test_it_takes_two_people() -> None:
    assert SPEC.risk is Risk.DESTRUCTIVE
    assert plan(ASKED, FOUND).target == "db3"
    assert not SPEC.at_once


def test_what_was_paused_by_hand_is_resumed_and_proved() -> None:
    made = plan(ASKED, FOUND)
    assert names(FOUND) == ["resume", "see", "prove"]
    assert made.steps[0].ponr
    assert {step.name for step in made.steps} <= set(ACTION.steps or {})
    assert plan_from_json(made.to_json()).plan_hash == made.plan_hash


def test_at_a_recovery_target_it_is_never_resumed_but_started_without_it() -> None:
    made = plan(ASKED, AT_TARGET)
    assert names(AT_TARGET) == ["clear", "stop", "start", "see"]
    assert any(f"never pg_wal_replay_resume() on db3: at its target ({TARGET})" in note for note in made.notes)
    assert not any("pg_wal_replay_resume" in line for line in made.onward)
    assert "standby.signal" in made.onward[2]


def test_a_roll_forward_that_did_not_get_far_is_tidied_too() -> None:
    begun = replace(FOUND, replay=replace(REPLAY, kept_delay="", state="not paused"))
    assert refuse(ASKED, begun) is None
    assert names(begun) == ["clear", "stop", "start", "see"]
    without = replace(FOUND, replay=replace(REPLAY, target=TARGET))
    assert names(without)[-1] == "prove"


def test_the_card_says_what_waits_since_when_and_what_is_lost() -> None:
    made = plan(ASKED, FOUND)
    assert "17:03:02.417 UTC, 16 MB of WAL so far: also what it was paused for" in made.costs[0]
    assert "committed at 2026-11-21 17:03:02.417 UTC, 25 min ago" in made.waiting[0]
    assert "does not keep since when" in made.waiting[0]
    assert made.notes[0].startswith("copy what you still need from db3 first")


def test_replay_that_moved_since_the_look_is_another_plan_and_wal_that_came_in_is_not() -> None:
    later = replace(FOUND, replay=replace(REPLAY, received=0x9000000, now=REPLAY.now + timedelta(hours=1)))
    assert plan(ASKED, later).plan_hash == plan(ASKED, FOUND).plan_hash
    moved = replace(FOUND, replay=replace(REPLAY, replayed=0x2000100))
    assert plan(ASKED, moved).plan_hash != plan(ASKED, FOUND).plan_hash


def test_a_delayed_standby_is_seen_to_stream_and_not_to_replay_at_once() -> None:
    delayed = replace(FOUND, replay=replace(REPLAY, delay=3600.0, state=REQUESTED, delaying=True))
    (prove,) = [step for step in plan(ASKED, delayed).steps if step.name == "prove"]
    assert prove.args["replays"] is False
    assert "its delay of 60 min still holds back what is newer" in plan(ASKED, delayed).notes


@pytest.mark.parametrize(
    ("found", "code", "word"),
    [
        (replace(FOUND, replay=replace(REPLAY, in_recovery=False)), "RESUME-PRIMARY", "/db status"),
        (replace(FOUND, replay=replace(REPLAY, state="not paused")), "RESUME-NOT-PAUSED", "/db resync main db3"),
        (
            replace(
                FOUND,
                view=cluster_view(
                    primary(), standby("db2"), standby("db3", settings={**SETTINGS, "max_connections": "50"})
                ),
            ),
            "REPLAY-SETTINGS",
            "Raise it on db3",
        ),
    ],
)
def test_what_would_do_nothing_or_shut_it_down_is_refused(found: Found, code: str, word: str) -> None:
    refused = refuse(ASKED, found)
    assert refused is not None
    assert refused.code == code
    assert word in refused.hint


def test_without_a_primary_it_goes_on_and_what_nobody_knows_is_said() -> None:
    alone = replace(FOUND, view=cluster_view(dead("db1"), standby("db2"), standby("db3")))
    assert refuse(ASKED, alone) is None
    assert names(alone) == ["resume", "see"]
    assert any("UNKNOWN" in note for note in plan(ASKED, alone).notes)
    assert plan(ASKED, alone).look is None
