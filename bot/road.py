"""The road that every question takes, whoever asks: Slack, the command line, a schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from actions.contract import Action, Answer
from approvals.eligible import may_propose
from approvals.gate import Gate
from approvals.model import Request, Wish
from approvals.moves import Actor
from audit import ledger
from audit.store import Store
from bot.carrier import made_plan
from bot.sites import Sites
from bot.wishes import again, take
from bot.words import Unclear, Words, split, understand
from core.clock import Clock
from core.errors import Malformed, SeconderError
from core.outcome import Refusal
from core.plan import Lock, Plan, Risk
from core.spec import Spec
from runs import store as runs

_NO_RIGHT = ("NOT-YOURS", "WHO", "EMERGENCY-NO", "GROUP-UNKNOWN")  # codes of who asks, not of what is asked


@dataclass(frozen=True)
class Answered:
    """A READ action ran."""

    spec: Spec
    cluster: str
    answer: Answer

    @property
    def data(self) -> dict[str, object]:
        """Give all that its template words and that a program reads."""
        return {"cluster": self.cluster, "level": self.answer.level, **self.answer.data}


@dataclass(frozen=True)
class Road:
    """Asked, looked, refused or planned, and then a request."""

    store: Store
    gate: Gate
    catalogue: Mapping[str, Action]
    sites: Sites
    clock: Clock
    zone: str = "UTC"

    def read_words(self, actor: str, text: str) -> Words:
        """Understand a command; what can't be understood is recorded and raised as Unclear."""
        try:
            return self.understood(split(text))
        except Malformed as error:
            self.record_refusal(actor, Refusal("INPUT", error.message, error.hint), {"text": text[:200]})
            raise

    def understood(self, words: list[str]) -> Words:
        """Understand a command's words, recording nothing. Raises Unclear."""
        rest, wish = take(words, self.zone, self.clock.now())
        try:
            read = understand(rest, [action.spec for action in self.catalogue.values()], self.sites.clusters)
        except Unclear as error:  # what was meant for later is not repaired into now
            raise Unclear(error.message, again(error.nearest, wish)) from None
        if read.spec.risk is Risk.READ and wish != Wish():
            raise Unclear(f"{read.spec.name} only looks, and runs at once.", " ".join(rest))
        return replace(read, wish=wish)

    def go(self, actor: Actor, words: Words, *, origin: str, channel: str = "") -> Answered | Request | Refusal:
        """Take a command to its end (READ), to a request, or to a "no". Every way leaves one line in the record."""
        action = self.catalogue[words.spec.name]
        cluster = words.cluster.name
        params = {"action": words.spec.name, "cluster": cluster, **words.arguments}
        try:
            asked = action.asked(cluster=cluster, **words.arguments)
            if words.spec.risk is Risk.READ:
                return self._read(actor, action, asked, cluster, params)
            plan = self._planned(actor, action, asked, cluster, words.wish)
        except SeconderError as error:
            plan = Refusal(error.code, error.message, error.hint)
        if isinstance(plan, Refusal):
            return self._refused(actor, plan, params)
        return self.ask(actor, plan, words.wish, origin=origin, channel=channel or words.cluster.channel)

    def ask(self, actor: Actor, plan: Plan, wish: Wish, *, origin: str, channel: str) -> Request | Refusal:
        """Open a request for a plan; a "no" is recorded."""
        made = self.gate.open(actor, plan, origin=origin, channel=channel, wish=wish)
        params = {"action": plan.action, "cluster": plan.cluster, **plan.asked}
        return self._refused(actor, made, params) if isinstance(made, Refusal) else made

    def record_refusal(self, actor: str, refusal: Refusal, params: Mapping[str, object]) -> None:
        """Write into the record that something was asked and refused."""
        detail = {"code": refusal.code, "message": refusal.message}
        action = "auth.denied" if refusal.code.startswith(_NO_RIGHT) else "input.refused"
        event = ledger.Event(action, "denied", actor, params=params, detail=detail)
        with self.store.transaction() as session:
            ledger.append(session, self.clock, event)

    def _read(
        self, actor: Actor, action: Action, asked: object, cluster: str, params: Mapping[str, object]
    ) -> Answered | Refusal:
        rule = self.gate.rules().policy.rule(Risk.READ, action.spec.name, cluster)
        refusal = rule if isinstance(rule, Refusal) else may_propose(actor.person, rule)
        if refusal is not None:
            return self._refused(actor, refusal, params)
        found = action.look(asked, self.sites.of(cluster))
        refusal = action.refuse(asked, found)
        if refusal is not None or action.answer is None:
            return self._refused(actor, refusal or Refusal("BUG", f"{action.spec.name} has no answer."), params)
        answer = action.answer(asked, found)
        event = ledger.Event(
            "action.read",
            "success",
            actor.person.name,
            target=cluster,
            source={"account": actor.account},
            params=params,
            detail={"level": answer.level},
        )
        with self.store.transaction() as session:
            ledger.append(session, self.clock, event)
        return Answered(action.spec, cluster, answer)

    def _planned(self, actor: Actor, action: Action, asked: object, cluster: str, wish: Wish) -> Plan | Refusal:
        rule = self.gate.rules().policy.rule(action.spec.risk, action.spec.name, cluster)
        refusal = rule if isinstance(rule, Refusal) else may_propose(actor.person, rule)
        if refusal is not None:
            return refusal
        with self.store.reading() as session:
            holder = None if action.spec.lock is Lock.NONE else runs.holding(session, cluster)
        if holder is not None and wish.start_at is None:
            return Refusal("CLUSTER-BUSY", f"{cluster} is held by request {holder}.", "Wait for its end, or settle it.")
        return made_plan(action, asked, self.sites, cluster)

    def _refused(self, actor: Actor, refusal: Refusal, params: Mapping[str, object]) -> Refusal:
        self.record_refusal(actor.person.name, refusal, params)
        return refusal
