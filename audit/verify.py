"""Reads the whole record as data, triggers or not, and says whether it was altered."""

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from sqlalchemy.exc import DBAPIError

from audit import postgres
from audit.chain import COLUMNS, EMPTY, EXTRA, STORED, VERSION, Head, hash_of
from audit.guard import changed
from audit.store import BUSY_SECONDS, one_line, sqlite_path
from core.canonical import canonical

__all__ = ["Bad", "Head", "Report", "verify", "verify_store"]

NO_ANCHOR = "No anchor was checked: a cut tail or a log rewritten from the start can't be seen without one."
_SHORT = "Anchors reach to entry {} of {}: what was cut or rewritten after that can't be seen."
_KEYS = {*COLUMNS, *EXTRA, "v", "prev"}
_SELECT = f"SELECT {', '.join(STORED)} FROM audit_event"  # noqa: S608  # constants only
_EXACT = 15  # digits that a float holds exactly
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'"


class _Odd(Exception):  # never leaves this file
    """A number that has to be read the slow way."""


@dataclass(frozen=True)
class Bad:
    """The first entry that is wrong. ``kind``: hash, column, link, gap, truncated, rewritten or unreadable."""

    seq: int
    kind: str
    detail: str


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


def verify(rows: Iterable[Sequence[object]], anchors: Iterable[Head] = (), before: Head = EMPTY) -> Report:
    """Check rows (the columns of audit_event in the contract's order) in the order of their numbers.

    ``anchors`` are heads that were written down elsewhere; a hash may be cut to its first characters. ``before`` is the
    head that the first row follows.
    """
    waiting = sorted((anchor for anchor in anchors if anchor.seq > 0), key=lambda anchor: -anchor.seq)
    total, reach = len(waiting), waiting[0].seq if waiting else 0
    head, bad = before, None
    for row in rows:
        bad = _wrong(head, row)
        if bad is None:
            head = Head(head.seq + 1, str(row[-1]))
        while bad is None and waiting and waiting[-1].seq == head.seq:
            bad = _rewritten(waiting.pop(), head)
        if bad is not None:
            break
    checked = total - len(waiting) if bad else total
    if bad is None and waiting:
        bad = Bad(head.seq + 1, "truncated", f"entry {waiting[0].seq} was there once; now {head.seq} is the last one")
    warnings = () if reach >= head.seq > 0 else (_SHORT.format(reach, head.seq) if reach else NO_ANCHOR,)
    return Report(bad is None, head.seq, head, bad, checked, warnings)


def verify_store(url: str, anchors: Iterable[Head] = ()) -> Report:
    """Check the record in a store, read-only and past every trigger."""
    if urlsplit(url).scheme == postgres.SCHEME:
        return _verify_server(url, anchors)
    try:
        with closing(_opened(sqlite_path(url))) as connection:
            altered = [f"{name}: this trigger is not as we made it." for name in changed(connection.execute(_TRIGGERS))]
            report = verify(_rows(connection), anchors)
            return replace(report, warnings=(*altered, *report.warnings))
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a damaged schema can't even be named
        return Report(None, 0, EMPTY, warnings=(f"The store could not be read: {error}.", NO_ANCHOR))


def _verify_server(url: str, anchors: Iterable[Head]) -> Report:
    engine = postgres.engine(url)
    try:
        with engine.connect() as connection:
            postgres.begin_reading(connection, BUSY_SECONDS)
            altered = [f"{name}: this trigger is not as we made it." for name in postgres.altered(connection)]
            altered += [f"{name}: this rule is not ours." for name in postgres.rules(connection)]
            with closing(postgres.entries(connection, STORED)) as rows:
                report = verify(rows, anchors)
            return replace(report, warnings=(*altered, *report.warnings))
    except DBAPIError as error:
        why = one_line(error.orig)
        return Report(None, 0, EMPTY, warnings=(f"The store could not be read: {why}.", NO_ANCHOR))
    finally:
        engine.dispose()


