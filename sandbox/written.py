"""What the writer left behind: its log of acknowledged rows, and what that log proves."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def stamp(moment: datetime) -> str:
    """Write a moment as UTC text with microseconds."""
    return moment.astimezone(UTC).strftime(_FORM)


def acknowledged(writer_log: Path) -> Iterator[tuple[int, datetime]]:
    """Give the rows that a server acknowledged: id and time, oldest first. A half-written last line is left out."""
    with writer_log.open() as lines:
        for line in lines:
            if line.endswith("\n"):
                row, at = line.split()
                yield int(row), datetime.strptime(at, _FORM).replace(tzinfo=UTC)


def lost(dsn: str, writer_log: Path) -> int:
    """Count the rows that were acknowledged to the writer and are not there. Raises ``psycopg.Error``."""
    ids = [row for row, _ in acknowledged(writer_log)]
    query = """
        SELECT count(*) FROM unnest(%s::bigint[]) AS told (id)
        WHERE NOT EXISTS (SELECT FROM written WHERE written.id = told.id)
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query, (ids,)).fetchone()
    return int(row[0]) if row else 0


def longest_gap(writer_log: Path, since: datetime | None = None, until: datetime | None = None) -> float:
    """Give the longest time, in seconds, between two acknowledgements of which one at least lies in the period."""
    longest, before = 0.0, None
    for _, at in acknowledged(writer_log):
        if before is not None and (since is None or at >= since) and (until is None or before <= until):
            longest = max(longest, (at - before).total_seconds())
        before = at
    return longest
