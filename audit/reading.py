"""Reads the record as rows: in order and in batches, or which steps it announced."""

import json
from collections.abc import Collection, Iterator
from contextlib import closing

from sqlalchemy import select

from audit.store import AuditEvent, Session

_BATCH = 250  # rows held at once
_TABLE = AuditEvent.metadata.tables["audit_event"]


def entries(session: Session, first: int = 1, last: int | None = None) -> Iterator[AuditEvent]:
    """Give the entries numbered ``first`` to ``last`` (None: the newest), in their order, few in memory at a time."""
    query = select(AuditEvent).where(_TABLE.c.seq >= first).order_by(_TABLE.c.seq)
    if last is not None:
        query = query.where(_TABLE.c.seq <= last)
    with closing(session.scalars(query, execution_options={"yield_per": _BATCH})) as rows:
        yield from rows


def last_before(session: Session, at: str) -> int:
    """Give the number of the last entry before the first of a time (UTC text) or younger; 0 for none."""
    young = select(_TABLE.c.seq).where(_TABLE.c.occurred_at >= at).order_by(_TABLE.c.seq).limit(1)
    newest = select(_TABLE.c.seq).order_by(_TABLE.c.seq.desc()).limit(1)
    first = session.connection().execute(young).scalar()
    return int(first) - 1 if first else int(session.connection().execute(newest).scalar() or 0)


def last_archived(session: Session) -> int:
    """Give the number of the last entry that lies in a segment; 0 for none."""
    query = select(_TABLE.c.body).where(_TABLE.c.action == "audit.segment_archived").order_by(_TABLE.c.seq.desc())
    body = session.connection().execute(query.limit(1)).scalar()
    return int(json.loads(body)["detail"]["last"]) if body else 0


def announced(session: Session, runs: Collection[str]) -> set[tuple[str, str]]:
    """Give the steps of some runs of which the record holds an intent: (run, number of the step as text)."""
    query = select(_TABLE.c.run, _TABLE.c.step).where(_TABLE.c.action == "step.intent")
    rows = session.connection().execute(query, execution_options={"yield_per": _BATCH})
    return {(run, step.partition(" ")[0]) for run, step in rows if run in runs and step is not None}
