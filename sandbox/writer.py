"""A client that writes all the time: one row per transaction, to whichever node takes writes.

It notes each acknowledged row with its time. A row whose commit was under way when the connection broke is not counted:
nobody told the client that it is there.
"""

import argparse
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import psycopg

from sandbox.stop import at_the_end
from sandbox.written import longest_gap, lost, stamp

__all__ = ["Writer", "longest_gap", "lost", "main"]

_SILENCE_S = 3.0  # a server that does not answer an insert for so long is given up, as a pool would
_PUBLISH_S = 0.1
_RETRY_S = 0.005
_TABLE = "CREATE TABLE IF NOT EXISTS written (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp())"
_INSERT = "INSERT INTO written (id) VALUES (%s)"
_WHERE = "SELECT coalesce(nullif(current_setting('cluster_name'), ''), inet_server_port()::text)"


@dataclass
class Writer:
    """Writes until told to stop. ``pace`` is the pause between rows, in seconds.

    The log gets a line "ID TIME" per acknowledged row; the status file is replaced whole ten times a second.
    """

    dsn: str
    log: Path
    status: Path
    pace: float = 0.01
    rows: int = 0
    longest: float = 0.0
    writing_to: str | None = None
    last_error: str | None = None
    _id: int = 0
    _last_ack: float | None = None
    _waiting_since: float | None = None
    _connection: psycopg.Connection | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _done: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ask for the end; ``run`` returns soon after."""
        self._stop.set()

    def run(self) -> None:
        """Write until ``stop`` is called, connecting again whenever the connection breaks."""
        self._id = time.time_ns() // 1000  # ids of two runs never meet
        self._publish()
        watch = threading.Thread(target=self._watch, daemon=True)
        watch.start()
        with self.log.open("a", buffering=1) as log:
            while not self._stop.is_set():
                try:
                    self._write(log)
                except psycopg.Error as failure:
                    self.writing_to, self._connection, self._waiting_since = None, None, None
                    self.last_error = f"{stamp(datetime.now(UTC))} {_in_one_line(failure)}"
                    self._stop.wait(_RETRY_S)
        self._done.set()
        watch.join()
        self._publish()

    def figures(self) -> dict[str, object]:
        """Give the numbers that the page shows; gaps in seconds."""
        gap = 0.0 if self._last_ack is None else time.monotonic() - self._last_ack
        return {
            "rows": self.rows,
            "longest_gap_s": round(max(self.longest, gap), 3),
            "gap_now_s": round(gap, 3),
            "writing_to": self.writing_to,
            "last_error": self.last_error,
        }

    def _write(self, log: TextIO) -> None:
        with psycopg.connect(self.dsn, autocommit=True, application_name="writer") as connection:
            self._waiting_since, self._connection = time.monotonic(), connection
            if self._last_ack is None:
                connection.execute(_TABLE)
            where = connection.execute(_WHERE).fetchone()
            self.writing_to = str(where[0]) if where else None
            while not self._stop.is_set():
                self._id += 1
                self._waiting_since = time.monotonic()
                connection.execute(_INSERT, (self._id,))
                self._acknowledge(log)
                self._stop.wait(self.pace)
            self._connection = None

    def _acknowledge(self, log: TextIO) -> None:
        now, self._waiting_since = time.monotonic(), None
        log.write(f"{self._id} {stamp(datetime.now(UTC))}\n")
        if self._last_ack is not None:
            self.longest = max(self.longest, now - self._last_ack)
        self._last_ack = now
        self.rows += 1

    def _watch(self) -> None:
        while not self._done.wait(_PUBLISH_S):
            self._publish()
            since, connection = self._waiting_since, self._connection
            patience = 0.0 if self._stop.is_set() else _SILENCE_S
            if since is not None and connection is not None and time.monotonic() - since > patience:
                _cut(connection)

    def _publish(self) -> None:
        fresh = self.status.with_name(self.status.name + ".new")
        fresh.write_text(json.dumps(self.figures()))
        fresh.replace(self.status)


def _in_one_line(failure: psycopg.Error) -> str:
    # with several hosts libpq tells of the last one, then of all
    return " ".join(str(failure).split("Multiple connection attempts failed", maxsplit=1)[0].split())


def _cut(connection: psycopg.Connection) -> None:
    # A frozen server keeps its connections: only we can end them, and libpq then sees the end of the stream.
    try:
        half = socket.socket(fileno=connection.pgconn.socket)
    except (OSError, psycopg.Error):
        return
    try:
        half.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
    finally:
        half.detach()  # libpq closes the descriptor, not we


def main(arguments: list[str] | None = None) -> int:
    """Write until INT, TERM or HUP."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.writer", description=__doc__)
    parser.add_argument("--dsn", required=True, help="all nodes, with target_session_attrs=read-write")
    parser.add_argument("--log", required=True, type=Path, help="gets a line per acknowledged row: id and UTC time")
    parser.add_argument("--status", required=True, type=Path, help="JSON, replaced ten times a second")
    parser.add_argument("--pace", type=float, default=0.01, help="seconds between rows")
    given = parser.parse_args(arguments)
    writer = Writer(given.dsn, given.log, given.status, given.pace)
    at_the_end(writer.stop)
    writer.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
