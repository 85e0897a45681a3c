"""Keeps the look at a cluster fresh while clients wait for its failover and the failover waits for people."""

import logging
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
from runs import store as runs
from runs.differences import differences

_log = logging.getLogger(__name__)
PAUSE = 5.0  # seconds between the end of one look and the next: it is somebody's last server
FRESH = 15.0  # seconds from the beginning of a look on: two pauses, and a slow look


@dataclass(frozen=True)
class _Kept:
    agreed: Plan
    plan: Plan | None  # as it was made again; None: the last look failed, or refuses
    began: datetime  # by the store's clock, as runs are
    until: float  # seconds of our own clock, which nobody sets
    again: float


@dataclass(frozen=True)
class Lookout:
    """Plans again, every few seconds, what is urgent and waits for people; a run may begin with what came of it.

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

    def fresh(self, plan: Plan) -> Plan | None:
        """Give the plan as it was made again a moment ago; None when nobody did, or anything happened since then."""
        kept = self._kept.get(plan.plan_hash)
        if kept is None or kept.plan is None or self.tick() > kept.until:
            return None
        if differences(plan, plan.plan_hash, kept.plan):
            return None
        with self.store.reading() as session:  # whoever asks has just begun a run: any other one changed something
            alone = runs.count_since(session, plan.cluster, stamp(kept.began)) <= 1
        return kept.plan if alone else None

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
        return _Kept(request.plan, again if isinstance(again, Plan) else None, began, until, self.tick() + PAUSE)
