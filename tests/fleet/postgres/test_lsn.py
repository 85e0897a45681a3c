import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from fleet.postgres import lsn


@given(st.integers(0, 2**64 - 1))
def test_a_place_is_read_as_it_was_written(position: int) -> None:
    assert lsn.parse(lsn.show(position)) == position


def test_a_place_looks_as_postgresql_writes_it() -> None:
    assert lsn.show(0x1_0300_0060) == "1/3000060"


@pytest.mark.parametrize("text", ["", "3000060", "0/", "/1", "0/123456789", "x/1", "0/1 ", "-1/0"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        lsn.parse(text)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (342016, "334 kB"),
        (4299161, "4.1 MB"),
        (16 * 1024**2, "16 MB"),
        (3 * 1024**4, "3072 GB"),
    ],
)
def test_bytes_are_written_for_people(count: int, words: str) -> None:
    assert lsn.size(count) == words
