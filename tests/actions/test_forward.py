"""Forward, decided without a database: which points can be reached, what two people agree to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.forward import ACTION, SPEC, Asked, Found, plan, refuse
from bot.words import Unclear, understand
from core.outcome import Refusal
from core.plan import Risk, plan_from_json
from fleet.postgres import point
from fleet.postgres.point import Point
from fleet.postgres.replay import PAUSED
from fleet.postgres.view import ClusterView
from tests.actions import test_pause
from tests.actions.test_resume import LESS
from tests.fixtures.views import cluster_view, dead, inventory, primary, standby

REPLAY = replace(test_pause.REPLAY, state=PAUSED)  # up to 17:03:02.417, 25 minutes ago
ASKED = Asked("main", "db3", "2026-11-21T18:10:00+01:00")
TO = Point(datetime(2026, 11, 21, 17, 10, tzinfo=UTC))
FOUND = Found(inventory(), cluster_view(), REPLAY, TO)


def code(found: Found) -> str:
    refused = refuse(ASKED, found)
    return refused.code if refused else ""


def at(to: Point | Refusal) -> Found:
    return replace(FOUND, point=to)


def smaller() -> ClusterView:
    return cluster_view(primary(), standby("db2"), standby("db3", settings=LESS))


def test_it_takes_two_people_and_the_point_is_part_of_what_they_agree_to() -> None:
    assert SPEC.risk is Risk.DESTRUCTIVE
    assert SPEC.usage == "forward CLUSTER NODE --to TO"
    other = plan(replace(ASKED, to="0/3000060"), at(Point(place=0x3000060)))
    assert plan(ASKED, FOUND).plan_hash != other.plan_hash


def test_without_a_point_whoever_asks_is_told_which_word_is_missing() -> None:
    with pytest.raises(Unclear) as caught:
        understand(["forward", "main", "db3"], [SPEC], {"main": inventory()})
    assert "--to: a moment such as 2026-11-21T17:03:00Z" in caught.value.message
    assert caught.value.nearest == "forward main db3 --to TO"


def test_a_moment_has_its_zone_and_a_place_is_an_lsn() -> None:
    assert point.read(ASKED.to) == TO
    assert point.read("2026-11-21 17:10:00Z") == TO
    assert point.read(TO.value) == TO
    assert point.read("0/3000060") == Point(place=0x3000060)
    for text in ("2026-11-21T17:10:00", "yesterday", "", "17:10"):
        refused = point.read(text)
        assert isinstance(refused, Refusal)
        assert "with Z or an offset" in refused.hint


def test_the_target_is_in_place_before_the_stop_ends_the_pause() -> None:
    made = plan(ASKED, FOUND)
    assert [step.name for step in made.steps] == ["aim", "stop", "start", "arrive"]
    assert [step.name for step in made.steps if step.ponr] == ["stop"]
    undos = [step.undo.name for step in made.steps if step.undo]
    assert {*undos, *(step.name for step in made.steps)} <= set(ACTION.steps or {})
    assert plan_from_json(made.to_json()).plan_hash == made.plan_hash
    assert made.steps[0].args["setting"] == "recovery_target_time"
    assert made.steps[0].args["value"] == "2026-11-21 17:10:00+00:00"


def test_from_one_point_to_a_later_one_going_back_gives_the_first_one_again() -> None:
    before = replace(REPLAY, target="recovery_target_lsn = 0/2000000")
    undo = plan(ASKED, replace(FOUND, replay=before)).steps[0].undo
    assert undo is not None
    assert (undo.name, undo.args["setting"], undo.args["value"]) == ("aim", "recovery_target_lsn", "0/2000000")


def test_whoever_agrees_reads_that_it_must_not_be_resumed_by_hand() -> None:
    made = plan(ASKED, FOUND)
    assert any("NEVER pg_wal_replay_resume() on db3" in note for note in made.notes)
    assert not any("SELECT pg_wal_replay_resume" in line for line in (*made.onward, *made.back))
    assert "ALTER SYSTEM SET recovery_target_action = 'pause'" in "\n".join(made.onward)
    assert made.title == "Roll db3 forward to right before 2026-11-21 17:10:00.000 UTC"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(FOUND, replay=replace(REPLAY, in_recovery=False)), "FORWARD-PRIMARY"),
        (at(Refusal("FORWARD-POINT", "no")), "FORWARD-POINT"),
        (replace(FOUND, replay=replace(REPLAY, state="not paused")), "FORWARD-NOT-PAUSED"),
        (replace(FOUND, replay=replace(REPLAY, hot=False)), "FORWARD-NOT-HOT"),
        (at(Point(REPLAY.committed)), "FORWARD-PAST"),
        (at(Point(place=REPLAY.replayed)), "FORWARD-PAST"),
        (at(Point(REPLAY.now + timedelta(seconds=1))), "FORWARD-FUTURE"),
        (at(Point(place=0x5000001)), "FORWARD-FUTURE"),
        (replace(FOUND, view=smaller()), "REPLAY-SETTINGS"),
        (FOUND, ""),
        (at(Point(place=0x5000000)), ""),
        (replace(FOUND, view=cluster_view(dead("db1"), standby("db2"), standby("db3"))), ""),
    ],
)
def test_what_can_t_be_reached_is_refused(found: Found, said: str) -> None:
    assert code(found) == said


def test_nothing_was_replayed_since_a_start_so_a_moment_is_taken_as_it_is() -> None:
    assert code(replace(FOUND, replay=replace(REPLAY, committed=None))) == ""
