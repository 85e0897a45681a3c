"""Records as they look in life, thousands of them, and a store that is full of them in no time."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any
from uuid import uuid4

from audit.chain import EMPTY, EXTRA, STORED, seal
from audit.ledger import Event
from audit.store import Store, sqlite_path
from core.clock import SystemClock, stamp

_OWNER = "db-ops-1:16981:o-1m7yc5zpew56chb201"
_HASH = hashlib.sha256(b"a plan").hexdigest()
_STEPS = ("prepare", "stop", "gate", "promote", "prove", "follow", "rejoin", "tidy")
_SAID = ("action", "outcome", "actor", "request", "run", "step", "target")
_FAST = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "locking_mode=EXCLUSIVE")
_GUARDS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'"


def events() -> Iterator[Event]:
    """Give what one switchover after another writes; a body has about 500 bytes, as in life."""
    while True:
        ids: dict[str, Any] = {"request": f"r-{uuid4().hex[:18]}", "target": "main/db2"}
        people: dict[str, Any] = {**ids, "params": {"action": "promote", "asked": {"cluster": "main", "node": "db2"}}}
        run: dict[str, Any] = {**ids, "run": f"run-{uuid4().hex[:18]}", "source": {"owner": _OWNER, "epoch": 1}}
        ana, ben = {"account": "T0SITE/U0ANA"}, {"account": "T0SITE/U0BEN"}
        opened = {"plan_hash": _HASH, "reason": "", "emergency": False}
        yield Event("request.opened", "success", "ana", source=ana, detail=opened, **people)
        voted = {"verdict": "approve", "reason": "die Lücke ist klein"}
        yield Event("request.voted", "success", "ben", source=ben, detail=voted, **people)
        approved = {"by": ["ben"], "needed": 1, "until": "2026-11-21T06:35:03.202604Z"}
        yield Event("request.approved", "success", "system", detail=approved, **people)
        yield Event("run.started", "success", "system", detail={"owner": _OWNER, "plan_hash": _HASH}, **run)
        for n, name in enumerate(_STEPS, 1):
            step = {"step": f"{n} {name}", **run}
            params = {"node": "db2", "old": "db1", "timeline": 1, "wal_bytes": 33_554_432}
            yield Event(
                "step.intent", "intent", "system", params=params, detail={"kind": "probe", "undo": False}, **step
            )
            said = f"db2 holds the shutdown record of db1 at 0/{n:07X}: nothing is lost"
            shown = {"state": "done", "text": said, "evidence": {"lsn": f"0/{n:07X}", "seconds": 0.039}}
            yield Event("step.outcome", "success", "system", detail=shown, **step)
        yield Event("run.ended", "success", "system", detail={"outcome": "succeeded", "error": ""}, **run)


def fill(store: Store, count: int) -> None:
    """Write events into an empty SQLite store fast: past the triggers, which are put back at the end."""
    store.close()
    marks = ", ".join("?" * len(STORED))
    with closing(sqlite3.connect(sqlite_path(store.url), isolation_level=None)) as connection:
        for pragma in _FAST:
            connection.execute(f"PRAGMA {pragma}")
        for (name,) in connection.execute(_GUARDS).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO audit_event ({', '.join(STORED)}) VALUES ({marks})", _sealed(count))
        connection.execute("COMMIT")
    store.prepare()


def _sealed(count: int) -> Iterator[tuple[object, ...]]:
    prev, clock = EMPTY.hash, SystemClock()
    for seq, event in enumerate(islice(events(), count), 1):
        said = {name: getattr(event, name) for name in _SAID}
        columns = {"seq": seq, "event_id": str(uuid4()), "occurred_at": stamp(clock.now()), **said}
        line = seal(prev, columns, {name: getattr(event, name) for name in EXTRA})
        prev = str(line["hash"])
        yield tuple(line[name] for name in STORED)
