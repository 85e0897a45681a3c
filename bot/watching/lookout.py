"""Keeps the look at a cluster fresh while clients wait for its failover and the failover waits for people."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from approvals.gate import Gate
from approvals.model import Request, State
from audit.store import Store, now
from bot.carrier import ActionCarrier
from core.clock import Clock, stamp
from core.errors import SeconderError
from core.outcome import Refusal
from core.plan import Plan
from runs.differences import differences

_log = logging.getLogger(__name__)
PAUSE = 5.0  # seconds between the end of one look and the next: it is somebody's last server
FRESH = 15.0  # seconds from the beginning of a look on: two pauses, and a slow look


@dataclass(frozen=True)
class _Kept:
    request: str
    agreed: Plan
    same: bool  # whether the last look gave it again
    began: datetime  # by the store's clock, as runs are
    until: float  # seconds of our own clock, which nobody sets
    again: float


@dataclass(frozen=True)
class Lookout:
    """Plans again, every few seconds, what is urgent and waits for people; a run may begin without a look then.

    It only ever makes a yes faster: what differs from the agreed plan is looked at anew when the run begins.
    """

    store: Store
    gate: Gate
    clock: Clock
    carrier: ActionCarrier
    tick: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)  # by plan_hash

    def look(self) -> None:
        """Look again at what is due, one after the other."""
        opened = self.gate.listed(states=(State.OPEN,))
        waiting = {request.plan_hash: request for request in opened if self._wanted(request.plan)}
        for plan_hash, kept in list(self._kept.items()):
            if plan_hash not in waiting and self.tick() > kept.until:
                del self._kept[plan_hash]
                self.carrier.let_go(kept.agreed)
        for plan_hash, request in waiting.items():
            if plan_hash not in self._kept or self.tick() >= self._kept[plan_hash].again:
                self._kept[plan_hash] = self._look(request)

    def seen(self, plan_hash: str) -> str | None:
        """Give when a look a moment ago began that gave a plan again, as text; None when none did."""
        kept = self._kept.get(plan_hash)
        return stamp(kept.began) if kept is not None and self._holds(kept) else None

    def deciding(self, request_id: str) -> None:
        """Somebody approves: what the first step looks at is looked at while that is being counted.

        Looking does no harm, whatever they said and whether it counts.
        """
        for kept in list(self._kept.values()):
            if kept.request == request_id and self._holds(kept):
                threading.Thread(target=self.carrier.glance, args=(kept.agreed,), name="glance").start()

    def _holds(self, kept: _Kept) -> bool:
        return kept.same and self.tick() <= kept.until

    def _wanted(self, plan: Plan) -> bool:
        """Say whether clients wait for it, and the bot still knows its action and its cluster."""
        known = self.carrier.version(plan.action) == plan.version and plan.cluster in self.carrier.sites.clusters
        return plan.urgent and known

    def _look(self, request: Request) -> _Kept:
        with self.store.reading() as session:
            began = now(session, self.clock)
        until = self.tick() + FRESH
        try:
            again = self.carrier.make_ready(request.plan)
        except SeconderError as error:
            _log.info("%s could not be looked at while it waits: %s", request.id, error)
            again = Refusal(error.code, error.message, error.hint)
        same = isinstance(again, Plan) and not differences(request.plan, request.plan_hash, again)
        return _Kept(request.id, request.plan, same, began, until, self.tick() + PAUSE)
