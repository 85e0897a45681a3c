"""The same forgeries in a store's own file, and bytes of that file flipped: found by what opens it."""

import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from audit.adding import add
from audit.chain import STORED, Head
from audit.store import open_store
from audit.verify import verify_store
from tests.audit.forgeries import FORGES, forged
from tests.audit.rows import Row, a_record

SOAK = 25 if os.environ.get("SECONDER_SOAK") else 1
COUNT = 200
ROWS = a_record(COUNT)
LAST = Head(COUNT, str(ROWS[-1][-1]))
PAGE = 4096


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store with the record in it: all of its one file."""
    path = tmp_path_factory.mktemp("kept") / "store.db"
    opened = open_store(f"sqlite:///{path}")
    opened.prepare()
    with opened.transaction() as session:
        for row in ROWS:
            add(session, dict(zip(STORED, row, strict=True)))
    opened.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    return path.read_bytes()


@pytest.fixture
def path(kept: bytes, tmp_path: Path) -> Path:
    mine = tmp_path / "store.db"
    mine.write_bytes(kept)
    return mine


@pytest.mark.parametrize("name", FORGES)
def test_what_is_altered_in_a_file_is_found(path: Path, name: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE audit_event")
        connection.execute(f"CREATE TABLE audit_event ({', '.join(STORED)})")  # no types, no keys, no triggers
        for forgery in forged(name, ROWS, 6 * SOAK, COUNT):
            connection.execute("BEGIN")
            connection.execute("DELETE FROM audit_event")
            places = ", ".join("?" * len(STORED))
            connection.executemany(f"INSERT INTO audit_event VALUES ({places})", list(forgery.rows))
            connection.execute("COMMIT")
            if forgery.anchors or repr(entries(path)) != repr(ROWS):  # 1.0 is not 1
                assert verify_store(f"sqlite:///{path}", forgery.anchors).ok is False, forgery


def write(file: BinaryIO, at: int, value: int) -> None:
    file.seek(at)
    file.write(bytes([value]))


def entries(path: Path) -> list[Row]:
    """Give what a file holds, in order."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(f"SELECT {', '.join(STORED)} FROM audit_event ORDER BY seq").fetchall()


def test_a_byte_flipped_in_the_file_is_found_or_changes_no_entry(path: Path, kept: bytes) -> None:
    rng, seen = random.Random(34), Counter[bool | None]()
    pages = [start for start in range(0, len(kept), PAGE) if b'"v":1}' in kept[start : start + PAGE]]
    with path.open("r+b", buffering=0) as file:
        for _ in range(300 * SOAK):
            at = rng.choice(pages) + rng.randrange(PAGE)
            write(file, at, kept[at] ^ rng.randrange(1, 256))
            ok = verify_store(f"sqlite:///{path}", [LAST]).ok
            seen[ok] += 1
            if ok:
                assert entries(path) == ROWS
            write(file, at, kept[at])
    assert verify_store(f"sqlite:///{path}", [LAST]).ok is True
    assert seen[False] > 200 * SOAK, seen


def test_a_file_whose_tables_have_lost_their_names_could_not_be_told(path: Path, kept: bytes) -> None:
    path.write_bytes(kept.replace(b"BEFORE UPDATE ON audit_event", b"BEFORE UPDATE ON \xffudit_event"))
    assert verify_store(f"sqlite:///{path}", [LAST]).ok is None
