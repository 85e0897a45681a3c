"""The chain as a pure thing: any event can be sealed, in one form only, and every altered letter shows."""

import hashlib
import json

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.chain import COLUMNS, EMPTY, EXTRA, GENESIS, STORED, hash_of, seal
from audit.verify import verify

ANY_TEXT = st.text(st.characters(), max_size=20)  # lone surrogates too
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=3),
    max_leaves=8,
)
LOGS = st.lists(st.fixed_dictionaries({name: st.dictionaries(ANY_TEXT, ANY, max_size=3) for name in EXTRA}), max_size=5)


def sealed(extras: list[dict[str, dict[str, object]]]) -> list[tuple[object, ...]]:
    rows, prev = [], GENESIS
    for seq, extra in enumerate(extras, 1):
        columns = dict.fromkeys(COLUMNS, "x") | {"seq": seq, "request": None, "event_id": f"e{seq}"}
        row = seal(prev, columns, extra)
        prev = str(row["hash"])
        rows.append(tuple(row[name] for name in STORED))
    return rows


@given(LOGS)
def test_whatever_is_recorded_can_be_sealed_and_verified(extras: list[dict[str, dict[str, object]]]) -> None:
    rows = sealed(extras)
    report = verify(rows)
    assert (report.ok, report.events) == (True, len(rows))
    assert report.head.hash == (rows[-1][-1] if rows else GENESIS)


@given(LOGS)
def test_a_sealed_body_has_one_form_and_reads_back_as_json(extras: list[dict[str, dict[str, object]]]) -> None:
    for row in sealed(extras):
        body = str(row[len(COLUMNS)])
        assert rfc8785.dumps(json.loads(body, parse_int=float)) == body.encode()
        assert row[-1] == hashlib.sha256(b"seconder-audit-v1\x00" + body.encode()).hexdigest()


@settings(max_examples=300)
@given(st.data())
def test_one_altered_letter_anywhere_is_found_in_its_row(data: st.DataObject) -> None:
    rows = sealed([{"source": {}, "params": {"n": n}, "detail": {"é": 1.5}} for n in range(4)])
    row = data.draw(st.integers(0, 3))
    column = data.draw(st.sampled_from([n for n, name in enumerate(STORED) if isinstance(rows[row][n], str)]))
    value = str(rows[row][column])
    at = data.draw(st.integers(0, len(value) - 1))
    letter = data.draw(st.characters().filter(lambda one: one != value[at]))
    changed = list(rows[row])
    changed[column] = value[:at] + letter + value[at + 1 :]
    bad = verify([*rows[:row], tuple(changed), *rows[row + 1 :]]).bad
    assert bad is not None
    assert bad.seq == row + 1


@given(st.permutations(range(5)), st.integers(0, 4))
def test_rows_in_another_order_or_fewer_in_between_are_found(order: list[int], gone: int) -> None:
    rows = sealed([{"source": {}, "params": {}, "detail": {}} for _ in range(5)])
    assert verify([rows[n] for n in order]).ok is (order == sorted(order))
    assert verify(rows[:gone] + rows[gone + 1 :]).ok is (gone == 4)


def test_the_first_entry_follows_sixty_four_zeros() -> None:
    assert (EMPTY.seq, EMPTY.hash) == (0, "0" * 64)
    assert hash_of("{}") == hashlib.sha256(b"seconder-audit-v1\x00{}").hexdigest()
