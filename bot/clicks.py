"""What is clicked and submitted: every click is answered, and the actor is the payload's user."""

from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from approvals.gate import Gate
from approvals.model import Request, Verdict
from approvals.moves import Actor, NoSuchRequest
from bot import modals
from bot.commands import Commands
from bot.modals import Submission
from bot.reply import Reply
from bot.stops import Stops
from bot.texts import Texts
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
class Clicks:
    """Deals with buttons and with what modals send."""

    gate: Gate
    stops: Stops
    commands: Commands
    texts: Texts
    client: WebClient
    wake: Callable[[], None]

    def press(self, actor: Actor, click: Click, reply: Reply, origin: str) -> None:
        """Deal with one pressed button."""
        if click.action == "input.retry":
            self.commands.run(actor, click.value, reply, origin)
            return
        try:
            request = self._request(click.value)
            refusal = self._pressed(actor, click, request, reply, origin)
        except SeconderError as error:
            refusal = Refusal(error.code, error.message, error.hint)
        if refusal is not None:
            reply.privately(self.commands.refused(refusal))

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
        if request.plan.risk is not Risk.DESTRUCTIVE or sent.values.get("target") == request.plan.target:
            return {}
        parts = self.texts.parts("approve_modal.j2", {"request": request, "plan": request.plan})
        return {"target": parts["wrong"]}

    def _pressed(self, actor: Actor, click: Click, request: Request, reply: Reply, origin: str) -> Refusal | None:
        match click.action:
            case "request.approve":
                return self._approve(actor, click, request)
            case "request.reject":
                refusal = self.gate.precheck(actor, request.id)
                return refusal or self._open(click, modals.reject(request, click.channel))
            case "request.withdraw":
                return _refusal(self.gate.withdraw(actor, request.id))
            case "request.stop":
                return self.stops.stop(actor, request)
            case "request.plan":
                return self._open(click, modals.full_plan(self.texts, request))
            case "request.renew":
                spec = self.commands.road.catalogue[request.plan.action].spec
                self.commands.run(actor, again(request, spec), reply, origin)
                return None
            case "run.settle":
                refusal = self.stops.may_settle(actor, request)
                return refusal or self._open(click, modals.settle(request, click.channel, self.stops.facts(request)))
            case "run.look":
                self.commands.run(actor, f"status {request.plan.cluster}", reply, origin)
                return None
            case _:
                return Refusal("CLICK-UNKNOWN", "This button belongs to an older version of the bot.")

    def _approve(self, actor: Actor, click: Click, request: Request) -> Refusal | None:
        refusal = self.gate.precheck(actor, request.id)
        if refusal is not None:
            return refusal
        if request.plan.risk is Risk.DESTRUCTIVE:
            return self._open(click, modals.approve(self.texts, request, click.channel))
        voted = _refusal(self.gate.vote(actor, request.id, Verdict.APPROVE))
        self.wake()
        return voted

    def _submitted(self, actor: Actor, sent: Submission) -> Refusal | None:
        match sent.callback:
            case "request.approve":
                return _refusal(self.gate.vote(actor, sent.request, Verdict.APPROVE))
            case "request.reject":
                return _refusal(
                    self.gate.vote(actor, sent.request, Verdict.REJECT, sent.values.get("reason", "")),
                )
            case "run.settle":
                happened = sent.values.get("verdict") == "happened"
                return self.stops.settle(actor, self._request(sent.request), happened=happened)
            case _:
                return None

    def _open(self, click: Click, view: dict[str, object]) -> Refusal | None:
        try:
            self.client.views_open(trigger_id=click.trigger, view=view)
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
    return " ".join(words)


def _refusal(came: Request | Refusal) -> Refusal | None:
    return came if isinstance(came, Refusal) else None
