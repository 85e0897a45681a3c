"""What carrying out needs from other rooms, as Protocols that the wiring fills."""

from collections.abc import Sequence
from typing import Protocol

from audit.store import Session
from core.grant import Grant
from core.outcome import Evidence, Outcome, Probe, Refusal
from core.plan import Plan, Step
from core.step import StepContext


class Asked(Protocol):
    """A request, as far as a run looks at it."""

    @property
    def id(self) -> str:
        """Give the request's id."""
        ...

    @property
    def plan(self) -> Plan:
        """Give the plan that people agreed on."""
        ...


class Book(Protocol):
    """The book of requests. Every method works inside the caller's transaction."""

    def redeem(self, session: Session, grant: Grant) -> Asked | Refusal:
        """Use a grant up, once."""
        ...

    def block(self, session: Session, request_id: str, refusal: Refusal) -> None:
        """End a request that could not be started."""
        ...

    def outdate(self, session: Session, request_id: str, changes: Sequence[str]) -> None:
        """End a request whose cluster changed."""
        ...

    def finish(self, session: Session, request_id: str, outcome: Outcome, note: str) -> None:
        """Write how a run ended."""
        ...

    def settle(self, session: Session, request_id: str, *, done: bool, note: str) -> None:
        """Close a request whose result was unknown."""
        ...

    def touch(self, session: Session, request_id: str) -> None:
        """Have a request's card drawn again."""
        ...


class Carrier(Protocol):
    """The actions, as far as a run knows them."""

    def version(self, action: str) -> int | None:
        """Give the version of an action's code, or None when there is no such action."""
        ...

    def seen_since(self, plan_hash: str) -> str | None:
        """Give since when it is known that a look gives this very plan; None when one has to be taken."""
        ...

    def replan(self, plan: Plan) -> Plan | Refusal:
        """Look and plan again for the same question. Raises SeconderError when it can't look."""
        ...

    def leave_notes(self, plan: Plan, run: str) -> None:
        """Lay the by-hand commands on the node. Raises SeconderError when it can't."""
        ...

    def do(self, plan: Plan, step: Step, context: StepContext) -> Evidence:
        """Carry out one step. Raises SeconderError."""
        ...

    def probe(self, plan: Plan, step: Step, context: StepContext) -> Probe:
        """Look whether a step's effect is there."""
        ...
