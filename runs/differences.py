"""How a plan made again differs from the one that people agreed on, in sentences."""

from core.facts import Change, drift
from core.plan import Plan


def differences(plan: Plan, plan_hash: str, again: Plan) -> list[str]:
    """List, as sentences, how a plan made again differs from the one that people agreed on."""
    changes = [_sentence(change) for change in drift(plan.facts, again.facts)]
    if not changes and again.plan_hash != plan_hash:
        old, new = [step.title for step in plan.steps], [step.title for step in again.steps]
        changes = ["the steps are different now" if old != new else "the plan is different now"]
    return changes


def _sentence(change: Change) -> str:
    if change.budget is not None:
        now = "unknown" if change.now is None else f"{change.now}"
        return f"{change.name} of {change.subject}: {now} {change.unit}, at most {change.budget} was agreed to"
    return f"{change.name} of {change.subject}: {change.was} → {change.now}"
