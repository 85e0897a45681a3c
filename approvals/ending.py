"""What time and changed rules do to requests, and which grants wait for a run."""

from dataclasses import dataclass

from approvals import store
from approvals.machine import Event
from approvals.model import Request, State
from approvals.moves import loaded, move, outdate
from approvals.rules import InForce
from audit.store import Store
from core.clock import Clock, stamp
from core.grant import Grant
from core.outcome import Refusal


@dataclass(frozen=True)
class Ending:
    """Ends what nobody ends by hand."""

    store: Store
    rules: InForce
    clock: Clock

    def sweep(self) -> None:
        """End what ran out of time, and what was asked under another policy."""
        now = stamp(self.clock.now())
        with self.store.reading() as session:
            waiting = store.listed(session, states=(State.OPEN, State.APPROVED), limit=1000)
            ends = {request.id: store.grant_expiry(session, request.id) for request in waiting}
        for request in waiting:
            if (ends[request.id] or stamp(request.expires_at)) <= now:
                self._expire(request.id)
            elif self._policy_changed(request):
                self._outdate(request.id)

    def claimable(self) -> list[Grant]:
        """List grants that wait for a run and whose time has come."""
        with self.store.reading() as session:
            return store.unredeemed(session, stamp(self.clock.now()))

    def _policy_changed(self, request: Request) -> bool:
        rule = self.rules().of(request.plan)
        return isinstance(rule, Refusal) or rule.rule_hash != request.rule_hash

    def _expire(self, request_id: str) -> None:
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            ends = store.grant_expiry(session, request_id) or stamp(request.expires_at)
            if ends <= stamp(self.clock.now()):  # a vote may have come between the look and this
                move(session, self.clock, request, Event.EXPIRE)

    def _outdate(self, request_id: str) -> None:
        with self.store.transaction() as session:
            request = loaded(session, request_id)
            if self._policy_changed(request):
                outdate(session, self.clock, request, ["the policy changed since this was asked"])
