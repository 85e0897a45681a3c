"""Reads the record as rows: in order and in batches, or which steps it announced."""

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


def announced(session: Session, runs: Collection[str]) -> set[tuple[str, str]]:
    """Give the steps of some runs of which the record holds an intent: (run, number of the step as text)."""
    query = select(_TABLE.c.run, _TABLE.c.step).where(_TABLE.c.action == "step.intent")
    rows = session.connection().execute(query, execution_options={"yield_per": _BATCH})
    return {(run, step.partition(" ")[0]) for run, step in rows if run in runs and step is not None}
