"""Names of WAL files, and the lines of pg_controldata."""

from hypothesis import given
from hypothesis import strategies as some

from fleet.postgres import datadir


@given(some.integers(0, 1 << 30), some.sampled_from([1 << 20, 16 << 20, 1 << 30]))
def test_the_name_of_a_wal_file_says_where_it_begins(number: int, segment: int) -> None:
    assert datadir.start("00000007" + datadir.suffix(number, segment), segment) == number * segment


def test_fields_keep_colons_in_their_values() -> None:
    text = "Database cluster state:               in production\npg_control last modified:   Sat 21 Nov 04:00:00\n"
    assert datadir.fields(text) == {
        "Database cluster state": "in production",
        "pg_control last modified": "Sat 21 Nov 04:00:00",
    }
