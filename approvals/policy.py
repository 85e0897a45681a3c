"""Which rule a request falls under."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from approvals.rule import Override, Rule
from core.outcome import Refusal
from core.plan import Risk


@dataclass(frozen=True)
class Policy:
    """The rules: by risk, made stricter by action and by cluster and risk."""

    by_risk: Mapping[Risk, Rule] = field(default_factory=dict)
    by_action: Mapping[str, Override] = field(default_factory=dict)
    by_cluster: Mapping[tuple[str, Risk], Override] = field(default_factory=dict)

    def rule(self, risk: Risk, action: str, cluster: str) -> Rule | Refusal:
        """Give the rule for one request; no rule for a risk means refused, never free.

        What is destructive takes two people, whatever the policy says.
        """
        rule = self.by_risk.get(risk)
        if rule is None:
            return Refusal(
                "POLICY-NONE",
                f"No policy says who may run a {risk.value} action.",
                f"Add [policy.{risk.value}] to the configuration.",
            )
        for extra in (self.by_action.get(action), self.by_cluster.get((cluster, risk))):
            if extra is not None:
                rule = rule.stricter(extra)
        return rule.stricter(Override(approvals=1)) if risk is Risk.DESTRUCTIVE else rule
