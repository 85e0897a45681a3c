"""The first rung whose conditions all hold is taken, and the card says why no cheaper one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fleet.postgres.divergence import Verdict
from fleet.postgres.ladder import Rung, Standing, choose

HEALTHY = Standing(Verdict.FOLLOWS, answers=True, streaming=True, moving=True, same_wal=True, wal_kept=True)
CUT = replace(HEALTHY, streaming=False)
FORKED = Standing(Verdict.DIVERGED, answers=False, wal_kept=True)


@pytest.mark.parametrize(
    ("standing", "rung"),
    [
        pytest.param(HEALTHY, Rung.WAIT, id="healthy"),
        pytest.param(replace(HEALTHY, same_wal=None), Rung.WAIT, id="healthy, no whole segment in common yet"),
        pytest.param(replace(HEALTHY, moving=False, delayed=True), Rung.WAIT, id="late by design"),
        pytest.param(replace(HEALTHY, paused=True), Rung.UNPAUSE, id="paused"),
        pytest.param(replace(HEALTHY, moving=False), Rung.REPAIR, id="streams and stands still"),
        pytest.param(CUT, Rung.REPAIR, id="cut off"),
        pytest.param(replace(CUT, answers=False), Rung.REPAIR, id="stopped"),
        pytest.param(replace(CUT, wal_kept=False, archive_has=True), Rung.FEED, id="WAL only in the archive"),
        pytest.param(replace(CUT, wal_kept=False), Rung.COPY, id="WAL nowhere"),
        pytest.param(FORKED, Rung.REWIND, id="forked"),
        pytest.param(replace(FORKED, no_rewind="no hint bits"), Rung.COPY, id="forked, can't be rewound"),
        pytest.param(replace(HEALTHY, same_wal=False), Rung.COPY, id="streams, but its WAL is not the primary's"),
        pytest.param(replace(HEALTHY, verdict=Verdict.AHEAD), Rung.COPY, id="ahead on the same timeline"),
        pytest.param(replace(FORKED, verdict=Verdict.UNKNOWN), Rung.COPY, id="nobody knows where its WAL ends"),
        pytest.param(Standing(Verdict.UNKNOWN, answers=False, empty=True), Rung.COPY, id="no data folder"),
    ],
)
def test_the_cheapest_sure_way_is_taken(standing: Standing, rung: Rung) -> None:
    assert choose(standing).rung is rung


def test_a_rebuild_that_was_asked_for_is_a_copy_whatever_else_would_do() -> None:
    assert choose(HEALTHY, rebuild=True).rung is Rung.COPY


def test_reasons_are_told_once_however_many_ways_they_rule_out() -> None:
    assert choose(FORKED).why_not == (
        "no waiting, no unpausing, no reconnecting, no feeding WAL: it has WAL that the primary never had",
    )


standings = some.builds(
    Standing,
    verdict=some.sampled_from(Verdict),
    answers=some.booleans(),
    streaming=some.booleans(),
    paused=some.booleans(),
    delayed=some.booleans(),
    moving=some.booleans(),
    same_wal=some.sampled_from([True, False, None]),
    wal_kept=some.booleans(),
    archive_has=some.booleans(),
    no_rewind=some.sampled_from(["", "no hint bits"]),
    empty=some.booleans(),
)


@given(standings)
def test_wal_that_is_not_the_primarys_is_never_continued(standing: Standing) -> None:
    rung = choose(standing).rung
    if standing.verdict is not Verdict.FOLLOWS or standing.same_wal is False or standing.empty:
        assert rung in {Rung.REWIND, Rung.COPY}
    if rung is Rung.REWIND:
        assert standing.verdict is Verdict.DIVERGED


@given(standings)
def test_whatever_is_wrong_there_is_a_way(standing: Standing) -> None:
    choice = choose(standing)
    assert bool(choice.why_not) is (choice.rung is not Rung.WAIT)
