"""Ways to alter a record, as a forger would who has the rows in hand: bytes, columns, rows, the chain itself."""

import json
import random
from collections.abc import Callable, Iterator, Sequence

from audit.chain import COLUMNS, GENESIS, STORED, Head, hash_of
from tests.audit.rows import (
    BODY,
    HASH,
    PREV,
    TEXTS,
    Forgery,
    Row,
    anchors_of,
    body_of,
    edited,
    instead_of,
    is_other,
    put,
    sealed,
)

_OTHERS: Sequence[object] = (None, "", "x", 0, 1, -1, 2**62, True, False, 0.0, 1.0, 0.5, b"", b"x", b"\xff\xfe")
_OF_JSON: Sequence[object] = (None, "other", -7, True, [], {"a": 1})
Forge = Callable[[random.Random, Sequence[Row], int], Forgery]


def flip(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    row = rows[place - 1]
    column = rng.choice([at for at, value in enumerate(row) if value not in {None, ""}])
    value = row[column]
    raw = bytearray(value.to_bytes(8, "big", signed=True) if isinstance(value, int) else str(value).encode())
    raw[rng.randrange(len(raw))] ^= rng.randrange(1, 256)
    if isinstance(value, int):
        return Forgery(instead_of(rows, place, put(row, column, int.from_bytes(raw, "big", signed=True))), place, place)
    try:
        return Forgery(instead_of(rows, place, put(row, column, raw.decode())), place, place)
    except UnicodeDecodeError:  # what is no text is read from a store as bytes
        return Forgery(instead_of(rows, place, put(row, column, bytes(raw))), place, place)


def edit(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    row, column = rows[place - 1], rng.choice(TEXTS)
    old = str(row[column] or "")
    cut = rng.randrange(len(old) + 1)
    ways = (
        f"{old}x",
        f" {old}",
        old[:cut],
        old[:cut] + "x" + old[cut:],
        old.upper(),
        old[::-1],
        rng.choice(rows)[column],
    )
    new = rng.choice([way for way in ways if is_other(way, row[column])])
    return Forgery(instead_of(rows, place, put(row, column, new)), place, place)


def retype(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    row, column = rows[place - 1], rng.randrange(len(STORED))
    mine = (float(place), str(place), True) if column == 0 else (str(row[column]).encode(),)
    new = rng.choice([other for other in (*_OTHERS, *mine) if is_other(other, row[column])])
    return Forgery(instead_of(rows, place, put(row, column, new)), place, place)


def swap_columns(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    row = rows[place - 1]
    pairs = [(one, two) for one in TEXTS for two in TEXTS if one < two and is_other(row[one], row[two])]
    one, two = rng.choice(pairs)
    return Forgery(instead_of(rows, place, put(put(row, one, row[two]), two, row[one])), place, place)


def body_alone(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Write another body with a hash that fits, under the columns as they were."""
    row = rows[place - 1]
    said = json.loads(str(row[BODY]))
    key = rng.choice((*COLUMNS, "prev", "v"))
    other = {**said, key: rng.choice([value for value in _OF_JSON if is_other(value, said[key])])}
    less = {name: value for name, value in said.items() if name != key}
    bodies = (other, less, {**said, "more": 1}, [said], None)
    body = rng.choice((*map(body_of, bodies), f"{row[BODY]} ", f" {row[BODY]}", json.dumps(said), ""))
    return Forgery(instead_of(rows, place, (*row[:BODY], body, row[PREV], hash_of(body))), place, place)


def delete(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    place = min(place, len(rows) - 1)  # the last entries gone are a cut tail
    last = rng.randrange(place, min(place + 5, len(rows) - 1) + 1)
    return Forgery([*rows[: place - 1], *rows[last:]], place, place)


def insert(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Put in a row that was elsewhere, or one of somebody's own with any number and a hash that fits nothing before."""
    other = rng.choice([row for row in rows if row[0] != place])
    made = next(sealed([edited(rng, other)], str(rng.choice(rows)[HASH])))
    return Forgery([*rows[: place - 1], rng.choice((other, made)), *rows[place - 1 :]], place, place)


def insert_sealed(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Put in a row that follows the one before it; then two have its number."""
    place = min(place, len(rows) - 1)  # before the last: an anchor on the last would be the first to tell
    made = next(sealed([edited(rng, rows[place - 1])], str(rows[place - 1][PREV])))
    return Forgery([*rows[: place - 1], made, *rows[place - 1 :]], place, place + 1)


def duplicate(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    copies = [rows[place - 1]] * rng.randrange(2, 4)
    return Forgery(instead_of(rows, place, *copies), place + 1, place + 1)


def swap(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    place = min(place, len(rows) - 1)
    other = rng.randrange(place + 1, len(rows) + 1)
    swapped = list(rows)
    swapped[place - 1], swapped[other - 1] = rows[other - 1], rows[place - 1]
    return Forgery(swapped, place, place)


def renumber(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Swap two entries and put their numbers right."""
    place = min(place, len(rows) - 1)
    other = rng.randrange(place + 1, len(rows) + 1)
    swapped = list(rows)
    swapped[place - 1], swapped[other - 1] = put(rows[other - 1], 0, place), put(rows[place - 1], 0, other)
    return Forgery(swapped, place, place)


def reseal(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Change an entry and seal some from there on again, but not to the end."""
    place = min(place, len(rows) - 1)
    last = rng.randrange(place, min(place + 4, len(rows) - 1) + 1)
    new = sealed([edited(rng, rows[place - 1]), *rows[place:last]], str(rows[place - 1][PREV]))
    return Forgery([*rows[: place - 1], *new, *rows[last:]], place, last + 1)


def drop_and_close(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Take an entry out, and number and seal some after it again, as if it had never been; then the rest has a gap."""
    place = min(place, len(rows) - 2)
    last = rng.randrange(place + 1, min(place + 4, len(rows) - 1) + 1)
    moved = [put(row, 0, seq) for seq, row in enumerate(rows[place:last], place)]
    return Forgery([*rows[: place - 1], *sealed(moved, str(rows[place - 1][PREV])), *rows[last:]], place, last)


def wrong_genesis(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Seal everything again after something that is no beginning: a record that had others before it."""
    prev = rng.choice((str(rows[place - 1][HASH]), "f" * 64, "", "0" * 63, "0" * 65, GENESIS + " "))
    return Forgery(sealed(rows, prev), 1, 1)


def cut_tail(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    anchors = [anchor for anchor in _some_anchors(rng, rows) if anchor.seq >= place] or anchors_of(rows, len(rows))
    return Forgery(rows[: place - 1], place, place, anchors, blind=True)


def rewrite(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Change an entry and seal everything from there on again, to the end."""
    return _rewritten(rng, rows, place, [edited(rng, rows[place - 1]), *rows[place:]])


def drop_and_rewrite(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Take an entry out, and number and seal everything after it again, with one more at the end."""
    place = min(place, len(rows) - 1)
    moved = [put(row, 0, seq) for seq, row in enumerate((*rows[place:], edited(rng, rows[0])), place)]
    return _rewritten(rng, rows, place, moved)


def old_anchors(rng: random.Random, rows: Sequence[Row], place: int) -> Forgery:
    """Leave the rows; the anchors are those of a record that was there before and was replaced from ``place`` on."""
    before = Head(place, hash_of(f"another {place} {rng.random()}")[: rng.choice((8, 16, 64))])
    kept = [anchor for anchor in _some_anchors(rng, rows) if anchor.seq != place]
    return Forgery(rows, place, place, [before, *kept], blind=True)


def _some_anchors(rng: random.Random, rows: Sequence[Row]) -> list[Head]:
    anchors = anchors_of(rows, rng.choice((1, 4, 10)))
    rng.shuffle(anchors)
    return [Head(anchor.seq, anchor.hash[: rng.choice((12, 64))]) for anchor in anchors]


def _rewritten(rng: random.Random, rows: Sequence[Row], place: int, new: Sequence[Row]) -> Forgery:
    anchors = _some_anchors(rng, rows)
    first = min(anchor.seq for anchor in anchors if anchor.seq >= place)

    def lazily() -> Iterator[Row]:
        yield from rows[: place - 1]
        yield from sealed(new, str(rows[place - 1][PREV]))

    return Forgery(lazily(), place, first, anchors, blind=True)


FORGES: dict[str, Forge] = {
    "a byte flipped": flip,
    "a column edited": edit,
    "a value of another type": retype,
    "two columns swapped": swap_columns,
    "another body with its hash": body_alone,
    "rows deleted": delete,
    "a row inserted": insert,
    "a row inserted that follows": insert_sealed,
    "a row twice": duplicate,
    "two rows swapped": swap,
    "two rows swapped and renumbered": renumber,
    "some rows sealed again": reseal,
    "a row gone and some sealed again": drop_and_close,
    "a wrong beginning": wrong_genesis,
    "the tail cut": cut_tail,
    "rewritten to the end": rewrite,
    "a row gone and rewritten to the end": drop_and_rewrite,
    "the anchors of another record": old_anchors,
}


def forged(name: str, rows: Sequence[Row], count: int, furthest: int) -> Iterator[Forgery]:
    """Give so many forgeries of one kind, each from a row up to the furthest on; the same ones every time."""
    rng = random.Random(f"{name} {furthest}")
    return (FORGES[name](rng, rows, rng.randrange(1, furthest + 1)) for _ in range(count))
