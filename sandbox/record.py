"""What the record says, read as any outside program would: the audit table, and the command line's verdict."""

import json
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.errors import SandboxError

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"
_NEVER_RUNS = ("request.rejected", "request.withdrawn", "request.expired", "request.outdated", "request.blocked")


@dataclass(frozen=True)
class Event:
    """One row of the audit table, as far as the tour looks."""

    seq: int
    at: datetime
    action: str
    outcome: str
    actor: str
    request: str | None


def events(store: str, request: str | None = None) -> list[Event]:
    """Read the record, or what it says of one request, oldest first. Raises ``SandboxError``."""
    path = store.removeprefix("sqlite:///")
    query = "SELECT seq, occurred_at, action, outcome, actor, request FROM audit_event ORDER BY seq"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            rows = connection.execute(query).fetchall()
    except sqlite3.Error as failure:
        raise SandboxError(f"The store {path} can't be read: {failure}.") from failure
    found = [Event(seq, datetime.strptime(at, _FORM).replace(tzinfo=UTC), *rest) for seq, at, *rest in rows]
    return [event for event in found if request is None or event.request == request]


def end_of(store: str, request: str) -> Event | None:
    """Give the event that ended a request: of its run, or before there was one."""
    return next((e for e in events(store, request) if e.action == "run.ended" or e.action in _NEVER_RUNS), None)


def from_vote_to_end(store: str, request: str) -> float:
    """Give the seconds from a request's last vote to the end of its run."""
    votes = [event.at for event in events(store, request) if event.action == "request.voted"]
    ends = [event.at for event in events(store, request) if event.action == "run.ended"]
    if not votes or not ends:
        raise SandboxError("The record lacks the request's vote or the end of its run.")
    return (ends[-1] - max(vote for vote in votes if vote <= ends[-1])).total_seconds()


def ask_cli(argv: Sequence[str], env: Mapping[str, str], *words: str) -> tuple[int, object]:
    """Run the command line with ``--json``; gives its exit code and what it said. Raises ``SandboxError``."""
    ran = subprocess.run([*argv, *words, "--json"], env=dict(env), capture_output=True, text=True, check=False)
    try:
        return ran.returncode, json.loads(ran.stdout)
    except ValueError:
        raise SandboxError(f"seconder {' '.join(words)} said no JSON: {(ran.stderr or ran.stdout)[-500:]}") from None
