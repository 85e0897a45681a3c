"""Which WAL files of two nodes must be the same."""

from fleet.postgres.sameness import shared

SEGMENT = 16 << 20


def name(timeline: int, number: int) -> str:
    return f"{timeline:08X}{0:08X}{number:08X}"


def test_only_whole_segments_that_both_have_count_newest_first() -> None:
    ours = (name(1, 2), name(1, 3), name(1, 4), name(1, 5), "archive_status", name(1, 4) + ".partial")
    theirs = (name(1, 3), name(1, 4), name(1, 5), "archive_status", name(1, 4) + ".partial")
    assert shared(ours, theirs, 5 * SEGMENT, SEGMENT) == [name(1, 4), name(1, 3)]


def test_recycled_files_ahead_of_what_was_replayed_do_not_count() -> None:
    assert shared((name(1, 9),), (name(1, 9),), 9 * SEGMENT, SEGMENT) == []


def test_the_same_number_on_two_timelines_is_two_files() -> None:
    both = (name(1, 3), name(2, 3))
    assert shared(both, (name(2, 3),), 8 * SEGMENT, SEGMENT) == [name(2, 3)]
