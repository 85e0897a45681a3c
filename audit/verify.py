"""Reads the whole record as data, triggers or not, and says whether it was altered."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from audit.chain import COLUMNS, GENESIS, VERSION, hash_of
from audit.store import sqlite_path
from core.canonical import canonical

NO_ANCHOR = "No anchor was checked: a cut tail or a log rewritten from the start can't be seen without one."
_STORED = (*COLUMNS, "body", "prev_hash", "hash")
_EXTRA = {"v", "prev", "source", "params", "detail"}


@dataclass(frozen=True)
class Bad:
    """The first entry that is wrong. ``kind``: hash, column, link, gap, truncated, rewritten or unreadable."""

    seq: int
    kind: str
    detail: str


@dataclass(frozen=True)
class Head:
    """The newest entry."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Report:
    """What verifying found. ``ok`` None: the record could not be read."""

    ok: bool | None
    events: int
    head: Head
    bad: Bad | None = None
    anchors_checked: int = 0
    warnings: Sequence[str] = field(default_factory=tuple)

    def to_json(self) -> dict[str, object]:
        """Give it in the contract's form."""
        return {
            "ok": self.ok,
            "events": self.events,
            "head": vars(self.head),
            "bad": vars(self.bad) if self.bad else None,
            "anchors": {"checked": self.anchors_checked},
            "warnings": list(self.warnings),
        }


def verify(rows: Iterable[Sequence[object]]) -> Report:
    """Check rows (the columns of audit_event in the contract's order) in the order of their numbers."""
    head, count = Head(0, GENESIS), 0
    for row in rows:
        bad = _wrong(head, row)
        if bad is not None:
            return Report(ok=False, events=count, head=head, bad=bad, warnings=(NO_ANCHOR,))
        count += 1
        head = Head(count, str(row[-1]))
    return Report(ok=True, events=count, head=head, warnings=(NO_ANCHOR,))


def verify_store(url: str) -> Report:
    """Check the record in a store, read-only and past every trigger."""
    path = sqlite_path(url)
    query = f"SELECT {', '.join(_STORED)} FROM audit_event ORDER BY typeof(seq) <> 'integer', seq"  # noqa: S608
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            connection.text_factory = bytes
            return verify(map(_decoded, connection.execute(query)))
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Report(None, 0, Head(0, GENESIS), warnings=(f"The store could not be read: {error}.", NO_ANCHOR))


def _decoded(row: Sequence[object]) -> tuple[object, ...]:
    return tuple(value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value for value in row)


def _wrong(before: Head, row: Sequence[object]) -> Bad | None:
    """Say what is wrong with one row; its number as it ought to be stands for it."""
    stored = dict(zip(_STORED, row, strict=True))
    seq, body = before.seq + 1, stored["body"]
    if stored["seq"] != seq or isinstance(stored["seq"], bool) or not isinstance(stored["seq"], int):
        kind = "gap" if isinstance(stored["seq"], int) else "column"
        return Bad(seq, kind, f"entry {seq} is not there; the next one is numbered {stored['seq']!r}")
    if not isinstance(body, str):
        return Bad(seq, "unreadable", "the body is not text")
    try:
        said = json.loads(body)
    except ValueError as error:
        kind = "hash" if hash_of(body) != stored["hash"] else "unreadable"
        return Bad(seq, kind, f"the body is not JSON: {error}")
    return _body_wrong(before, stored, body, said) if isinstance(said, dict) else Bad(seq, "unreadable", "no object")


def _body_wrong(before: Head, stored: Mapping[str, object], body: str, said: Mapping[str, object]) -> Bad | None:
    seq = before.seq + 1
    if hash_of(body) != stored["hash"]:
        return Bad(seq, "hash", "the hash does not belong to the body")
    if stored["prev_hash"] != before.hash or said.get("prev") != before.hash:
        return Bad(seq, "link", f"it does not follow entry {before.seq}")
    differing = [name for name in COLUMNS if name not in said or not _same(said[name], stored[name])]
    if differing:
        return Bad(seq, "column", f"{', '.join(differing)} differ(s) from the body")
    if said.get("v") != VERSION or set(said) != {*COLUMNS, *_EXTRA} or canonical(said) != body.encode():
        return Bad(seq, "unreadable", "the body is not in the form of version 1")
    return None


def _same(said: object, stored: object) -> bool:
    return type(said) is type(stored) and said == stored
