"""A whole record as rows in hand, and what a forger needs to alter one: other values, and hashes that fit again."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from audit.chain import COLUMNS, EXTRA, GENESIS, STORED, Head, seal
from core.canonical import canonical

Row = tuple[object, ...]
BODY, PREV, HASH = (STORED.index(name) for name in ("body", "prev_hash", "hash"))
TEXTS = range(1, len(STORED))


@dataclass(frozen=True)
class Forgery:
    """A record that was altered.

    ``place`` is the first row that is not as it was. ``blamed`` is the entry that verifying has to name: that row, or
    the one after it when a forger sealed it again, or the first anchor that no longer fits.
    """

    rows: Iterable[Row]
    place: int
    blamed: int
    anchors: Sequence[Head] = field(default_factory=tuple)
    blind: bool = False  # nothing shows without the anchors


def sealed(rows: Iterable[Row], prev: str = GENESIS) -> Iterator[Row]:
    """Give every row a right body, link and hash again, one after another."""
    for row in rows:
        said = json.loads(str(row[BODY]))
        new = seal(prev, dict(zip(COLUMNS, row, strict=False)), {name: said[name] for name in EXTRA})
        prev = str(new["hash"])
        yield tuple(new[name] for name in STORED)


def a_record(count: int) -> list[Row]:
    """Give a whole record with something of everything in it."""
    rows = []
    for seq in range(1, count + 1):
        words = (seq, f"e-{seq}", f"2026-03-01T03:00:00.{seq:06}Z", "step.intent", "intent", "Ana Østergård")
        columns = dict(zip(COLUMNS, (*words, f"r-{seq // 9}" if seq % 4 else None, f"u-{seq}", "1 x", ""), strict=True))
        extra: Mapping[str, object] = {
            "source": {"replica": "bot-1", "pid": 4000 + seq},
            "params": {
                "node": f"db{seq % 3}",
                "lag": seq / 8,
                "deep": [{"a": [None, True]}, "🜨" if seq % 7 == 0 else ""],
            },
            "detail": {"lsn": f"0/{seq:X}", "sysid": str(2**63 + seq if seq % 5 == 0 else seq)},
        }
        rows.append(tuple({**columns, "body": body_of({**columns, **extra}), "prev_hash": "", "hash": ""}.values()))
    return list(sealed(rows))


def anchors_of(rows: Sequence[Row], every: int) -> list[Head]:
    """Give the heads that were written down elsewhere: every so many entries, and the last."""
    return [Head(int(str(row[0])), str(row[HASH])) for row in (*rows[every - 1 :: every], rows[-1])]


def body_of(said: object) -> str:
    return canonical(said).decode()


def put(row: Row, column: int, value: object) -> Row:
    return (*row[:column], value, *row[column + 1 :])


def instead_of(rows: Sequence[Row], place: int, *instead: Row) -> list[Row]:
    return [*rows[: place - 1], *instead, *rows[place:]]


def is_other(new: object, old: object) -> bool:
    return type(new) is not type(old) or new != old


def edited(rng: random.Random, row: Row) -> Row:
    """Change what the row says about who, what or when; its hashes are left to the caller."""
    column = rng.choice([at for at in TEXTS if at < BODY])
    return put(row, column, f"{row[column] or ''}{rng.choice('xyz 0é')}")
