"""Tells an open request again in its card's thread, ever more rarely, to who can still act on it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from approvals import store as requests
from approvals.eligible import any_of, open_places, wanted
from approvals.gate import Gate
from approvals.model import Request, State
from approvals.people import Roster
from approvals.rule import Rule
from audit.store import Store
from bot import store as rows
from bot.mentions import can_act, mention
from bot.store import Card
from bot.texts import Texts
from core.clock import Clock, moment, stamp

_log = logging.getLogger(__name__)
LONGEST_WAIT = 3600.0  # seconds between two reminders
MOST = 10  # reminders of one request; a person who let nine go by is not won by a tenth
LAST_AT, QUIET_FROM = 0.9, 0.8  # parts of a request's time: its last reminder, and from when there is no other
_DOUBLINGS = 20


@dataclass
class Reminders:
    """Reminds of what waits for a vote: after ``first`` seconds, from the second time on ``group`` before the others.

    Only who may vote is told, the group's members too.
    """

    store: Store
    gate: Gate
    texts: Texts
    client: WebClient
    clock: Clock
    first: float
    group: str = ""

    def look(self) -> None:
        """Tell what is due, once. What Slack does not take is told again when the next reminder is due."""
        for request in self.gate.listed(states=(State.OPEN,), limit=1000):
            rule = self.gate.rule(request.plan)
            if not isinstance(rule, Rule) or rule.rule_hash != request.rule_hash:
                continue  # the policy changed: it is outdated in a moment
            told = self._claim(request.id) if self._due(request) else None
            if told is not None:
                card, now, number = told
                self._post(card, self._text(now, rule, number))

    def _due(self, request: Request) -> bool:
        with self.store.reading() as session:
            hangs = rows.card(session, request.id) is not None
            count, last = rows.reminder(session, request.id)
        return hangs and self._is_due(request, count, last)

    def _is_due(self, request: Request, count: int, last: str | None) -> bool:
        told = moment(last) if last else None
        return due(request.created_at, request.expires_at, count, told, self.clock.now(), self.first)

    def _claim(self, request_id: str) -> tuple[Card, Request, int] | None:
        """Count a reminder before it is posted, so that two bots, or one that restarts, don't both post it."""
        with self.store.transaction() as session:
            request, card = requests.load(session, request_id), rows.card(session, request_id)
            count, last = rows.reminder(session, request_id)
            if request is None or card is None or request.state is not State.OPEN:
                return None
            if not self._is_due(request, count, last):
                return None
            rows.reminded(session, request_id, count + 1, stamp(self.clock.now()))
        return card, request, count + 1

    def _text(self, request: Request, rule: Rule, number: int) -> str:
        roster, now = self._roster(), self.clock.now()
        able = can_act(request, rule, roster)
        first = [person for person in able if number > 1 and self.group in person.groups]
        data = {
            "plan": request.plan,
            "request": request,
            "first": [mention(person, request.origin) for person in first],
            "others": [mention(person, request.origin) for person in able if person not in first],
            "group": self.group,
            "nobody": "" if able else _nobody(request, rule, roster),
            "wanted": wanted(open_places(request, rule, roster)),
            "waited": (now - request.created_at).total_seconds(),
            "left": (request.expires_at - now).total_seconds(),
            "last": now >= _part(request.created_at, request.expires_at, QUIET_FROM),
        }
        return self.texts.whole("reminder.j2", data)

    def _roster(self) -> Roster:
        return self.gate.rules().roster

    def _post(self, card: Card, text: str) -> None:
        try:
            self.client.chat_postMessage(
                channel=card.channel, text=text, thread_ts=card.ts, unfurl_links=False, unfurl_media=False
            )
        except (SlackApiError, SlackClientError, OSError) as error:
            _log.warning("Slack did not take a reminder of %s: %s", card.request, error)


def due(created: datetime, expires: datetime, count: int, last: datetime | None, now: datetime, first: float) -> bool:
    """Say whether a request is to be told again now. ``count`` reminders were told, the ``last`` one then.

    The first comes after ``first`` seconds, the others twice as late each, at most an hour apart; the last one when a
    tenth of the request's time is left. None falls due in the tenth before that, and one that is told so late is the
    last. Once due it stays so until told or expired.
    """
    if now >= expires:
        return False
    quiet = _part(created, expires, QUIET_FROM)
    if last is not None and last >= quiet:
        return False
    wait = min(first * 2 ** min(count, _DOUBLINGS), LONGEST_WAIT)
    following = (last or created) + timedelta(seconds=wait)
    if count >= MOST - 1 or following >= quiet:
        following = _part(created, expires, LAST_AT)
    return now >= following


def _nobody(request: Request, rule: Rule, roster: Roster) -> str:
    """Say why nobody can act: Slack does not tell who may, or nobody is left."""
    voted = {vote.person for vote in request.votes} | {request.requester}
    others = [person for person in roster.people.values() if person.name not in voted]
    if any(person.unsure & rule.voters for person in others):
        return f"Slack does not say right now who is in {any_of(rule.voters)}."
    return f"Nobody is left who may approve this: the roster has nobody else in {any_of(rule.voters)}."


def _part(created: datetime, expires: datetime, part: float) -> datetime:
    return created + (expires - created) * part
