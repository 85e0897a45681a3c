"""Requests and votes as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.plan import SHORT_HASH, Plan


class State(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    APPROVED = "approved"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    EXPIRED = "expired"
    OUTDATED = "outdated"
    BLOCKED = "blocked"

    @property
    def ended(self) -> bool:
        """Say whether nothing more will happen by itself. UNKNOWN has ended for the bot; people settle it."""
        return self not in {State.OPEN, State.APPROVED, State.RUNNING}


@dataclass(frozen=True)
class Wish:
    """What may be said beside a question: why, when to start (UTC; None: once approved), and whether it can't wait."""

    reason: str = ""
    start_at: datetime | None = None
    emergency: bool = False


@dataclass(frozen=True)
class Typed:
    """What an approver types: the target's name, and the fact that was to be looked up."""

    target: str = ""
    look: str = ""


class Verdict(StrEnum):
    """What a person says to a request."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True)
class Vote:
    """One person's word. ``account`` is how it came: ``TEAM/USER`` of Slack, or ``login:NAME``."""

    person: str
    verdict: Verdict
    at: datetime
    account: str
    reason: str = ""

    @property
    def approves(self) -> bool:
        """Say whether it is a yes."""
        return self.verdict is Verdict.APPROVE


@dataclass(frozen=True)
class Request:
    """Somebody asked for a plan. ``version`` rises with every change, so that a view knows when it is old."""

    id: str
    version: int
    state: State
    requester: str
    origin: str
    channel: str
    plan: Plan
    plan_hash: str
    rule_hash: str
    needed: int
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str
    note: str
    changes: tuple[str, ...]
    votes: tuple[Vote, ...]
    wish: Wish = Wish()

    @property
    def short_hash(self) -> str:
        """Give the part of the plan's hash that people compare."""
        return self.plan_hash[:SHORT_HASH]
