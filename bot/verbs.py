"""What can be said about the bot itself: hold, lift, rules, review."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from approvals.debts.ledger import Reviews
from approvals.holds.book import ALL, LIFT, Hold, Holds
from approvals.model import Request, Wish
from approvals.moves import Actor
from bot.chores import RULES, Chores
from bot.road import Road
from bot.sites import Sites
from bot.wishes import take
from bot.words import Unclear, quote, split, written
from core.outcome import Refusal
from fleet import hold as hold_files
from runs import store as runs

VERBS = ("hold", LIFT, RULES, "review")
_FINE, _NOT_FINE = "fine", "not-fine"


@dataclass(frozen=True)
class Held:
    """A hold that was just set; ``missing`` says where its file could not be laid."""

    hold: Hold
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Verbs:
    """Reads and carries out the verbs; whatever needs two people becomes a request."""

    road: Road
    chores: Chores
    holds: Holds
    reviews: Reviews
    sites: Sites
    channel: str

    def run(self, actor: Actor, text: str, origin: str) -> Held | Request | Refusal:
        """Carry one out. Raises Unclear when it can't be read; what was not understood is recorded."""
        try:
            return self._run(actor, text, origin)
        except Unclear as error:
            self.road.record_refusal(actor.person.name, Refusal("INPUT", error.message), {"text": text[:200]})
            raise

    def _run(self, actor: Actor, text: str, origin: str) -> Held | Request | Refusal:
        words, wish = take(split(text), self.road.zone, self.road.clock.now())
        match words[0].lower(), words[1:]:
            case ("hold" | "review") as verb, rest if wish.start_at or wish.emergency:
                raise Unclear(f"{verb} is for now, and takes no --at and no --emergency.", written([verb, *rest]))
            case "hold", rest:
                return self._hold(actor, [*rest, *([wish.reason] if wish.reason else [])])
            case "lift", [scope]:
                return self._asked(actor, LIFT, {"scope": self._scope(scope, LIFT)}, wish, origin)
            case "rules", []:
                return self._asked(actor, RULES, {}, wish, origin)
            case "review", [request, *rest]:
                return self._review(actor, request, [*rest, *([wish.reason] if wish.reason else [])])
            case "review", _:
                raise Unclear("review wants the request's id.", f"review {self._owed()}")
            case "lift", _:
                raise Unclear("lift wants one word: the cluster, or all.", f"lift {self._example()}")
            case verb, _:
                raise Unclear(f"{verb} takes no more words.", verb)

    def _hold(self, actor: Actor, words: Sequence[str]) -> Held | Refusal:
        if len(words) < 2:  # noqa: PLR2004  # what, and why
            raise Unclear(
                "hold wants two things: what (a cluster, or all) and why.",
                f'hold {words[0] if words else self._example()} "why"',
            )
        scope = self._scope(words[0], "hold", words[1:])
        hold = self.holds.put(actor, scope, " ".join(words[1:]))
        if isinstance(hold, Refusal):
            self.road.record_refusal(actor.person.name, hold, {"hold": scope})
            return hold
        return Held(hold, tuple(self._laid(hold)))

    def _laid(self, hold: Hold) -> list[str]:
        """Lay the file on the nodes, so that nobody else's bot starts anything either; give where it is missing."""
        missing = []
        for name in [*self.sites.clusters] if hold.scope == ALL else [hold.scope]:
            with self.road.store.reading() as session:
                holder = runs.holding(session, name)
            if holder is not None:  # the file would stop what runs, half-way
                missing.append(f"{name}: {holder} runs there and goes on, so its nodes have no hold file")
                continue
            wrong = hold_files.lay(self.sites.of(name), f"{hold.reason} ({hold.person})")
            missing += [f"{name}/{node}: {said}" for node, said in wrong.items()]
        return missing

    def _asked(self, actor: Actor, action: str, asked: dict[str, object], wish: Wish, origin: str) -> Request | Refusal:
        plan = self.chores.plan(action, asked)
        if isinstance(plan, Refusal):
            self.road.record_refusal(actor.person.name, plan, {"action": action, **asked})
            return plan
        channel = self.channel
        if action == LIFT and plan.target in self.sites.clusters:
            channel = self.sites.clusters[plan.target].channel
        return self.road.ask(actor, plan, wish, origin=origin, channel=channel)

    def _review(self, actor: Actor, request_id: str, words: Sequence[str]) -> Request | Refusal:
        if not words or words[0] not in {_FINE, _NOT_FINE}:
            raise Unclear(f"Was it {_FINE} or {_NOT_FINE}?", f"review {request_id} {_FINE}")
        return self.reviews.review(actor, request_id, fine=words[0] == _FINE, note=" ".join(words[1:]))

    def _scope(self, word: str, verb: str, rest: Sequence[str] = ()) -> str:
        scopes = [*self.sites.clusters, ALL]
        if word in scopes:
            return word
        (near,) = difflib.get_close_matches(word.lower(), scopes, n=1, cutoff=0.0)
        raise Unclear(f"There is no cluster {quote(word)}.", written([verb, near, *rest]))

    def _example(self) -> str:
        return next(iter(self.sites.clusters), ALL)

    def _owed(self) -> str:
        return next((debt.request for debt in self.reviews.unpaid()), "ID")


def renewed(request: Request) -> str:
    """Give the words with which a chore would be asked for again."""
    return " ".join([request.plan.action, *map(str, request.plan.asked.values())])
