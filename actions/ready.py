"""Say whether a standby could become the primary now, or what is in the way: the looking half of a promotion."""

from dataclasses import asdict, dataclass

from actions import promote
from actions.contract import Action, Answer
from core.clock import stamp
from core.outcome import Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Argument, Spec, Takes
from fleet.postgres.candidate import Choice
from fleet.site import Site

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


@dataclass(frozen=True)
class Asked:
    """Which cluster, and which standby if anybody cares."""

    cluster: str
    node: str | None = None


def look(asked: Asked, site: Site) -> promote.Found:
    """Look as a promotion does, and try what it would try. Raises ``SeconderError`` when a loss can't be measured."""
    return promote.look(_promotion(asked), site)


def refuse(_asked: Asked, _found: promote.Found) -> Refusal | None:
    """Refuse nothing: looking is always allowed."""
    return None


def answer(asked: Asked, found: promote.Found) -> Answer:
    """Say yes with what it would cost, or no and because of what."""
    why = promote.refuse(_promotion(asked), found)
    plan = None if why else promote.plan(_promotion(asked), found)
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
        "steps": [step.title for step in plan.steps] if plan else [],
        "sampled_at": stamp(min(seen)),
    }
    return Answer(_level(found, plan), data)


def _level(found: promote.Found, plan: Plan | None) -> str:
    """Without a way out of a dead primary nobody accepts writes, and nobody will."""
    if found.view.primary is None:
        return "warn" if plan else "crit"
    return "ok" if plan else "warn"


def _promotion(asked: Asked) -> promote.Asked:
    return promote.Asked(asked.cluster, asked.node)


ACTION = Action(spec=SPEC, asked=Asked, look=look, refuse=refuse, answer=answer)
