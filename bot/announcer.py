"""Tells the channel, once, what everybody must know: changed rules, holds, emergencies, answers that turned."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from slack_sdk.errors import SlackApiError, SlackClientError

from approvals.debts.ledger import Debt, Reviews
from approvals.gate import Gate
from approvals.holds.book import Hold, Holds
from approvals.inforce.book import Change, ConfigurationBook
from approvals.model import Request
from approvals.rule import Rule
from bot import store as rows
from bot.cards import Message, assemble
from bot.mentions import can_act, mention
from bot.outbox import Outbox
from bot.posts import AGAIN, GONE, NO_THREAD
from bot.texts import Texts
from bot.watching.watch import Turn, Watch

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Announcer:
    """What was not told yet lies in the store, so that a restart loses nothing."""

    gate: Gate
    configuration: ConfigurationBook
    holds: Holds
    reviews: Reviews
    texts: Texts
    outbox: Outbox
    command: str
    channel: str
    channels: dict[str, str]  # of clusters, by name
    watch: Watch | None = None
    _later: dict[str, float] = field(default_factory=dict)  # by channel: when it is tried again

    def look(self) -> None:
        """Tell what was not told yet; what Slack does not take is told later."""
        for change in self.configuration.unannounced():
            key = f"configuration:{change.id}:{'waits' if change.waits else 'in force'}"  # it may be told twice
            if self._said(key, self.channel, self._change(change)):
                self.configuration.announced(change)
        for hold in self.holds.unannounced():
            if self._said(f"hold:{hold.id}", self.channels.get(hold.scope, self.channel), self._hold(hold)):
                self.holds.announced(hold)
        for debt in self.reviews.unannounced():
            self._emergency(debt)
        if self.watch is not None:
            self._turns(self.watch)

    def warn(self, lines: Sequence[str]) -> None:
        """Say, at the start, what keeps everybody from asking or approving."""
        if lines:
            key = f"warnings:{self.outbox.presence.name}"
            self._said(key, self.channel, assemble(self.texts.parts("warnings.j2", {"lines": lines}), "warnings"))

    def _change(self, change: Change) -> Message:
        parts = self.texts.parts("rules_changed.j2", {"change": change, "command": self.command})
        return assemble(parts, f"configuration-{change.id}")

    def _hold(self, hold: Hold) -> Message:
        parts = self.texts.parts("hold_set.j2", {"hold": hold, "command": self.command})
        return assemble(parts, hold.id)

    def _turns(self, watch: Watch) -> None:
        for turn in watch.untold():
            if self._said(turn.key, self.channels.get(turn.cluster, self.channel), self._turn(turn)):
                watch.told(turn)

    def _turn(self, turn: Turn) -> Message:
        data = {**turn.data, "since": turn.since, "command": self.command}
        return assemble(self.texts.parts("ready_turned.j2", data), f"ready-{turn.cluster}-{turn.number}")

    def _emergency(self, debt: Debt) -> None:
        request = self.gate.find(debt.request)
        with self.gate.store.reading() as session:
            card = rows.card(session, debt.request)
        if request is None or card is None:
            return  # its card hangs in a moment
        data = {"debt": debt, "plan": request.plan, "passed_over": self._passed_over(request), "command": self.command}
        message = Message(self.texts.whole("emergency.j2", data), [])
        if self._said(f"debt:{debt.request}", card.channel, message, card.ts):
            self.reviews.announced(debt)

    def _passed_over(self, request: Request) -> list[str]:
        """Mention everybody who would have been asked."""
        rule = self.gate.rule(request.plan)
        if not isinstance(rule, Rule):
            return []
        return [mention(person, request.origin) for person in can_act(request, rule, self.gate.rules().roster)]

    def _said(self, key: str, channel: str, message: Message, thread: str | None = None) -> bool:
        if not channel:
            return True  # nobody configured a place to tell it
        if time.monotonic() < self._later.get(channel, 0.0):
            return False
        try:
            return self.outbox.once(key, channel, message, thread=thread, broadcast=True) is not None
        except (SlackApiError, SlackClientError, OSError) as error:
            _log.warning("Slack did not take an announcement: %s", error)
            return self._said_again(key, channel, message, thread, error)

    def _said_again(self, key: str, channel: str, message: Message, thread: str | None, error: Exception) -> bool:
        """Say it beside a thread that is gone: who deletes a card silences nobody. Leave a channel alone that is."""
        response = error.response if isinstance(error, SlackApiError) else {}
        code = str(response.get("error", ""))
        if thread and code in NO_THREAD:
            return self._said(key, channel, message)
        if code in GONE:
            self._later[channel] = time.monotonic() + AGAIN
        elif isinstance(error, SlackApiError) and code == "ratelimited":
            self._later[channel] = time.monotonic() + float(error.response.headers.get("Retry-After", 1.0))
        return False
