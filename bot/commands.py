"""What is typed: `/db …` and mentions."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from approvals.model import Request, State
from approvals.moves import Actor
from bot.blocks import button
from bot.cards import Message, assemble
from bot.inert import inert
from bot.reply import Reply
from bot.road import Answered, Road
from bot.texts import Texts
from bot.verbs import VERBS, Held, Verbs
from bot.words import Unclear, Words, split
from core.errors import SeconderError
from core.outcome import Refusal

WAITING = (State.OPEN, State.APPROVED, State.RUNNING, State.UNKNOWN)
_MENTION = re.compile(r"^\s*<@[UW][A-Z0-9]+(\|[^>]*)?>\s*")


@dataclass(frozen=True)
class Commands:
    """Answers commands. Reads are answered to whoever asked; everything else becomes a card in the channel."""

    road: Road
    texts: Texts
    command: str
    digest: Callable[[str], None]
    wake: Callable[[], None]
    verbs: Verbs

    def run(self, actor: Actor, text: str, reply: Reply, origin: str) -> None:
        """Deal with one command to its answer."""
        try:
            self._run(actor, text.strip(), reply, origin)
        except Unclear as error:
            reply.privately(self.unclear(error))
        except SeconderError as error:
            reply.privately(self.refused(Refusal(error.code, error.message, error.hint)))

    def _run(self, actor: Actor, text: str, reply: Reply, origin: str) -> None:
        verb = text.split(maxsplit=1)[0].lower() if text else "help"
        if text.lower() in {"", "help"}:
            reply.privately(self._help(actor))
        elif text.lower() == "requests":
            reply.privately(self._requests())
        elif text.lower() == "digest":
            self.digest(actor.person.name)
        elif verb in {"help", "requests", "digest"}:
            self._too_long(actor, verb)
        elif verb in VERBS:
            self._verb(actor, text, reply, origin)
        else:
            self._action(actor, self.road.read_words(actor.person.name, text), reply, origin)

    def _verb(self, actor: Actor, text: str, reply: Reply, origin: str) -> None:
        came = self.verbs.run(actor, text, origin)
        if isinstance(came, Refusal):
            reply.privately(self.refused(came))
        elif isinstance(came, Held):
            parts = self.texts.parts("held.j2", {"hold": came.hold, "missing": came.missing})
            reply.privately(assemble(parts, "held"))
        elif text.split(maxsplit=1)[0].lower() == "review":
            reply.privately(assemble(self.texts.parts("reviewed.j2", {"request": came}), came.id))
        else:
            self.wake()

    def _too_long(self, actor: Actor, verb: str) -> None:
        error = Unclear(f"“{verb}” takes no more words.", verb)
        self.road.record_refusal(actor.person.name, Refusal("INPUT", error.message), {"text": verb})
        raise error

    def _action(self, actor: Actor, words: Words, reply: Reply, origin: str) -> None:
        came = self.road.go(actor, words, origin=origin)
        if isinstance(came, Refusal):
            reply.privately(self.refused(came))
        elif isinstance(came, Answered):
            reply.privately(self.answered(came))
        else:
            self.wake()

    def answered(self, came: Answered) -> Message:
        """Word what a READ action found."""
        parts = self.texts.parts(f"{came.spec.name}.j2", came.data)
        return assemble(parts, came.cluster)

    def refused(self, refusal: Refusal) -> Message:
        """Word a "no"."""
        return assemble(self.texts.parts("refused.j2", {"refusal": refusal}), refusal.code)

    def unclear(self, error: Unclear) -> Message:
        """Word a command that was not understood, with a button that runs the nearest right one."""
        data = {"message": error.message, "nearest": error.nearest, "command": self.command}
        message = assemble(self.texts.parts("unclear.j2", data), error.nearest)
        if not self._runs(error.nearest):
            return message
        again = button("input.retry", f"Run {self.command} {inert(error.nearest)}", error.nearest)
        return Message(message.text, [*message.blocks, {"type": "actions", "elements": [again]}])

    def _runs(self, text: str) -> bool:
        try:
            words = split(text)
            if words[0] not in {"help", "requests", "digest"}:
                self.road.understood(words)
        except (Unclear, IndexError):
            return False
        return True

    def _help(self, actor: Actor) -> Message:
        data = {
            "specs": [action.spec for action in self.road.catalogue.values()],
            "clusters": sorted(self.road.sites.clusters),
            "command": self.command,
            "person": actor.person,
        }
        return assemble(self.texts.parts("help.j2", data), "help")

    def _requests(self) -> Message:
        waiting: list[Request] = self.road.gate.listed(states=WAITING)
        return assemble(self.texts.parts("requests.j2", {"requests": waiting}), "requests")


def without_mention(text: str) -> str:
    """Give a message's words without the bot's own name, links of Slack's made plain again."""
    bare = _MENTION.sub("", text)
    bare = re.sub(r"<(?:[^|>]*\|)?([^>]*)>", r"\1", bare)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def text_of(body: Mapping[str, object], *path: str) -> str:
    """Give a text out of a payload by its path; empty when it is not there."""
    found: object = body
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
