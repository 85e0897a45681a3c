"""Moves a store from its file to a PostgreSQL server: all rows and the whole record, or nothing."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url

from audit import ledger, postgres, rows
from audit.aside import set_aside
from audit.chain import STORED, Head
from audit.ledger import Event
from audit.store import AuditEvent, Session, Store, sqlite_path
from audit.verify import Report, verify, verify_store
from core.clock import Clock
from core.errors import ConfigurationError

_ACTION = "audit.migrated"
_NOTHING = "Nothing was moved."


@dataclass(frozen=True)
class Moved:
    """What was moved: rows by table, the head of the record in the new store, and where the old file lies now."""

    rows: Mapping[str, int]
    head: Head
    aside: Path


def move(source: Store, target: Store, clock: Clock, actor: str, *, served: bool) -> Moved:
    """Copy everything in one transaction of the target, verify the record there, and set the old file aside.

    Nobody writes the source meanwhile. A move that was killed before the file was set aside is finished by moving
    again. ``served`` says whether a bot serves the source; all rooms' tables have to be known.

    Raises ConfigurationError for what can't be moved as it is; then nothing was.
    """
    _refuse(source, target, served=served)
    source.prepare()
    target.prepare()
    with source.transaction() as old, target.transaction() as new:
        before = ledger.head(old)
        _whole(verify_store(source.url), "this store")
        filled = rows.filled(new.connection())
        moved = _moved_before(new, before) if filled else _copied(old, new, clock, actor)
        if moved is None:
            raise ConfigurationError(
                f"The store at {address(target.url)} is not empty: {', '.join(filled)} has rows. {_NOTHING}",
                "Name an empty database: a store is never mixed with another one.",
            )
    return Moved(*moved, set_aside(source, clock, address(target.url)))


def address(url: str) -> str:
    """Give a store's address as people may read it: without a password, and without what follows a question mark."""
    if not url.startswith(postgres.SCHEME):
        return str(sqlite_path(url))
    asked = make_url(url)
    return str(URL.create(asked.drivername, asked.username, None, asked.host, asked.port, asked.database))


def _copied(old: Session, new: Session, clock: Clock, actor: str) -> tuple[Mapping[str, int], Head]:
    before, here = ledger.head(old), new.connection()
    copied = rows.copy(old.connection(), here)
    detail = {"from": vars(before), "rows": copied}
    after = ledger.append(new, clock, Event(_ACTION, "success", actor, detail=detail))
    with closing(postgres.entries(here, STORED)) as entries:
        _whole(verify(entries, [before, after]), "the copy")
    return copied, after


def _moved_before(new: Session, before: Head) -> tuple[Mapping[str, int], Head] | None:
    """Say what was moved, if the target holds this very store already."""
    line = new.get(AuditEvent, before.seq + 1)
    if line is None or (line.action, line.prev_hash) != (_ACTION, before.hash):
        return None
    return json.loads(line.body)["detail"]["rows"], ledger.head(new)


def _refuse(source: Store, target: Store, *, served: bool) -> None:
    if not source.embedded:
        raise ConfigurationError(
            f"The store is at {address(source.url)}, and only a file can be moved. {_NOTHING}",
            "From server to server use pg_dump and pg_restore.",
        )
    if target.embedded:
        raise ConfigurationError(
            f"{address(target.url)} is a file, and a store is moved to a server. {_NOTHING}",
            f"Name {postgres.SCHEME}://user@host/database.",
        )
    if served:
        raise ConfigurationError(
            f"A bot serves this store. {_NOTHING}", "Stop the bot, move, and start it over the new store."
        )
    with source.reading() as session:
        strange = rows.strange(session.connection())
    if strange:
        raise ConfigurationError(
            f"There are tables in this store that are not ours: {', '.join(strange)}. {_NOTHING}",
            "Take them out first: they would be left behind.",
        )


def _whole(report: Report, whose: str) -> None:
    if report.ok:
        return
    bad = report.bad
    why = f"entry {bad.seq} ({bad.kind}): {bad.detail}" if bad else report.warnings[0]
    raise ConfigurationError(
        f"The record of {whose} is not whole: {why}. {_NOTHING}", "Look at it with: seconder audit verify"
    )
