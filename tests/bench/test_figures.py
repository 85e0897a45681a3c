"""The arithmetic behind the figures: gaps, times of steps, rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bench.client import Gap, longest, timeline
from bench.product import Ended
from bench.resync import one_step, whole
from bench.switchover import rows
from bench.table import longest_row
from core.clock import stamp
from runs.model import Run, RunState, StepRecord, StepState
from tests.fixtures.house import a_plan

NIGHT = datetime(2026, 11, 21, 3, tzinfo=UTC)


def at(ms: int) -> datetime:
    return NIGHT + timedelta(milliseconds=ms)


def record(n: int, name: str, began: int, ended: int | None) -> StepRecord:
    return StepRecord(n, name, StepState.DONE, stamp(at(began)), None if ended is None else stamp(at(ended)))


def an_end(*steps: StepRecord) -> Ended:
    run = Run(
        id="run-1",
        request="r-1",
        plan=a_plan(),
        plan_hash="",
        state=RunState.ENDED,
        epoch=1,
        owner="bench",
        heartbeat_at="",
        started_at=stamp(at(0)),
        ended_at=stamp(at(2500)),
        outcome="succeeded",
        error="",
        stop_by=None,
        progress={},
        steps=steps,
    )
    return Ended(at(-510), at(-500), run)


def test_the_longest_gap_is_found_with_its_beginning() -> None:
    assert longest([at(0), at(10), at(260), at(270)]) == Gap(at(10), 0.25)


def test_one_row_alone_makes_no_gap() -> None:
    with pytest.raises(ValueError, match="empty"):
        longest([at(0)])


def test_a_timeline_names_the_steps_that_lie_in_the_gap() -> None:
    steps = [record(1, "prepare", -90, -10), record(2, "stop", -10, 80), record(3, "promote", 80, 190)]
    steps += [record(4, "prove", 210, 300), record(5, "follow", 100, None)]
    assert timeline(Gap(at(0), 0.2), steps) == ["stop: -10 to 80 ms", "promote: 80 to 190 ms"]


def test_a_run_is_timed_from_the_last_vote_to_its_end_and_a_step_by_itself() -> None:
    ended = an_end(record(1, "stop", 0, 200), record(2, "rewind", 200, 1450), record(3, "start", 1450, None))
    assert whole(ended) == 3.0
    assert [one_step(ended, name) for name in ("stop", "rewind", "start")] == [0.2, 1.25, 0.0]


def test_two_series_become_a_median_and_a_worst() -> None:
    ours, theirs = [Gap(NIGHT, ms / 1000) for ms in (100, 300, 120)], [Gap(NIGHT, ms / 1000) for ms in (200, 150, 400)]
    middle, worst = rows("gap", ours, theirs, "by hand")
    assert (middle.ours, middle.reference, middle.ratio, middle.runs) == (120.0, 200.0, 0.6, 3)
    assert (worst.ours, worst.reference, worst.ratio) == (300.0, 400.0, 0.75)
    assert worst == replace(longest_row("gap, worst", "ms", [1.0, 300.0, 2.0], [400.0], "by hand"), runs=3)
