"""Anchors: signed, chained, and altered by nobody unseen."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.anchors.keys import PRIVATE, PUBLIC, private, public
from audit.anchors.line import Anchor, fingerprint, read, sign
from audit.chain import Head
from core.errors import ConfigurationError

KEY = Ed25519PrivateKey.generate()
KNOWN = {fingerprint(KEY.public_key()): KEY.public_key()}


def chain(count: int, key: Ed25519PrivateKey = KEY) -> list[Anchor]:
    made: list[Anchor] = []
    for n in range(1, count + 1):
        before = made[-1] if made else None
        made.append(sign(key, Head(n * 10, f"{n:064x}"), f"2026-11-{n:02}T08:00:00.000000Z", before))
    return made


def lines(anchors: list[Anchor]) -> list[str]:
    return [anchor.line() for anchor in anchors]


def test_what_was_signed_is_read_back() -> None:
    found = read(lines(chain(5)), KNOWN)
    assert (found.faults, [anchor.head.seq for anchor in found.anchors]) == ((), [10, 20, 30, 40, 50])


def test_the_same_anchor_may_have_arrived_twice_and_two_bots_may_share_a_place() -> None:
    other = Ed25519PrivateKey.generate()
    mixed = [*lines(chain(2)), *lines(chain(2)[1:]), "", *lines(chain(2, other))]
    known = {**KNOWN, fingerprint(other.public_key()): other.public_key()}
    assert (read(mixed, known).faults, len(read(mixed, known).anchors)) == ((), 4)


@pytest.mark.parametrize("name", ["seq", "hash", "at", "prev", "sig"])
def test_a_change_of_any_field_is_found(name: str) -> None:
    kept = lines(chain(3))
    said = json.loads(kept[1])
    said[name] = (
        said[name] + 1 if name == "seq" else said[name].replace(said[name][3], "7" if said[name][3] != "7" else "8")
    )
    kept[1] = json.dumps(said)
    assert any("signature" in fault for fault in read(kept, KNOWN).faults)


def test_a_line_taken_out_of_the_middle_is_found() -> None:
    kept = lines(chain(4))
    assert read([*kept[:1], *kept[2:]], KNOWN).faults == ("line 2: an anchor between the entries 10 and 30 is missing",)


@pytest.mark.parametrize(
    "line", ["{}", "[]", "x", '{"v":2}', '{"at":1,"hash":2,"key":3,"prev":4,"seq":5,"sig":6,"v":1}']
)
def test_what_is_no_anchor_is_said_to_be_none(line: str) -> None:
    assert read([line], KNOWN).faults == ("line 1: it is no anchor",)


def test_another_key_s_anchors_are_not_believed() -> None:
    (fault,) = read(lines(chain(1, Ed25519PrivateKey.generate())), KNOWN).faults
    assert "not known here" in fault


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first, again = private(tmp_path), private(tmp_path)
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert (tmp_path / PRIVATE).stat().st_mode & 0o777 == 0o600
    assert list(public([tmp_path / PUBLIC])) == [fingerprint(first.public_key())]


def test_a_key_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / PUBLIC).write_text("not a key")
    with pytest.raises(ConfigurationError, match="no public key"):
        public([tmp_path / PUBLIC])
    with pytest.raises(ConfigurationError, match="SECONDER_ANCHOR_KEY"):
        private(tmp_path, "not a key")
