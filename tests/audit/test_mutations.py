"""Twenty thousand forgeries of one record: each is found, and the entry that is named is the right one.

Named is the first row that is not as it was. If a forger gave it a fitting hash and link, that is the first row after
those he sealed again; if he sealed all to the end, the first anchor that no longer fits; of a cut tail the first row
that is gone.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

import pytest

from audit.chain import Head
from audit.verify import NO_ANCHOR, verify
from tests.audit.forgeries import FORGES, forged
from tests.audit.rows import Forgery, Row, a_record, anchors_of

SOAK = 25 if os.environ.get("SECONDER_SOAK") else 1  # 25 times 20,000
COUNT, NEAR = 200, 6
ROWS = a_record(COUNT)
NEAR_EACH, FAR_EACH = (-(-number * SOAK // len(FORGES)) for number in (18_000, 2_000))
KINDS = {"hash", "column", "link", "gap", "truncated", "rewritten", "unreadable"}
each = pytest.mark.parametrize("name", FORGES)
to_the_end = pytest.mark.parametrize(
    "name", ["the tail cut", "rewritten to the end", "a row gone and rewritten to the end"]
)


def found(forgery: Forgery, anchors: Sequence[Head]) -> str:
    """Verify, hold the report against what was done, and give the kind that it names."""
    report = verify(forgery.rows, anchors)
    assert report.ok is False, forgery
    assert report.bad is not None
    assert (report.bad.seq, report.events) == (forgery.blamed, forgery.blamed - (report.bad.kind != "rewritten"))
    assert (NO_ANCHOR in report.warnings) is not bool(anchors)
    return report.bad.kind


def first_difference(rows: Sequence[Row]) -> int | None:
    pairs = enumerate(zip_longest(ROWS, rows), 1)
    return next((place for place, (was, now) in pairs if was is not now), None)


def test_the_record_itself_is_whole_with_and_without_anchors() -> None:
    assert verify(ROWS).ok is True
    report = verify(ROWS, anchors_of(ROWS, 10))
    assert (report.ok, report.events, report.anchors_checked, report.warnings) == (True, COUNT, COUNT // 10 + 1, ())


@each
def test_what_is_altered_near_the_beginning_is_found_and_named(name: str) -> None:
    kinds = Counter(found(forgery, forgery.anchors) for forgery in forged(name, ROWS, NEAR_EACH, NEAR))
    assert kinds.total() == NEAR_EACH


@each
def test_what_is_altered_anywhere_is_found_and_named(name: str) -> None:
    for number, lazy in enumerate(forged(name, ROWS, FAR_EACH, COUNT)):
        forgery = replace(lazy, rows=list(lazy.rows))
        same = name == "the anchors of another record"
        assert first_difference(list(forgery.rows)) == (None if same else forgery.place)
        found(forgery, forgery.anchors if forgery.blind or number % 2 else anchors_of(ROWS, COUNT))


@to_the_end
def test_what_shows_with_anchors_only_is_not_called_whole_without_a_warning(name: str) -> None:
    for forgery in forged(name, ROWS, 20 * SOAK, COUNT):
        report = verify(forgery.rows)
        assert (report.ok, report.anchors_checked, report.warnings) == (True, 0, (NO_ANCHOR,))


def test_every_kind_of_fault_is_among_them() -> None:
    kinds = {found(forgery, forgery.anchors) for name in FORGES for forgery in forged(name, ROWS, 40, NEAR)}
    assert kinds == KINDS


@to_the_end
def test_what_lies_behind_the_newest_anchor_is_said_to_be_unseen(name: str) -> None:
    early = Head(40, str(ROWS[39][-1]))
    later = (forgery for forgery in forged(name, ROWS, 20, COUNT) if forgery.place > early.seq)
    assert verify(next(later).rows, [early]).warnings != ()
