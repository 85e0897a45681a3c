"""Where everything from Slack arrives on the bot's own threads: who is it, and what is wanted."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from slack_sdk import WebClient

from approvals.moves import Actor
from bot import modals
from bot.cards import assemble
from bot.clicks import Click, Clicks
from bot.commands import Commands, text_of, without_mention
from bot.proposals import Proposals
from bot.proposing import CALLBACK
from bot.reply import Reply
from bot.texts import Texts
from bot.who import Who
from core.errors import SeconderError
from core.ids import new_id
from core.outcome import Refusal

_log = logging.getLogger(__name__)
_WHAT = {"mention": "what you asked", "click": "the button that you pressed", "submission": "what you sent"}


@dataclass(frozen=True)
class Desk:
    """Finds out who acts, and hands on."""

    client: WebClient
    who: Who
    texts: Texts
    commands: Commands
    clicks: Clicks
    proposals: Proposals

    def deal(self, kind: str, body: Mapping[str, object]) -> None:
        """Deal with one payload; whatever goes wrong, whoever acted is told."""
        reply = _reply(self.client, kind, body)
        try:
            self._deal(kind, body, reply)
        except SeconderError as error:
            reply.privately(self.commands.refused(Refusal(error.code, error.message, error.hint)))
        except Exception:  # noqa: BLE001  # one of three places that catch all: nobody may be left without an answer
            incident = new_id("bug")
            _log.exception("Dealing with a %s failed: %s", kind, incident)
            words = "This is a bug in Seconder, and it is in its log."
            reply.privately(
                self.commands.refused(Refusal(incident, words, "Look at the cluster before you repeat it."))
            )

    def sorry(self, kind: str, body: Mapping[str, object], error: SeconderError) -> None:
        """Tell whoever acted that it could not be kept, so that nothing was done. Touches no store."""
        refusal = Refusal(error.code, error.message, error.hint)
        _reply(self.client, kind, body).privately(self.commands.refused(refusal))

    def late(self, kind: str, body: Mapping[str, object]) -> None:
        """Tell whoever acted that nobody was there, so that nothing was done."""
        refusal = Refusal(
            "LATE", "The bot was away when this came in: it was not done.", "Do it again if you still want it."
        )
        _reply(self.client, kind, body).privately(self.commands.refused(refusal))

    def still(self, kind: str, body: Mapping[str, object]) -> None:
        """Tell whoever waits that it is being worked on. Touches no store."""
        asked = f"{self.commands.command} {text_of(body, 'text')}".strip()
        what = asked if kind == "command" else _WHAT.get(kind, kind)
        parts = self.texts.parts("waiting.j2", {"what": what})
        _reply(self.client, kind, body).privately(assemble(parts, "waiting"))

    def _deal(self, kind: str, body: Mapping[str, object], reply: Reply) -> None:
        team, user = _account(kind, body)
        actor = self.who.is_it(team, user)
        if isinstance(actor, Refusal):
            self._stranger(f"{team}/{user}", actor, reply, {"kind": kind})
            return
        origin = f"slack:{team}"
        match kind:
            case "command":
                text = without_mention(text_of(body, "text"))
                if not self.proposals.open(body, text):
                    self.commands.run(actor, text, reply, origin)
            case "mention":
                self.commands.run(actor, without_mention(text_of(body, "event", "text")), reply, origin)
            case "click":
                if not self.proposals.chose(body):
                    self.clicks.press(actor, _click(body), reply, origin)
            case "submission":
                self._submission(actor, body, reply, origin)
            case _:
                raise ValueError(kind)

    def check(self, body: Mapping[str, object]) -> dict[str, str]:
        """Say what is wrong with a modal's text before it is acknowledged."""
        view = body.get("view")
        if not isinstance(view, Mapping):
            return {}
        return self.proposals.missing(view) if _proposed(view) else self.clicks.check(modals.read(view))

    def _submission(self, actor: Actor, body: Mapping[str, object], reply: Reply, origin: str) -> None:
        view = body.get("view")
        if isinstance(view, Mapping):
            sent = modals.read(view)
            here = Reply(self.client, sent.channel, reply.user)
            if _proposed(view):
                self.commands.run(actor, self.proposals.words(view), here, origin)
            else:
                self.clicks.submit(actor, sent, here)

    def _stranger(self, account: str, refusal: Refusal, reply: Reply, params: Mapping[str, object]) -> None:
        self.commands.road.record_refusal(f"slack:{account}", refusal, params)
        data = {"message": refusal.message, "hint": refusal.hint, "account": account}
        reply.privately(assemble(self.texts.parts("stranger.j2", data), account))


def _proposed(view: Mapping[str, object]) -> bool:
    return view.get("callback_id") == CALLBACK


def _account(kind: str, body: Mapping[str, object]) -> tuple[str, str]:
    if kind == "command":
        return text_of(body, "team_id"), text_of(body, "user_id")
    if kind == "mention":
        return text_of(body, "team_id"), text_of(body, "event", "user")
    return text_of(body, "user", "team_id") or text_of(body, "team", "id"), text_of(body, "user", "id")


def _reply(client: WebClient, kind: str, body: Mapping[str, object]) -> Reply:
    _, user = _account(kind, body)
    view = body.get("view")
    channel = text_of(body, "channel_id") or text_of(body, "channel", "id") or text_of(body, "event", "channel")
    if not channel and isinstance(view, Mapping):
        channel = modals.read(view).channel
    return Reply(client, channel, user, text_of(body, "response_url"))


def _click(body: Mapping[str, object]) -> Click:
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else {}
    return Click(
        str(first.get("action_id", "")),
        str(first.get("value", "")),
        text_of(body, "trigger_id"),
        text_of(body, "channel", "id"),
    )
