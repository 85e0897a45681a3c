"""Whose WAL lies on whose history, judged by numbers alone."""

import pytest

from fleet.postgres.divergence import End, Verdict, history, verdict, wal_end, wrote

PRIMARY = End(3, 9000)
FORKS = {1: 1000, 2: 5000}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(End(3, 8000), Verdict.FOLLOWS, id="behind on the same timeline"),
        pytest.param(End(3, 9000), Verdict.FOLLOWS, id="level on the same timeline"),
        pytest.param(End(3, 9001), Verdict.AHEAD, id="one byte ahead on the same timeline"),
        pytest.param(End(3, 8000, wrote=True), Verdict.AHEAD, id="behind, but it wrote on the same timeline"),
        pytest.param(End(2, 5000), Verdict.FOLLOWS, id="ends exactly at the fork"),
        pytest.param(End(2, 5001), Verdict.DIVERGED, id="one byte beyond the fork"),
        pytest.param(End(2, 5000, wrote=True), Verdict.FOLLOWS, id="an old primary stopped at the fork"),
        pytest.param(End(1, 1000), Verdict.FOLLOWS, id="two timelines back, at its fork"),
        pytest.param(End(1, 2000), Verdict.DIVERGED, id="two timelines back, beyond its fork"),
        pytest.param(End(4, 10), Verdict.NEWER, id="on a later timeline"),
        pytest.param(End(None, 10), Verdict.UNKNOWN, id="timeline unknown"),
        pytest.param(End(2, None), Verdict.UNKNOWN, id="end unknown"),
    ],
)
def test_a_node_is_judged_by_timeline_and_place(target: End, expected: Verdict) -> None:
    assert verdict(target, PRIMARY, FORKS) is expected


def test_a_timeline_that_the_primary_never_was_on_is_a_divergence() -> None:
    assert verdict(End(2, 10), End(4, 9000), {1: 1000, 3: 5000}) is Verdict.DIVERGED


def test_without_a_history_nothing_is_guessed() -> None:
    assert verdict(End(2, 10), PRIMARY, {}) is Verdict.UNKNOWN


def test_a_history_file_is_read_with_its_comments_and_blank_lines() -> None:
    text = "1\t0/3000148\tno recovery target specified\n\n2\t1/A0\tbefore 2000-01-01\n# a comment\n"
    assert history(text) == {1: 0x3000148, 2: (1 << 32) + 0xA0}


@pytest.mark.parametrize(
    ("out", "err", "expected"),
    [
        pytest.param("WAL statistics between 0/1000028 and 0/1526200:\nType\n", "", 0x1526200, id="15 and later"),
        pytest.param(
            "",
            "pg_waldump: fatal: error in WAL record at 0/3000148: invalid record length at 0/3000180: wanted 24, got 0",
            0x3000180,
            id="up to 14",
        ),
        pytest.param("", "pg_waldump: error: could not find a valid record after 0/3000000", None, id="no record"),
    ],
)
def test_the_end_of_the_wal_is_read_from_pg_waldump(out: str, err: str, expected: int | None) -> None:
    assert wal_end(out, err) == expected


def test_only_a_primary_leaves_certain_states_behind() -> None:
    assert wrote("in production")
    assert wrote("shut down")
    assert not wrote("shut down in recovery")
    assert not wrote("in archive recovery")
