"""What is clicked and submitted: every click is answered, and the actor is the payload's user."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from approvals.gate import Gate, mistyped
from approvals.model import Request, Typed, Verdict
from approvals.moves import Actor, NoSuchRequest
from bot import modals
from bot.cards import card_fits
from bot.commands import Commands
from bot.modals import Submission
from bot.reply import Reply
from bot.stops import Stops
from bot.texts import Texts
from bot.verbs import renewed
from core.errors import SeconderError
from core.outcome import Refusal
from core.plan import Risk
from core.spec import Spec


@dataclass(frozen=True)
class Click:
    """A pressed button. ``value`` is an opaque id; everything else comes from the store."""

    action: str
    value: str
    trigger: str
    channel: str


@dataclass(frozen=True)
class Press:
    """A click by somebody known, on the card of a request."""

    actor: Actor
    click: Click
    request: Request
    reply: Reply
    origin: str


@dataclass(frozen=True)
class Clicks:
    """Deals with buttons and with what modals send."""

    gate: Gate
    stops: Stops
    commands: Commands
    texts: Texts
    client: WebClient
    wake: Callable[[], None]
    deciding: Callable[[str], None] = lambda _request: None  # somebody approves: what a run begins with is looked at

    def press(self, actor: Actor, click: Click, reply: Reply, origin: str) -> None:
        """Deal with one pressed button."""
        if click.action == "input.retry":
            self.commands.run(actor, click.value, reply, origin)
            return
        try:
            refusal = self._pressed(Press(actor, click, self._request(click.value), reply, origin))
        except SeconderError as error:
            refusal = Refusal(error.code, error.message, error.hint)
        if refusal is not None:
            reply.privately(self.commands.refused(refusal))
            self.stops.repair(click.value)  # whoever pressed it may have seen an old card

    def submit(self, actor: Actor, sent: Submission, reply: Reply) -> None:
        """Deal with what a modal sent; its text was checked before it was acknowledged."""
        try:
            refusal = self._submitted(actor, sent)
        except SeconderError as error:
            refusal = Refusal(error.code, error.message, error.hint)
        if refusal is not None:
            reply.privately(self.commands.refused(refusal))
        self.wake()

    def check(self, sent: Submission) -> dict[str, str]:
        """Say what is wrong with what was typed, by block; empty when nothing is."""
        if sent.callback != "request.approve":
            return {}
        request = self._request(sent.request)
        rule = self.gate.rule(request.plan)
        refusal = None if isinstance(rule, Refusal) else mistyped(request, rule, _typed(sent))
        return {refusal.code.lower(): f"{refusal.message} {refusal.hint}"} if refusal else {}

    def _pressed(self, press: Press) -> Refusal | None:
        ways: dict[str, Callable[[Press], Refusal | None]] = {
            "request.approve": self._approve,
            "request.reject": self._reject,
            "request.withdraw": self._withdraw,
            "request.takeback": self._take_back,
            "request.stop": self._stop,
            "request.plan": self._plan,
            "request.next": self._next,
            "request.renew": self._renew,
            "debt.review": self._review,
            "run.settle": self._settle,
            "run.look": self._look,
        }
        way = ways.get(press.click.action)
        if way is None:
            return Refusal("CLICK-UNKNOWN", "This button belongs to an older version of the bot.")
        return way(press)

    def _approve(self, press: Press) -> Refusal | None:
        actor, request = press.actor, press.request
        refusal = self.gate.precheck(actor, request.id)
        if refusal is not None:
            return refusal
        rule = self.gate.rule(request.plan)
        look = not isinstance(rule, Refusal) and rule.look and request.plan.look is not None
        if request.plan.risk is Risk.DESTRUCTIVE or look or not card_fits(self.texts, request):
            return self._open(press, modals.approve(self.texts, request, press.click.channel, look=look))
        voted = self._yes(actor, request.id)
        self.wake()
        return voted

    def _reject(self, press: Press) -> Refusal | None:
        refusal = self.gate.precheck(press.actor, press.request.id)
        return refusal or self._open(press, modals.reject(press.request, press.click.channel))

    def _withdraw(self, press: Press) -> Refusal | None:
        return _refusal(self.gate.withdraw(press.actor, press.request.id))

    def _take_back(self, press: Press) -> Refusal | None:
        return _refusal(self.gate.take_back(press.actor, press.request.id))

    def _stop(self, press: Press) -> Refusal | None:
        return self.stops.stop(press.actor, press.request)

    def _plan(self, press: Press) -> Refusal | None:
        rule = self.gate.rule(press.request.plan)
        look = not isinstance(rule, Refusal) and rule.look
        return self._open(press, modals.full_plan(self.texts, press.request, look=look))

    def _next(self, press: Press) -> Refusal | None:
        return self._open(press, self.stops.following(press.request))

    def _renew(self, press: Press) -> Refusal | None:
        action = self.commands.road.catalogue.get(press.request.plan.action)
        words = again(press.request, action.spec) if action else renewed(press.request)
        self.commands.run(press.actor, words, press.reply, press.origin)
        return None

    def _review(self, press: Press) -> Refusal | None:
        refusal = self.stops.reviews.check(press.actor, press.request.id)
        return refusal or self._open(press, modals.review(press.request, press.click.channel))

    def _settle(self, press: Press) -> Refusal | None:
        refusal = self.stops.may_settle(press.actor, press.request)
        facts = self.stops.facts(press.request)
        return refusal or self._open(press, modals.settle(press.request, press.click.channel, facts))

    def _look(self, press: Press) -> Refusal | None:
        self.commands.run(press.actor, f"status {press.request.plan.cluster}", press.reply, press.origin)
        return None

    def _submitted(self, actor: Actor, sent: Submission) -> Refusal | None:
        match sent.callback:
            case "request.approve":
                return self._yes(actor, sent.request, _typed(sent))
            case "request.reject":
                return _refusal(
                    self.gate.vote(actor, sent.request, Verdict.REJECT, sent.values.get("reason", "")),
                )
            case "debt.review":
                fine, note = sent.values.get("verdict") == "fine", sent.values.get("note", "")
                return _refusal(self.stops.reviews.review(actor, sent.request, fine=fine, note=note))
            case "run.settle":
                happened = sent.values.get("verdict") == "happened"
                return self.stops.settle(actor, self._request(sent.request), happened=happened)
            case _:
                return None

    def _yes(self, actor: Actor, request_id: str, typed: Typed | None = None) -> Refusal | None:
        self.deciding(request_id)
        return _refusal(self.gate.vote(actor, request_id, Verdict.APPROVE, typed=typed))

    def _open(self, press: Press, view: dict[str, object]) -> Refusal | None:
        try:
            self.client.views_open(trigger_id=press.click.trigger, view=view)
        except SlackApiError as error:
            said = str(error.response.get("error", error))
            return Refusal("SLACK", f"Slack did not open the window: {said}.", "Press the button again.")
        return None

    def _request(self, request_id: str) -> Request:
        request = self.gate.find(request_id)
        if request is None:
            raise NoSuchRequest("This card belongs to another store, or its request is gone.", "Ask again.")
        return request


def again(request: Request, spec: Spec) -> str:
    """Give the words with which the same would be asked again."""
    words = [spec.name, request.plan.cluster]
    for argument in spec.arguments:
        value = request.plan.asked.get(argument.name)
        if not value:
            continue
        words += [f"--{argument.name}"] if argument.option else []
        words += [] if value is True else [str(value)]
    words += ["--reason", request.wish.reason] if request.wish.reason else []
    return shlex.join(words)


def _typed(sent: Submission) -> Typed:
    return Typed(sent.values.get("target", ""), sent.values.get("look", ""))


def _refusal(came: Request | Refusal) -> Refusal | None:
    return came if isinstance(came, Refusal) else None
