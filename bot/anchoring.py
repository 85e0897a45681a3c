"""Writes the record's head down elsewhere: every so often, and after each destructive run."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from audit import ledger
from audit.anchors import store as rows
from audit.anchors.keys import Key
from audit.anchors.line import Anchor, fingerprint, sign
from audit.store import Session, Store
from bot.places import Place
from core.clock import Clock, moment, stamp
from core.errors import SeconderError
from core.plan import Risk
from runs import store as runs

_log = logging.getLogger(__name__)


@dataclass
class Anchoring:
    """Anchors of one key. What a place did not take is offered again at the next look."""

    store: Store
    clock: Clock
    key: Key
    places: Sequence[Place]
    every: timedelta
    _silent: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Anchor if it is time, and bring to each place what it lacks. Raises StoreUnavailable."""
        if not self.places:
            return
        if self._due():
            self.anchor("system")
        for place in self.places:
            self._bring(place)

    def anchor(self, actor: str) -> Anchor:
        """Sign the head as it is now, and say so in the record."""
        with self.store.transaction() as session:
            head, at = ledger.head(session), stamp(self.clock.now())
            known = rows.newest(session, self._name)
            if known is not None and known.seq == head.seq:
                return known
            made = sign(self.key, head, at, known)
            rows.insert(session, made)
            said = {
                "seq": head.seq,
                "hash": head.hash,
                "key": made.key,
                "places": [place.name for place in self.places],
            }
            ledger.append(session, self.clock, ledger.Event("audit.anchored", "success", actor, detail=said))
        return made

    @property
    def _name(self) -> str:
        return fingerprint(self.key.public_key())

    def _due(self) -> bool:
        with self.store.reading() as session:
            last = rows.newest(session, self._name)
            if last is None:
                return ledger.head(session).seq > 0
            late = self.clock.now() - moment(last.at) >= self.every
            return late or self._changed(session, last)

    def _changed(self, session: Session, last: Anchor) -> bool:
        ended = runs.last_end(session, Risk.DESTRUCTIVE.value)
        return ended is not None and ended > last.at

    def _bring(self, place: Place) -> None:
        """Bring what a place lacks, in order: an anchor names the one before it."""
        with self.store.reading() as session:
            lacking = rows.missing(session, place.name, self._name)
        for anchor in lacking:
            try:
                place.put(anchor.line())
            except (SeconderError, OSError) as error:
                self._quiet(place, error.message if isinstance(error, SeconderError) else str(error))
                return
            with self.store.transaction() as session:
                rows.arrived(session, anchor, place.name)
        if self._silent.pop(place.name, ""):
            self._tell(place, "success", "It takes anchors again.")

    def _quiet(self, place: Place, why: str) -> None:
        """Say once in the record that a place is silent, not at every try."""
        _log.warning("%s did not take an anchor: %s", place.name, why)
        if place.name not in self._silent:
            self._tell(place, "failure", why)
        self._silent[place.name] = why

    def _tell(self, place: Place, outcome: str, why: str) -> None:
        event = ledger.Event("audit.degraded", outcome, "system", target=place.name, detail={"why": why})
        with self.store.transaction() as session:
            ledger.append(session, self.clock, event)

    def silent(self) -> dict[str, str]:
        """Give the places that did not take the last anchor, and why: the digest shows them."""
        return dict(self._silent)
