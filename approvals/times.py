"""Whether something may start at a moment: freeze windows, allowed windows."""

from datetime import datetime

from approvals.later import LATEST
from approvals.model import Wish
from approvals.rule import Rule
from approvals.windows import frozen_by, next_open, outside
from core.outcome import Refusal


def may_start(rule: Rule, at: datetime) -> Refusal | None:
    """Say why nothing of this kind may start at a moment, and when it may."""
    freeze = frozen_by(rule.frozen, at)
    closed = outside(rule.allowed, at)
    if freeze is None and closed is None:
        return None
    following = next_open(rule.allowed, rule.frozen, at, LATEST)
    hint = (
        f"Ask with --at {following:%Y-%m-%dT%H:%M}Z, or later." if following else "No time in the next 7 days is free."
    )
    if freeze is not None:
        return Refusal("FROZEN", f"Nothing of this kind starts during “{freeze.name}”.", hint)
    names = " or ".join(f"“{window.name}”" for window in closed or ())
    return Refusal("OUTSIDE-WINDOW", f"This may only start in {names}.", hint)


def wish_granted(rule: Rule, wish: Wish, now: datetime) -> Refusal | None:
    """Say what is wrong with how something was asked: no reason, or a time at which it may not start."""
    if rule.reason and not wish.reason.strip():
        return Refusal("REASON-NONE", "This is asked for with a reason.", 'Add --reason "why".')
    return None if wish.emergency else may_start(rule, wish.start_at or now)
