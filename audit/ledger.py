"""Writes one line of the record, inside the transaction of the state that it describes."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit import adding
from audit.adding import head
from audit.chain import EXTRA, Head, seal
from audit.redact import harmless, redact
from audit.store import Session, StoreUnavailable
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
_WHO = ("actor", "request", "run", "step", "target")
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
    """Add one line to the chain, secrets taken out. The caller's transaction commits or takes it back.

    Raises ``StoreUnavailable`` when the store does not take it.
    """
    columns = {"event_id": str(uuid.uuid4()), "occurred_at": stamp(clock.now())}
    columns |= {"action": event.action, "outcome": event.outcome}
    said = {name: plain(getattr(event, name)) for name in (*_WHO, *EXTRA)}
    known = adding.known(session)
    added = _added(session, known, columns, said) if known else None  # where nobody else wrote, no look is needed
    added = added or _added(session, head(session), columns, said)
    if added is None:
        raise StoreUnavailable(
            "The record did not take a new entry.", "Somebody may have put a rule before it: seconder audit verify."
        )
    return added


def _added(session: Session, before: Head, columns: Mapping[str, object], said: Mapping[str, object]) -> Head | None:
    row = _sealed(before, columns, said)
    if not harmless(str(row["body"])):  # looked at as it is written: once, and not value by value
        row = _sealed(before, columns, {name: redact(value) for name, value in said.items()})
    return Head(before.seq + 1, str(row["hash"])) if adding.add(session, row) else None


def _sealed(before: Head, columns: Mapping[str, object], said: Mapping[str, object]) -> dict[str, object]:
    columns = {"seq": before.seq + 1, **columns, **{name: said[name] for name in _WHO}}
    return seal(before.hash, columns, {name: said[name] for name in EXTRA})
