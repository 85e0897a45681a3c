"""What a run needs of the actions: look and plan again, lay notes down, do and probe a step."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from actions.contract import Action, At, Opening, StepCode
from bot import sources
from bot.inert import real
from bot.sites import Sites
from bot.texts import Texts
from core.errors import SeconderError, StepFailed
from core.ids import new_id
from core.outcome import Evidence, Probe, Refusal
from core.plan import Plan, Risk, Step
from core.step import StepContext
from fleet.fenced import FencedSite, shut_out
from runs.model import Run
from runs.ports import Carrier

_SOME_RUN = new_id("run")  # which no run has
_AHEAD = 3  # connections to each node: for the first look, the promotion and what proves it
_RANK = {Risk.READ: 0, Risk.CHANGE: 1, Risk.DESTRUCTIVE: 2}


@dataclass(frozen=True)
class ActionCarrier:
    """The actions, as runs see them. ``seen`` says since when a look is known to give the plan with this hash."""

    catalogue: Mapping[str, Action]
    sites: Sites
    texts: Texts
    seen: Callable[[str], str | None] = lambda _plan_hash: None

    def version(self, action: str) -> int | None:
        """Give the version of an action's code, or None when there is no such action."""
        found = self.catalogue.get(action)
        return found.spec.version if found else None

    def seen_since(self, plan_hash: str) -> str | None:
        """Give since when a look is known to give this plan."""
        return self.seen(plan_hash)

    def replan(self, plan: Plan) -> Plan | Refusal:
        """Look and plan again for the same question."""
        action = self.catalogue[plan.action]
        asked = action.asked(**plan.asked)
        return made_plan(action, asked, self.sites, plan.cluster)

    def make_ready(self, plan: Plan) -> Plan | Refusal:
        """Look and plan again for a run that may begin at any moment; open what its first steps will ask through."""
        again = self.replan(plan)
        if isinstance(again, Plan):
            self._open(plan, _AHEAD)  # as it was agreed, which is what a run carries out
        return again

    def let_go(self, plan: Plan) -> None:
        """Close what ``make_ready`` opened and no run has taken."""
        self._open(plan, 0)

    def glance(self, plan: Plan) -> None:
        """Look ahead for the first step: what is in its way it will find by itself, and say."""
        site = self.sites.of(plan.cluster)
        with suppress(SeconderError):
            for opening, args in self._opening(plan):
                opening.glance(site, args)

    def leave_notes(self, plan: Plan, run: str) -> None:
        """Lay the by-hand commands on the node, where they are found when the bot is dead."""
        if not plan.notes_on:
            return
        site = self.sites.of(plan.cluster)
        node = site.cluster.node(plan.notes_on)
        site.shell(node).write(notes_path(plan, node.work, run), self._notes(plan, run))

    def do(self, plan: Plan, step: Step, context: StepContext) -> Evidence:
        """Carry out one step."""
        return self._code(plan, step).do(self._at(plan, context), dict(step.args))

    def probe(self, plan: Plan, step: Step, context: StepContext) -> Probe:
        """Look whether a step's effect is there."""
        return self._code(plan, step).probe(self._at(plan, context), dict(step.args))

    def shut_out(self, run: Run) -> None:
        """End the sessions with which a dead, or only stopped, bot carried this run out."""
        if run.plan.action in self.catalogue:
            shut_out(self.sites.of(run.plan.cluster), run.id, run.epoch)

    def _opening(self, plan: Plan) -> Iterator[tuple[Opening, Mapping[str, object]]]:
        """Give what can be done ahead of the first step, if anything, and that step's args."""
        for first in plan.steps[:1]:
            if (opening := self._code(plan, first).opening) is not None:
                yield opening, dict(first.args)

    def _notes(self, plan: Plan, run: str) -> str:
        """Word them; only the run's name is put in when clients wait."""
        site = self.sites.of(plan.cluster)
        key = ("by-hand notes", plan.plan_hash, plan.title, plan.onward, plan.back)
        return site.kept(key, lambda: self._worded(plan)).replace(_SOME_RUN, run)

    def _worded(self, plan: Plan) -> str:
        text = real(self.texts.whole("by_hand.j2", {"plan": plan, "run": _SOME_RUN}))  # a file is no message of Slack's
        return text + "\n"

    def _open(self, plan: Plan, count: int) -> None:
        site = self.sites.of(plan.cluster)
        for node in site.cluster.nodes.values():
            with suppress(SeconderError):
                site.ahead(node, count)
        with suppress(SeconderError):
            if plan.notes_on:
                node = site.cluster.node(plan.notes_on)
                text = self._notes(plan, _SOME_RUN)
                if _SOME_RUN not in text:  # else each run's are others
                    site.shell(node).stage(notes_folder(node.work), text, min(count, 1))
            for opening, args in self._opening(plan):
                opening.ready(site, args, min(count, 1))

    def _at(self, plan: Plan, context: StepContext) -> At:
        return At(FencedSite(self.sites.of(plan.cluster), context.run, context.epoch, context.mine), context)

    def _code(self, plan: Plan, step: Step) -> StepCode:
        steps = self.catalogue[plan.action].steps or {}
        if step.name not in steps:
            raise StepFailed(f"{plan.action} has no step {step.name}.", "The plan was made by another version.")
        return steps[step.name]


@dataclass(frozen=True)
class Carriers:
    """Hands each plan to whoever made it: a chore of the bot's own, or an action."""

    own: Carrier
    actions: Carrier

    def version(self, action: str) -> int | None:
        """Give the version of an action's code."""
        return self.own.version(action) or self.actions.version(action)

    def seen_since(self, plan_hash: str) -> str | None:
        """Give since when a look is known to give a plan; a chore's is always made again."""
        return self.actions.seen_since(plan_hash)

    def replan(self, plan: Plan) -> Plan | Refusal:
        """Look and plan again."""
        return self._of(plan).replan(plan)

    def leave_notes(self, plan: Plan, run: str) -> None:
        """Lay the by-hand commands on the node."""
        self._of(plan).leave_notes(plan, run)

    def do(self, plan: Plan, step: Step, context: StepContext) -> Evidence:
        """Carry out one step."""
        return self._of(plan).do(plan, step, context)

    def probe(self, plan: Plan, step: Step, context: StepContext) -> Probe:
        """Look whether a step's effect is there."""
        return self._of(plan).probe(plan, step, context)

    def _of(self, plan: Plan) -> Carrier:
        return self.actions if self.own.version(plan.action) is None else self.own


def made_plan(action: Action, asked: object, sites: Sites, cluster: str) -> Plan | Refusal:
    """Look, refuse or plan. Raises SeconderError when looking fails."""
    found = action.look(asked, sites.of(cluster))
    refusal = action.refuse(asked, found)
    if refusal is not None:
        return refusal
    if action.plan is None:
        raise StepFailed(f"{action.spec.name} has nothing to carry out.")
    made = action.plan(asked, found)
    if not _RANK[action.spec.least or action.spec.risk] <= _RANK[made.risk] <= _RANK[action.spec.risk]:
        raise StepFailed(f"{action.spec.name} made a plan of another risk than it says of itself: {made.risk.value}.")
    facts = (*made.facts, *sources.facts(action, sites.of(cluster).cluster))
    return replace(made, lock=action.spec.lock, facts=facts)


def notes_path(plan: Plan, work: str, run: str) -> str:
    """Give where the by-hand commands of a run lie on the node."""
    return f"{notes_folder(work)}/{plan.cluster}-{plan.action}-{run}.txt"


def notes_folder(work: str) -> str:
    """Give where on a node by-hand commands lie."""
    return f"{work}/by-hand"
