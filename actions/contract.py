"""The shape that every action has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.outcome import Evidence, Probe, Refusal
from core.plan import Plan
from core.spec import Spec
from core.step import StepContext
from fleet.site import Site


@dataclass(frozen=True)
class At:
    """Where a step is carried out: the databases, and how far the run is."""

    site: Site
    step: StepContext


@dataclass(frozen=True)
class Opening:
    """What can be done ahead of a plan's first step while clients wait; what either raises counts for nothing.

    ``ready`` has so many of what it needs made ready while people are asked, 0 lets go of that. ``glance`` takes the
    look with which the step begins, while the last approval is counted: it holds for a moment (``Site.kept``).
    """

    ready: Callable[[Site, Mapping[str, Any], int], object]
    glance: Callable[[Site, Mapping[str, Any]], object]


@dataclass(frozen=True)
class StepCode:
    """A step's two functions: the only ones with effects.

    ``do`` checks its own precondition again and raises ``StepFailed`` when it does not hold. ``probe`` only looks.
    """

    do: Callable[[At, Mapping[str, Any]], Evidence]
    probe: Callable[[At, Mapping[str, Any]], Probe]
    opening: Opening | None = None


def told(do: Callable[..., Evidence], probe: Callable[..., Probe]) -> StepCode:
    """Join a step's two functions, which take the site, where the run stands, and the step's args by name."""

    def carry_out(at: At, args: Mapping[str, Any]) -> Evidence:
        return do(at.site, at.step, **args)

    def look_up(at: At, args: Mapping[str, Any]) -> Probe:
        return probe(at.site, at.step, **args)

    return StepCode(carry_out, look_up)


@dataclass(frozen=True)
class Answer:
    """What a READ action found: ``level`` is ok, warn, crit or unknown; the template ``<action>.j2`` words ``data``."""

    level: str
    data: Mapping[str, object]


@dataclass(frozen=True)
class Action:
    """One action: asked, found, refused, planned are plain values; effects live in ``steps``.

    A READ action has ``answer`` and neither ``plan`` nor ``steps``; the others have no ``answer``.
    """

    spec: Spec
    asked: Callable[..., Any]
    look: Callable[[Any, Site], Any]
    refuse: Callable[[Any, Any], Refusal | None]
    plan: Callable[[Any, Any], Plan] | None = None
    steps: Mapping[str, StepCode] | None = None
    answer: Callable[[Any, Any], Answer] | None = None
