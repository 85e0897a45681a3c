"""What the database itself refuses: triggers against every client, an authorizer against our own mistakes."""

import sqlite3
from collections.abc import Iterable

TABLE = "audit_event"

_NO_UPDATE = f"""CREATE TRIGGER IF NOT EXISTS {TABLE}_no_update BEFORE UPDATE ON {TABLE}
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END"""
_NO_DELETE = f"""CREATE TRIGGER IF NOT EXISTS {TABLE}_no_delete BEFORE DELETE ON {TABLE}
BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END"""
_LINK = f"""CREATE TRIGGER IF NOT EXISTS {TABLE}_link BEFORE INSERT ON {TABLE}
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM {TABLE})
OR NEW.prev_hash IS NOT (SELECT coalesce((SELECT hash FROM {TABLE} ORDER BY seq DESC LIMIT 1), '{"0" * 64}'))
BEGIN SELECT RAISE(ABORT, 'this entry does not follow the last one'); END"""  # noqa: S608  # constants only

TRIGGERS = (_NO_UPDATE, _NO_DELETE, _LINK)
_AS_STORED = {trigger.split()[5]: trigger.replace("IF NOT EXISTS ", "") for trigger in TRIGGERS}

_ON_TABLE = {
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_ALTER_TABLE,
}
_NEVER = {
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_DROP_TRIGGER,
    sqlite3.SQLITE_CREATE_TEMP_TABLE,  # a temporary audit_event would stand before the real one
    sqlite3.SQLITE_CREATE_TEMP_VIEW,
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
}
_MAKES = {
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_CREATE_VIEW,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_CREATE_VTABLE,
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_INSERT,
}
_SETTINGS = {
    *("writable_schema", "recursive_triggers", "trusted_schema", "synchronous", "journal_mode"),
    *("query_only", "locking_mode"),  # these would only keep everybody from writing, or from verifying
}


def authorize(action: int, first: str | None, second: str | None, database: str | None, _trigger: str | None) -> int:
    """Refuse, on our own connections, what would get past the triggers."""
    if action in _NEVER or (action in _MAKES and "temp" in {first, database}):  # it would stand before the real one
        return sqlite3.SQLITE_DENY
    if action in _ON_TABLE and TABLE in {first, second}:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_CREATE_TRIGGER and second == TABLE and first not in _AS_STORED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and str(first).casefold() in _SETTINGS and second is not None:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def changed(stored: Iterable[tuple[object, object]]) -> list[str]:
    """Name the triggers that are not there as we made them, or not ours, given the table's (name, SQL)."""
    found = dict(stored)
    names = sorted({*map(str, found), *_AS_STORED})
    return [name for name in names if found.get(name) != _AS_STORED.get(name)]
