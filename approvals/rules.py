"""The rules that are in force at a moment: who people are, and what must be agreed to by whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from approvals.people import Roster
from approvals.policy import Policy
from approvals.rule import Rule
from core.outcome import Refusal
from core.plan import Plan


@dataclass(frozen=True)
class Rules:
    """A roster and a policy, read together. ``feeds``: groups whose members Slack knows, by its id of them."""

    roster: Roster
    policy: Policy
    feeds: Mapping[str, str] = field(default_factory=dict)

    def of(self, plan: Plan) -> Rule | Refusal:
        """Give the rule that a plan falls under."""
        return self.policy.rule(plan.risk, plan.action, plan.cluster)


InForce = Callable[[], Rules]  # they may change while the bot serves: asked for at every decision, never kept
