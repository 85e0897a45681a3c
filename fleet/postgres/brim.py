"""Fills the WAL file under way before a clean stop: its empty rest would go to every standby while clients wait.

With archiving on, a stopping server ends the file that it writes: it zeroes what is left, up to a whole file, sends
that to all standbys, and has to begin the next one, which they make as well. A file that is nearly full leaves little
to send, and the checkpoint after it makes the next one ahead (PostgreSQL does so from three quarters on).
"""

from fleet.postgres.patience import Connection, one

_FULL = 7 / 8  # of a file: beyond three quarters, with room for what clients write until the stop
_LARGEST = 64 * 1024 * 1024  # bytes of a WAL file; larger ones would cost more than they save
_MESSAGE = 256 * 1024  # bytes, each flushed: a client's commit waits for one of them, not for all
_WHERE = """
    SELECT current_setting('archive_mode') <> 'off' AS archiving,
           pg_size_bytes(current_setting('wal_segment_size')) AS segment,
           mod(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), pg_size_bytes(current_setting('wal_segment_size')))
           ::bigint AS used
"""
_WRITE = "SELECT pg_logical_emit_message(true, 'seconder', repeat(' ', %s)) AS lsn"


def fill(connection: Connection) -> int:
    """Write messages that say nothing until the WAL file is nearly full; gives their bytes, never more than one file.

    Nothing is written where a stop does not end the file: without archiving.
    """
    written = 0
    connection.execute("SET synchronous_commit = local")  # no standby is waited for
    while (missing := _missing(connection)) > 0:
        size = min(missing, _MESSAGE)
        if written + size > _LARGEST:
            break
        one(connection, _WRITE, (size,))
        written += size
    return written


def _missing(connection: Connection) -> int:
    row = one(connection, _WHERE)
    if not row["archiving"] or row["segment"] > _LARGEST:
        return 0
    return int(row["segment"] * _FULL) - int(row["used"])
