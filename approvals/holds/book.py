"""A hold: one person sets it at once, nothing new starts while it stands, and lifting it takes two."""

from collections.abc import Collection
from dataclasses import dataclass

from approvals.holds import store as rows
from approvals.moves import Actor
from audit import ledger
from audit.store import Session, Store
from core.clock import Clock, stamp
from core.ids import new_id
from core.outcome import Refusal
from core.plan import Plan

ALL = "all"
LIFT = "lift"


@dataclass(frozen=True)
class Hold:
    """Nothing new starts in ``scope`` (a cluster's name, or ``all``). ``at`` is UTC text."""

    id: str
    scope: str
    person: str
    reason: str
    at: str


@dataclass(frozen=True)
class Holds:
    """The holds, kept in the store with their record."""

    store: Store
    clock: Clock

    def put(self, actor: Actor, scope: str, reason: str) -> Hold | Refusal:
        """Set a hold. Everybody in the roster may: it stops nothing that runs, and starts nothing."""
        if not reason.strip():
            return Refusal("HOLD-REASON", "A hold says why.", f"Add the reason: hold {scope} REASON.")
        with self.store.transaction() as session:
            standing = rows.in_force(session, [scope])
            if standing:
                said = f"{scope} is on hold already, by {standing[0].person}: {standing[0].reason}"
                return Refusal("HELD", said, "Nothing new starts; this changed nothing.")
            hold = Hold(new_id("h"), scope, actor.person.name, reason.strip(), stamp(self.clock.now()))
            rows.insert(session, rows.HoldRow(**vars(hold)))
            self._record(session, hold, actor.person.name, {"account": actor.account}, held=True)
        return hold

    def standing(self, scope: str = "") -> list[Hold]:
        """List the holds in force, all or those of one scope."""
        with self.store.reading() as session:
            return [_hold(row) for row in rows.in_force(session, [scope] if scope else [])]

    def unannounced(self) -> list[Hold]:
        """List the holds that the channel has not been told of."""
        with self.store.reading() as session:
            return [_hold(row) for row in rows.unannounced(session)]

    def announced(self, hold: Hold) -> None:
        """Note that the channel was told."""
        with self.store.transaction() as session:
            rows.announced(session, hold.id)

    def lift(self, hold_id: str, *, by: str) -> bool:
        """Lift a hold on the word of an approved request; False when it is lifted already."""
        with self.store.transaction() as session:
            hold = next((_hold(row) for row in rows.in_force(session) if row.id == hold_id), None)
            if hold is None or not rows.lift(session, hold_id, at=stamp(self.clock.now()), by=by):
                return False
            self._record(session, hold, "system", {"request": by}, held=False)
        return True

    def _record(self, session: Session, hold: Hold, actor: str, source: dict[str, str], *, held: bool) -> None:
        params = {"hold": hold.scope}
        detail = {"held": held, "reason": hold.reason, "id": hold.id}
        event = ledger.Event(
            "config.changed", "success", actor, target=hold.scope, source=source, params=params, detail=detail
        )
        ledger.append(session, self.clock, event)


def in_the_way(session: Session, plan: Plan, at_once: Collection[str] = ()) -> Refusal | None:
    """Say which hold keeps a plan from being asked for or started.

    None keeps back what lifts it, nor what only stops something (``at_once``, by action): as a hold does itself.
    """
    if plan.action == LIFT or plan.action in at_once:
        return None
    standing = rows.in_force(session, [plan.cluster, ALL])
    if not standing:
        return None
    hold = standing[0]
    held = "Everything" if hold.scope == ALL else hold.scope
    said = f"{held} is on hold: {hold.reason} ({hold.person}, {hold.at[:16].replace('T', ' ')} UTC)."
    return Refusal("HELD", said, f"Two people lift it: lift {hold.scope}.")


def _hold(row: rows.HoldRow) -> Hold:
    return Hold(row.id, row.scope, row.person, row.reason, row.at)
