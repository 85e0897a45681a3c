"""Writes one line of the record, inside the transaction of the state that it describes."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit import store
from audit.chain import EMPTY, EXTRA, Head, seal
from audit.redact import redact
from audit.store import Session
from core.canonical import plain
from core.clock import Clock, stamp

__all__ = ["ACTIONS", "OUTCOMES", "Event", "Head", "append", "head"]

_REQUEST = ("opened", "voted", "approved", "rejected", "withdrawn", "expired", "outdated", "blocked")
ACTIONS = frozenset(
    {
        *(f"request.{end}" for end in _REQUEST),
        *("run.started", "run.ended", "step.intent", "step.outcome"),
        *("action.read", "input.refused", "auth.denied", "config.changed", "digest.posted"),
    },
)
_OWN = re.compile(r"audit\.[a-z_]+")
OUTCOMES = frozenset({"intent", "success", "failure", "denied", "unknown"})


@dataclass(frozen=True)
class Event:
    """What is recorded. ``actor`` is a roster name, ``system``, or ``slack:TEAM/USER`` for somebody unmapped."""

    action: str
    outcome: str
    actor: str
    request: str | None = None
    run: str | None = None
    step: str | None = None
    target: str | None = None
    source: Mapping[str, object] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    detail: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hold the contract's vocabulary; a wrong word is a bug here, never bad input."""
        if self.outcome not in OUTCOMES or not (self.action in ACTIONS or _OWN.fullmatch(self.action)):
            raise ValueError(f"{self.action} / {self.outcome} is not in the vocabulary of the record")


def append(session: Session, clock: Clock, event: Event) -> Head:
    """Add one line to the chain, secrets taken out. The caller's transaction commits or takes it back."""
    before = head(session)
    columns: dict[str, object] = {
        "seq": before.seq + 1,
        "event_id": str(uuid.uuid4()),
        "occurred_at": stamp(clock.now()),
        "action": event.action,
        "outcome": event.outcome,
        **{name: redact(plain(getattr(event, name))) for name in ("actor", "request", "run", "step", "target")},
    }
    extra = {name: redact(plain(getattr(event, name))) for name in EXTRA}
    row = seal(before.hash, columns, extra)
    store.insert(session, row)
    return Head(before.seq + 1, str(row["hash"]))


def head(session: Session) -> Head:
    """Give the newest line's number and hash."""
    newest = store.last(session)
    return Head(*newest) if newest else EMPTY
