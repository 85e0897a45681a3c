"""The hash chain: pure functions from an event and its predecessor's hash to a sealed row."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.canonical import canonical, sha256

VERSION = 1
GENESIS = "0" * 64
DOMAIN = b"seconder-audit-v1\x00"
COLUMNS = ("seq", "event_id", "occurred_at", "action", "outcome", "actor", "request", "run", "step", "target")
STORED = (*COLUMNS, "body", "prev_hash", "hash")  # as they stand in the table
EXTRA = ("source", "params", "detail")


@dataclass(frozen=True)
class Head:
    """The newest line: its number and its hash (64 zeros before the first)."""

    seq: int
    hash: str


EMPTY = Head(0, GENESIS)


def hash_of(body: str) -> str:
    """Give the hash of a body: SHA-256 over the domain, a zero byte and the body in UTF-8, in lower-case hex."""
    return sha256(DOMAIN + body.encode("utf-8", "surrogatepass"))


def seal(prev: str, columns: Mapping[str, object], extra: Mapping[str, object]) -> dict[str, object]:
    """Give the whole row: the columns, the canonical body over them and ``extra``, and both hashes.

    ``extra`` holds ``source``, ``params`` and ``detail``.
    """
    body = canonical({"v": VERSION, "prev": prev, **columns, **extra}).decode()
    return {**columns, "body": body, "prev_hash": prev, "hash": hash_of(body)}
