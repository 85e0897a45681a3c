"""Puts a sealed line behind the newest one, in as few statements as it takes.

They are written as the drivers take them: the ORM, even SQLAlchemy's Core, takes longer over a line than all the rest.
"""

from collections.abc import Mapping

from audit.chain import EMPTY, GENESIS, STORED, Head
from audit.guard import TABLE
from audit.store import Session

_HEAD = f"SELECT seq, hash FROM {TABLE} ORDER BY seq DESC LIMIT 1"  # noqa: S608  # constants only
_FOLLOWS = f"coalesce((SELECT hash FROM {TABLE} ORDER BY seq DESC LIMIT 1), '{GENESIS}')"  # noqa: S608
_KNOWN = "newest line"


def _adds(name: str) -> str:
    """Give the statement that adds a line if it follows the newest, in a driver's way of naming parameters."""
    values = ", ".join(f"CAST({name.format(it)} AS {'BIGINT' if it == 'seq' else 'TEXT'})" for it in STORED)
    follows = f"{_FOLLOWS} = CAST({name.format('prev_hash')} AS TEXT)"
    return f"INSERT INTO {TABLE} ({', '.join(STORED)}) SELECT {values} WHERE {follows}"


_ADD = {"sqlite": _adds(":{}"), "postgresql": _adds("%({})s")}


def head(session: Session) -> Head:
    """Look for the newest line's number and hash."""
    row = session.connection().exec_driver_sql(_HEAD).first()
    return Head(row[0], row[1]) if row else EMPTY


def known(session: Session) -> Head | None:
    """Give what this process knows as the newest line, without a look; another bot may have added one since."""
    there: Head | None = session.info.get(_KNOWN)
    return there


def add(session: Session, row: Mapping[str, object]) -> bool:
    """Add a sealed line if it follows the newest one, and say whether it did."""
    connection = session.connection()
    added = connection.exec_driver_sql(_ADD[connection.dialect.name], dict(row)).rowcount == 1
    if added:
        session.info[_KNOWN] = Head(int(str(row["seq"])), str(row["hash"]))
    return added
