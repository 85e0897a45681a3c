"""Which rule a request falls under."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from approvals.rule import Override, Rule
from core.outcome import Refusal
from core.plan import Risk

_NOTHING = Override()


@dataclass(frozen=True)
class Policy:
    """The rules: by risk, made stricter by action and by cluster and risk.

    ``at_once``: actions that are one person's to start, as they say of themselves, whatever is asked for their risk.
    """

    by_risk: Mapping[Risk, Rule] = field(default_factory=dict)
    by_action: Mapping[str, Override] = field(default_factory=dict)
    by_cluster: Mapping[tuple[str, Risk], Override] = field(default_factory=dict)
    at_once: frozenset[str] = frozenset()

    def rule(self, risk: Risk, action: str, cluster: str) -> Rule | Refusal:
        """Give the rule for one request; no rule for a risk means refused, never free.

        What is destructive takes two people, whatever the policy says. For what is at once only the action's own table
        can ask for more than that somebody may ask.
        """
        rule = self.by_risk.get(risk)
        if rule is None:
            return Refusal(
                "POLICY-NONE",
                f"No policy says who may run a {risk.value} action.",
                f"Add [policy.{risk.value}] to the configuration.",
            )
        own, of_cluster = self.by_action.get(action, _NOTHING), self.by_cluster.get((cluster, risk), _NOTHING)
        if action in self.at_once and risk is not Risk.DESTRUCTIVE:
            return rule.stricter(of_cluster).of_one().stricter(own)
        rule = rule.stricter(own).stricter(of_cluster)
        return rule.stricter(Override(approvals=1)) if risk is Risk.DESTRUCTIVE else rule