def _opened(path: Path) -> sqlite3.Connection:
    # A copy on a medium that can't be written has no place for SQLite's lock files, and needs none.
    still = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro{'&immutable=1' if still else ''}", uri=True)
    connection.text_factory = _text
    return connection


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw  # bytes are equal to no text


def _rows(connection: sqlite3.Connection) -> Iterator[Sequence[object]]:
    """Give the rows in order, those at the end whose number is none; one short row for what can't be read."""
    try:
        yield from connection.execute(f"{_SELECT} WHERE typeof(seq) = 'integer' ORDER BY seq")
        yield from connection.execute(f"{_SELECT} WHERE typeof(seq) <> 'integer'")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        yield (str(error),)


def _rewritten(anchor: Head, head: Head) -> Bad | None:
    if anchor.hash and head.hash.startswith(anchor.hash):
        return None
    return Bad(head.seq, "rewritten", f"entry {head.seq} once had another hash: {anchor.hash}")


def _wrong(before: Head, row: Sequence[object]) -> Bad | None:
    """Say what is wrong with one row; its number as it ought to be stands for it."""
    if len(row) != len(STORED):
        return Bad(before.seq + 1, "unreadable", " ".join(map(str, row)))
    stored = dict(zip(STORED, row, strict=True))
    seq, body = before.seq + 1, stored["body"]
    if not _same(seq, stored["seq"]):
        kind = "gap" if type(stored["seq"]) is int else "column"
        return Bad(seq, kind, f"entry {seq} is not there; the next one is numbered {stored['seq']!r}")
    if not isinstance(body, str):
        return Bad(seq, "unreadable", "the body is not text")
    if hash_of(body) != stored["hash"]:
        return Bad(seq, "hash", "the hash does not belong to the body")
    said = _read(body)
    if said is None:
        return Bad(seq, "unreadable", "the body is not in the form of version 1")
    if stored["prev_hash"] != before.hash or said["prev"] != before.hash:
        return Bad(seq, "link", f"it does not follow entry {before.seq}")
    differing = [name for name in COLUMNS if not _same(said[name], stored[name])]
    return Bad(seq, "column", f"not as in the body: {', '.join(differing)}") if differing else None


def _read(body: str) -> Mapping[str, object] | None:
    """Give the object that a body writes, if it is one of version 1 in RFC 8785 form."""
    try:
        said = _plainly(body)
        if said is None:
            said = json.loads(body, parse_int=_number)
            if canonical(said) != body.encode():
                return None
        return said if isinstance(said, dict) and said.keys() == _KEYS and _same(VERSION, said["v"]) else None
    except (ValueError, RecursionError):  # also what is nested deeper than anything we write
        return None


def _plainly(body: str) -> object:
    """Read a body of which json's own writer, ten times faster, gives the same bytes as RFC 8785; None for any other.

    They differ in some numbers with a point, in those beyond 2^53, and in the order of keys beyond U+FFFF.
    """
    if not body.isascii() and _ASTRAL.search(body):
        return None
    try:
        said = _PLAIN.decode(body)
    except _Odd:
        return None
    return said if _WRITER.encode(said) == body else None


def _point(literal: str) -> float:
    """Read a number with a point, if Python and RFC 8785 write it alike: no exponent, no point before a lone 0."""
    number = float(literal)
    if "e" in literal or literal.endswith(".0") or repr(number) != literal:
        raise _Odd
    return number


def _whole(digits: str) -> int:
    if len(digits) > _EXACT:
        raise _Odd
    return int(digits)


def _odd(_literal: str) -> float:
    raise _Odd


_PLAIN = json.JSONDecoder(parse_float=_point, parse_int=_whole, parse_constant=_odd)


def _number(digits: str) -> int | float:
    """Read an integer; from 2^53 on it was a float, which RFC 8785 writes without a point."""
    return int(digits) if len(digits) <= _EXACT else float(digits)


def _same(said: object, stored: object) -> bool:
    return type(said) is type(stored) and said == stored
