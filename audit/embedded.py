"""The store as one file of SQLite's."""

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, event

from audit.guard import authorize
from core.errors import ConfigurationError

CONNECTIONS = 30
MOVED = "This was the store of a Seconder."  # how the text begins that lies where a store was
_TEXT_BYTES = 4096


def sqlite_path(url: str) -> Path:
    """Give the file behind a sqlite URL; what follows the three slashes is its path, letter by letter."""
    return Path(url.removeprefix("sqlite:///"))


def engine(url: str, busy: float) -> Engine:
    """Give the engine, after making the file's folder; ``busy``: seconds that a statement waits for a lock.

    Raises ConfigurationError where a store was moved from, OSError for a folder that can't be made.
    """
    path = sqlite_path(url)
    _not_moved(path)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = create_engine(
        URL.create("sqlite", database=str(path)),  # as it is: a folder's name may hold %, ? or #
        connect_args={"timeout": busy, "check_same_thread": False},
        pool_size=CONNECTIONS,
    )
    event.listen(made, "connect", settings)
    return made


def settings(connection: sqlite3.Connection, _record: object) -> None:
    """Set up a connection; how long it waits was said when it was opened."""
    connection.isolation_level = None  # transactions are ours: BEGIN IMMEDIATE
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL may lose the last commits at a power cut
        "recursive_triggers=ON",  # else INSERT OR REPLACE deletes past the DELETE trigger
        "trusted_schema=OFF",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.set_authorizer(authorize)


def _not_moved(path: Path) -> None:
    """Raise ConfigurationError where only the text lies that says whereto a store was moved."""
    if path.is_file() and path.stat().st_size < _TEXT_BYTES:
        told = path.read_bytes().decode(errors="replace")
        if told.startswith(MOVED):
            raise ConfigurationError(told.strip(), "")
