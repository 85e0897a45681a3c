"""A plan as it is shown to somebody who is asked for one of its facts: without that fact's value."""

from collections.abc import Mapping
from dataclasses import replace

from core.facts import Value
from core.plan import Plan, Step

INSTEAD = "(you will be asked for it)"


def masked(plan: Plan) -> Plan:
    """Hide the looked-for fact's value wherever it stands under the fact's name: in facts of any subject, in args.

    Nothing that is signed is lost by it: whoever signs types that very value. A plan without such a fact is as it is.
    """
    look = plan.look
    if look is None:
        return plan
    hidden = next((f.value for f in plan.facts if (f.name, f.subject) == (look.fact, look.subject)), None)
    facts = (replace(f, value=INSTEAD) if f.name == look.fact and f.value == hidden else f for f in plan.facts)
    return replace(
        plan,
        facts=tuple(facts),
        asked=_args(plan.asked, look.fact, hidden),
        steps=tuple(_step(step, look.fact, hidden) for step in plan.steps),
    )


def _step(step: Step, name: str, hidden: Value) -> Step:
    undo = step.undo and replace(step.undo, args=_args(step.undo.args, name, hidden))
    return replace(step, args=_args(step.args, name, hidden), undo=undo)


def _args(args: Mapping[str, object], name: str, hidden: Value) -> dict[str, object]:
    return {
        key: INSTEAD if key == name and value == hidden else _inner(value, name, hidden) for key, value in args.items()
    }


def _inner(value: object, name: str, hidden: Value) -> object:
    return _args(value, name, hidden) if isinstance(value, Mapping) else value
