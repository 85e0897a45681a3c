"""What the bot does to itself, through the same gate: lift a hold, put looser rules in force."""

from collections.abc import Mapping
from dataclasses import dataclass

from approvals.holds.book import ALL, LIFT, Holds
from approvals.inforce.book import ConfigurationBook
from bot.sites import Sites
from core.errors import StepFailed
from core.facts import Fact
from core.outcome import Evidence, Probe, Refusal
from core.plan import Kind, Lock, Plan, Risk, Step
from core.spec import Argument, Spec, Takes
from core.step import StepContext
from fleet import hold as hold_files

RULES = "rules"
_SECONDS = 60.0
SPECS = (
    Spec(
        name=LIFT,
        engine="seconder",
        summary="Lift a hold, so that things may start again",
        risk=Risk.DESTRUCTIVE,
        lock=Lock.CLUSTER,  # its cluster is `all`: one at a time
        deadline=_SECONDS,
        version=1,
        arguments=(Argument("scope", Takes.WORD, "the cluster's name, or all", required=True),),
        example="lift main",
    ),
    Spec(
        name=RULES,
        engine="seconder",
        summary="Put the configuration's looser rules in force",
        risk=Risk.DESTRUCTIVE,
        lock=Lock.CLUSTER,  # its cluster is `all`: one at a time
        deadline=_SECONDS,
        version=1,
        example="rules",
    ),
)
VERSIONS = {spec.name: spec.version for spec in SPECS}


@dataclass(frozen=True)
class Chores:
    """Plans and carries out what touches no database. It is a carrier, as the actions' one is."""

    holds: Holds
    configuration: ConfigurationBook
    sites: Sites

    def version(self, action: str) -> int | None:
        """Give the version of a chore's code."""
        return VERSIONS.get(action)

    def plan(self, action: str, asked: Mapping[str, object]) -> Plan | Refusal:
        """Plan a chore."""
        return self._lift(str(asked.get("scope", ""))) if action == LIFT else self._rules()

    def seen_since(self, plan_hash: str) -> None:
        """Say that a look has to be taken: it costs nothing here."""

    def replan(self, plan: Plan) -> Plan | Refusal:
        """Plan the same chore again."""
        return self.plan(plan.action, plan.asked)

    def leave_notes(self, plan: Plan, run: str) -> None:
        """Lay nothing down: no node is changed that people would have to mend by hand."""

    def do(self, plan: Plan, step: Step, context: StepContext) -> Evidence:
        """Carry out one step."""
        match step.name:
            case "unhold":
                return self._unhold(str(step.args["scope"]))
            case "lift":
                lifted = self.holds.lift(str(step.args["hold"]), by=context.request)
                return Evidence("lifted" if lifted else "was lifted already")
            case "adopt":
                why: Mapping[str, object] = {"request": context.request}
                if self.configuration.adopt(str(step.args["hash"]), by="system", why=why):
                    return Evidence("in force")
                raise StepFailed("The configuration changed in the meantime.", f"Ask again: {RULES}.")
            case _:
                raise StepFailed(f"{plan.action} has no step {step.name}.")

    def probe(self, plan: Plan, step: Step, context: StepContext) -> Probe:  # noqa: ARG002  # the carriers' shape
        """Every step here may be done twice."""
        return Probe.NOT_DONE

    def _lift(self, scope: str) -> Plan | Refusal:
        standing = self.holds.standing(scope)
        if not standing:
            return Refusal("HOLD-NONE", f"{scope} is not on hold.", "Nothing has to be lifted.")
        hold = standing[0]
        return Plan(
            action=LIFT,
            version=VERSIONS[LIFT],
            cluster=ALL,
            target=scope,
            title=f"Lift the hold on {scope}",
            risk=Risk.DESTRUCTIVE,
            asked={"scope": scope},
            facts=(
                Fact("hold", scope, hold.id),
                Fact("reason", scope, hold.reason),
                Fact("set by", scope, hold.person),
            ),
            steps=(
                Step("unhold", {"scope": scope}, "take the hold files off the nodes", Kind.IDEMPOTENT, _SECONDS),
                Step("lift", {"hold": hold.id}, f"let things start on {scope} again", Kind.IDEMPOTENT, _SECONDS),
            ),
            costs=(f"on hold by {hold.person} since {hold.at[:16].replace('T', ' ')} UTC: {hold.reason}",),
        )

    def _rules(self) -> Plan | Refusal:
        waiting = self.configuration.waiting()
        if waiting is None:
            said = "The configuration's rules are in force already."
            return Refusal("RULES-NONE", said, "A file that was just changed counts from the bot's next start.")
        args = {"hash": waiting.hash, "looser": list(waiting.looser), "changes": list(waiting.lines)}
        return Plan(
            action=RULES,
            version=VERSIONS[RULES],
            cluster=ALL,
            target=RULES,
            title=f"Loosen the rules: {len(waiting.looser)} change{'s' if len(waiting.looser) != 1 else ''}",
            risk=Risk.DESTRUCTIVE,
            asked={},
            facts=(Fact("configuration", "in force", self.configuration.in_force_hash()[:16]),),
            steps=(Step("adopt", args, "put the new configuration in force", Kind.IDEMPOTENT, _SECONDS),),
            costs=waiting.looser,
        )

    def _unhold(self, scope: str) -> Evidence:
        names = [*self.sites.clusters] if scope == ALL else [scope]
        others = [*names, ALL]
        others.remove(scope)
        wrong: dict[str, str] = {}
        for name in names:
            still_held = any(self.holds.standing(other) for other in others if other in {name, ALL})
            if name in self.sites.clusters and not still_held:
                wrong |= hold_files.take_away(self.sites.of(name))
        if not wrong:
            return Evidence("done")
        return Evidence("; ".join(f"{node}: {said}" for node, said in wrong.items()) + ". Remove it there by hand.")
