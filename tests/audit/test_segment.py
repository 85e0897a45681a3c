"""A segment is whole, or it says what is wrong with it."""

import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import ledger
from audit.anchors.line import fingerprint
from audit.ledger import Event
from audit.reading import entries
from audit.segment import Seal, check, written
from audit.store import Store
from core.clock import SystemClock
from tests.fixtures.house import store

__all__ = ["store"]
KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KNOWN = {fingerprint(KEY.public_key()): KEY.public_key()}
AT = "2026-11-21T12:00:00.000000Z"


@pytest.fixture
def segment(store: Store) -> list[str]:
    with store.transaction() as session:
        for n in range(12):
            ledger.append(
                session, SystemClock(), Event("action.read", "success", "ana", detail={"n": n, "said": "✅ ü"})
            )
    with store.reading() as session:
        return list(written(entries(session, 4, 9), KEY, AT))


def test_a_segment_from_the_middle_is_whole(segment: list[str]) -> None:
    found = check(segment, KNOWN)
    assert isinstance(found, Seal)
    assert (found.first, found.last, found.at, len(segment)) == (4, 9, AT, 7)


CHANGES: dict[str, Callable[[list[str]], list[str]]] = {
    "a line gone": lambda kept: [*kept[:2], *kept[3:]],
    "the tail gone": lambda kept: kept[:-2] + kept[-1:],
    "two lines swapped": lambda kept: [kept[1], kept[0], *kept[2:]],
    "a line changed": lambda kept: [kept[0].replace('"ana"', '"ben"'), *kept[1:]],
    "no seal": lambda kept: kept[:-1],
    "nothing": lambda _kept: [],
    "no entry": lambda kept: ["x", *kept[1:]],
    "another key": lambda kept: [*kept[:-1], kept[-1].replace('"key":"', '"key":"0')],
    "a seal changed": lambda kept: [*kept[:-1], kept[-1].replace('"first":4', '"first":3')],
    "a seal that is text": lambda kept: [*kept[:-1], json.dumps("seal")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_done_to_it_shows(segment: list[str], change: str) -> None:
    assert isinstance(check(CHANGES[change](segment), KNOWN), str)


def test_lines_sealed_by_somebody_who_has_the_key_still_have_to_be_a_chain(store: Store, segment: list[str]) -> None:
    with store.reading() as session:
        rows = [row for row in entries(session, 1, 12) if row.seq != 6]
        said = check(list(written(rows, KEY, AT)), KNOWN)
    assert isinstance(said, str)
    assert "its chain is broken" in said
    assert len(segment) == 7


def test_nothing_is_no_segment() -> None:
    with pytest.raises(ValueError, match="at least one"):
        list(written([], KEY, AT))
