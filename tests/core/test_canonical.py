"""Two writers, one form."""

import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from core.canonical import canonical, plain

FLOATS = st.floats(allow_nan=True) | st.sampled_from([0.0, -0.0, 1.0, 1e16, 1e21, 1e-7, 5e-324, 123456789.125, 2.0**53])
LEAVES = st.none() | st.booleans() | st.integers() | FLOATS | st.text() | st.binary(max_size=20)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
@example({"\U0001f600": 1, "\ufffd": 2})
@example({"a": "x:1e5", "b": [1e-7, -1e300]})
@example([2.0**53, -(2.0**53), 9999999999999998.0, {"a": 2.0**60}])
@example(2.0**53)
@example(1e300)
@example(["\ud800", "\x00", "\x7f", "\u2028", '"\\/\b\f\n\r\t\x1f'])
def test_the_quick_writer_writes_what_rfc_8785_says(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(plain(value))  # type: ignore[arg-type]


@given(VALUES)
def test_what_is_plain_stays_as_it_is(value: object) -> None:
    assert plain(plain(value)) == plain(value)
