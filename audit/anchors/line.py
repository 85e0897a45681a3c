"""One anchor as a line of text: made, signed, read back and judged."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.chain import Head
from core.canonical import canonical, sha256

VERSION = 1
DOMAIN = b"seconder-anchor-v1\x00"
_KEYS = {"v", "seq", "hash", "at", "prev", "key", "sig"}
_SHOWN = 16  # hex digits by which a key is known


@dataclass(frozen=True)
class Anchor:
    """A head as it was written down. ``prev`` is the hash of the anchor before (empty: the first of its key)."""

    seq: int
    hash: str
    at: str
    prev: str
    key: str
    sig: str

    @property
    def head(self) -> Head:
        """Give what the record has to agree with."""
        return Head(self.seq, self.hash)

    def line(self) -> str:
        """Give it as one line, without the line's end."""
        return canonical({"v": VERSION, **vars(self)}).decode()

    @property
    def digest(self) -> str:
        """Give the hash by which the next anchor names this one."""
        return sha256(self.line().encode())


@dataclass(frozen=True)
class Read:
    """What was read somewhere: good anchors in order, and a sentence for each line that is none."""

    anchors: tuple[Anchor, ...]
    faults: tuple[str, ...]


def fingerprint(key: Ed25519PublicKey) -> str:
    """Give the name of a key: the first hex digits of its SHA-256."""
    return sha256(key.public_bytes_raw())[:_SHOWN]


def sign(key: Ed25519PrivateKey, head: Head, at: str, before: Anchor | None) -> Anchor:
    """Write a head down at a time (UTC text), behind the anchor ``before`` it."""
    named = fingerprint(key.public_key())
    unsigned = Anchor(head.seq, head.hash, at, before.digest if before else "", named, "")
    return Anchor(**{**vars(unsigned), "sig": key.sign(_signed(unsigned)).hex()})


def read(lines: Iterable[str], keys: Mapping[str, Ed25519PublicKey]) -> Read:
    """Read anchors, one a line, signed by one of ``keys`` (by fingerprint). The same anchor may stand there twice.

    A line that was taken out of the middle shows by the anchor behind it; what was cut off at the end does not.
    """
    good: dict[str, Anchor] = {}
    faults = []
    newest: dict[str, Anchor] = {}
    for n, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        anchor = _parsed(line)
        wrong = "it is no anchor" if anchor is None else _unsigned(anchor, keys)
        if anchor is None or wrong:
            faults.append(f"line {n}: {wrong}")
            continue
        before = newest.get(anchor.key)
        if anchor.digest not in good:
            if before is not None and anchor.prev != before.digest:
                faults.append(f"line {n}: an anchor between the entries {before.seq} and {anchor.seq} is missing")
            good[anchor.digest] = newest[anchor.key] = anchor
    return Read(tuple(good.values()), tuple(faults))


def _parsed(line: str) -> Anchor | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.keys() != _KEYS or said.pop("v") != VERSION:
        return None
    texts = all(isinstance(said[name], str) for name in _KEYS - {"v", "seq"})
    return Anchor(**said) if texts and type(said["seq"]) is int else None


def unsigned(keys: Mapping[str, Ed25519PublicKey], named: str, sig: str, signed: bytes, wrong: str) -> str:
    """Say why a signature by the key of that name is not one (``wrong`` when it is another's), or nothing."""
    key = keys.get(named)
    if key is None:
        return f"it is signed by the key {named}, which is not known here"
    try:
        key.verify(bytes.fromhex(sig), signed)
    except (InvalidSignature, ValueError):
        return wrong
    return ""


def _unsigned(anchor: Anchor, keys: Mapping[str, Ed25519PublicKey]) -> str:
    wrong = f"the signature of the anchor of entry {anchor.seq} is wrong"
    return unsigned(keys, anchor.key, anchor.sig, _signed(anchor), wrong)


def _signed(anchor: Anchor) -> bytes:
    return DOMAIN + canonical({name: value for name, value in vars(anchor).items() if name != "sig"})
