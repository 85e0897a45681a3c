"""Puts a configuration in force, or lets it wait for consent; every change is recorded."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from approvals.inforce import store as rows
from approvals.inforce.store import IN_FORCE, WAITING, ConfigurationRow
from approvals.looser import looser
from approvals.rules import Rules
from audit import ledger
from audit.store import Session, Store
from core.canonical import canonical, sha256
from core.clock import Clock, stamp

Body = Mapping[str, object]
FIRST = "the first configuration of this store"


@dataclass(frozen=True)
class Change:
    """A configuration that came. ``looser`` lists why it waits; ``at`` is UTC text."""

    id: int
    hash: str
    waits: bool
    lines: tuple[str, ...]
    looser: tuple[str, ...]
    at: str

    @property
    def first(self) -> bool:
        """Say whether the store had none before."""
        return self.lines == (FIRST,)


@dataclass
class ConfigurationBook:
    """The configurations of a store. ``read`` makes rules out of one's plain data."""

    store: Store
    clock: Clock
    read: Callable[[Body], Rules]
    _kept: tuple[int, Rules] | None = field(default=None)

    def rules(self) -> Rules:
        """Give the rules in force now; another process may have put others in force a moment ago."""
        with self.store.reading() as session:
            number = rows.newest_id(session)
            if self._kept is None or self._kept[0] != number:
                row = rows.newest(session, IN_FORCE)
                if row is None or row.id is None:
                    raise LookupError("no configuration was put in force")
                self._kept = (row.id, self.read(json.loads(row.body)))
        return self._kept[1]

    def offer(self, body: Body) -> Change | None:
        """Put a configuration in force unless it is looser than the one that is; then it waits. None: nothing new."""
        digest = sha256(canonical(body))
        with self.store.transaction() as session:
            old, waiting = rows.newest(session, IN_FORCE), rows.newest(session, WAITING)
            if old is None:
                return self._keep(session, body, IN_FORCE, (FIRST,), ())
            if waiting is not None and waiting.hash == digest:
                return None
            rows.drop_waiting(session)
            if old.hash == digest:
                return None
            was = json.loads(old.body)
            gets = looser(self.read(was), self.read(body))
            return self._keep(session, body, WAITING if gets else IN_FORCE, changed(was, body), gets)

    def waiting(self) -> Change | None:
        """Give the configuration that waits for consent."""
        with self.store.reading() as session:
            row = rows.newest(session, WAITING)
            return _change(row) if row else None

    def in_force_hash(self) -> str:
        """Give the hash of the configuration in force."""
        with self.store.reading() as session:
            row = rows.newest(session, IN_FORCE)
            return row.hash if row else ""

    def adopt(self, digest: str, *, by: str, why: Mapping[str, object]) -> bool:
        """Put the waiting configuration in force, if it still is the one with this hash; say whether it is in force."""
        with self.store.transaction() as session:
            waiting, now = rows.newest(session, WAITING), rows.newest(session, IN_FORCE)
            if waiting is None or waiting.hash != digest:
                return now is not None and now.hash == digest
            body, lines, gets = json.loads(waiting.body), json.loads(waiting.lines), json.loads(waiting.looser)
            rows.drop_waiting(session)
            self._keep(session, body, IN_FORCE, lines, gets, by=by, why=why)
            return True

    def unannounced(self) -> list[Change]:
        """List what the channel has not been told yet."""
        with self.store.reading() as session:
            return [_change(row) for row in rows.unannounced(session)]

    def announced(self, change: Change) -> None:
        """Note that the channel was told."""
        with self.store.transaction() as session:
            rows.announced(session, change.id)

    def _keep(
        self,
        session: Session,
        body: Body,
        state: str,
        lines: Sequence[str],
        gets: Sequence[str],
        *,
        by: str = "system",
        why: Mapping[str, object] | None = None,
    ) -> Change:
        digest, at = sha256(canonical(body)), stamp(self.clock.now())
        row = ConfigurationRow(
            state=state,
            hash=digest,
            body=json.dumps(body),
            lines=json.dumps(list(lines)),
            looser=json.dumps(list(gets)),
            at=at,
        )
        rows.insert(session, row)
        outcome = "success" if state == IN_FORCE else "intent"
        detail = {"state": state, "hash": digest, "changes": list(lines), "looser": list(gets), **(why or {})}
        ledger.append(session, self.clock, ledger.Event("config.changed", outcome, by, detail=detail))
        return _change(row)


def changed(old: object, new: object, path: str = "") -> tuple[str, ...]:
    """List how two configurations differ, a line a key: ``policy.destructive.approvals: 1 → 2``."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found: list[str] = []
        for key in sorted({*old, *new}):
            found += changed(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
        return tuple(found)
    return () if old == new else (f"{path}: {_word(old)} → {_word(new)}",)


def _word(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _change(row: ConfigurationRow) -> Change:
    return Change(
        row.id or 0,
        row.hash,
        row.state == WAITING,
        tuple(json.loads(row.lines)),
        tuple(json.loads(row.looser)),
        row.at,
    )
