"""Old entries as a file of their own: each line as it is, and a signed last line that says what all of it is."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.anchors.line import fingerprint, unsigned
from audit.chain import COLUMNS, Head
from audit.export import native
from audit.store import AuditEvent
from audit.verify import verify
from core.canonical import canonical

DOMAIN = b"seconder-segment-v1\x00"
_HASH = ',"hash":"'
_SEAL_KEYS = {"v", "first", "last", "prev", "hash", "at", "sha256", "key", "sig"}


@dataclass(frozen=True)
class Seal:
    """What a segment holds: its numbers, the hash before it and its last, and the SHA-256 of all its lines."""

    first: int
    last: int
    prev: str
    hash: str
    at: str
    sha256: str
    key: str
    sig: str = ""

    def line(self) -> str:
        """Give it as the segment's last line."""
        return canonical({"v": 1, **asdict(self)}).decode()


def written(rows: Iterable[AuditEvent], key: Ed25519PrivateKey, at: str) -> Iterator[str]:
    """Give the lines of a segment, without their ends; rows come in the order of their numbers.

    Raises ValueError for no rows.
    """
    digest, first, last = hashlib.sha256(), None, None
    for row in rows:
        first, last = first or row, row
        line = native(row)
        digest.update(f"{line}\n".encode())
        yield line
    if first is None or last is None:
        raise ValueError("a segment holds at least one entry")
    named = fingerprint(key.public_key())
    seal = Seal(first.seq, last.seq, first.prev_hash, last.hash, at, digest.hexdigest(), named)
    yield Seal(**{**asdict(seal), "sig": key.sign(_signed(seal)).hex()}).line()


def check(lines: Sequence[str], keys: Mapping[str, Ed25519PublicKey]) -> Seal | str:
    """Give a segment's seal, or a sentence that says what is wrong with it."""
    seal = _seal(lines[-1]) if lines else None
    if seal is None:
        return "its last line is no seal: the file was cut, or is no segment"
    wrong = unsigned(keys, seal.key, seal.sig, _signed(seal), "its signature is wrong")
    if wrong:
        return wrong
    if hashlib.sha256("".join(f"{line}\n" for line in lines[:-1]).encode()).hexdigest() != seal.sha256:
        return "its lines are not the ones that were sealed"
    report = verify((_row(line) for line in lines[:-1]), [Head(seal.last, seal.hash)], Head(seal.first - 1, seal.prev))
    return seal if report.ok else f"its chain is broken: {report.bad.detail if report.bad else 'no entry'}"


def _row(line: str) -> Sequence[object]:
    """Give an exported line as the table's columns again; a short row for what is none."""
    body, mark, rest = line.rpartition(_HASH)
    try:
        said = json.loads(f"{body}}}")
        return (
            (*(said[name] for name in COLUMNS), f"{body}}}", said["prev"], rest.removesuffix('"}')) if mark else ("",)
        )
    except (ValueError, KeyError, TypeError):
        return ("a line that is no entry",)


def sealed(line: str) -> Seal:
    """Read a seal's line. Raises ValueError for another one."""
    said = json.loads(line)
    if not isinstance(said, dict) or said.keys() != _SEAL_KEYS:
        raise ValueError("no seal")
    return Seal(**{name: said[name] for name in said if name != "v"})


def _seal(line: str) -> Seal | None:
    try:
        return sealed(line)
    except ValueError:
        return None


def _signed(seal: Seal) -> bytes:
    return DOMAIN + canonical({name: value for name, value in asdict(seal).items() if name != "sig"})
