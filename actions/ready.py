"""Say whether a standby could become the primary now, or what is in the way: the looking half of a promotion."""

from dataclasses import asdict

from actions import promote
from actions.contract import Action, Answer
from actions.promote import Asked, Found, look
from core.clock import stamp
from core.outcome import Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Argument, Spec, Takes
from fleet.postgres.candidate import Choice

SPEC = Spec(
    name="ready",
    engine="postgres",
    summary="Say whether a standby could become the primary now, or what is in the way",
    risk=Risk.READ,
    lock=Lock.NONE,
    deadline=60,
    version=1,
    arguments=(Argument("node", Takes.NODE, "the standby; without it the best one is looked for"),),
    example="ready main",
)


def refuse(_asked: Asked, _found: Found) -> Refusal | None:
    """Refuse nothing: looking is always allowed."""
    return None


def answer(asked: Asked, found: Found) -> Answer:
    """Say yes with what it would cost, or no and because of what."""
    why = promote.refuse(asked, found)
    plan = None if why else promote.plan(asked, found)
    choice = found.choice if isinstance(found.choice, Choice) else None
    seen = [node.sampled_at for node in found.view.nodes.values()]
    data = {
        "cluster": asked.cluster,
        "could": plan is not None,
        "node": choice.new if choice else asked.node,
        "primary": found.view.primary.name if found.view.primary else None,
        "planned": choice.planned if choice else found.view.primary is not None,
        "why": asdict(why) if why else None,
        "costs": list(plan.costs) if plan else [],
        "notes": list(plan.notes) if plan else list(choice.notes if choice else ()),
        "manager": found.view.manager.sentence if found.view.manager else "",
        "steps": [step.title for step in plan.steps] if plan else [],
        "sampled_at": stamp(min(seen)),
    }
    return Answer(_level(found, plan), data)


def _level(found: Found, plan: Plan | None) -> str:
    """Without a way out of a dead primary nobody accepts writes, and nobody will."""
    if found.view.primary is None:
        return "warn" if plan else "crit"
    return "ok" if plan else "warn"


ACTION = Action(spec=SPEC, asked=Asked, look=look, refuse=refuse, answer=answer)
