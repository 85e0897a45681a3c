import pytest

from fleet.postgres.pace import Pace, fastest, span


def test_of_several_averages_the_faster_one_counts() -> None:
    year, minutes = Pace(1000, 3.0e7), Pace(600, 120.0)
    assert fastest((year, minutes)) == minutes
    assert fastest(()) is None
    assert (minutes.per_second, minutes.per_hour) == (5.0, 18000)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(40, "40 s"), (89.9, "90 s"), (90, "2 min"), (3600, "60 min"), (9 * 3600, "9 h"), (3 * 86400, "3 d")],
)
def test_time_is_written_roughly(seconds: float, words: str) -> None:
    assert span(seconds) == words
