"""Draws every card whose request has moved on, whoever moved it, and tells the end in its thread."""

import logging
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from approvals.debts.ledger import Reviews
from approvals.eligible import open_places, wanted
from approvals.gate import Gate
from approvals.model import Request, State
from approvals.rule import Rule
from audit import ledger
from audit.store import Store, now
from bot import store as rows
from bot.cards import Message, request_card
from bot.carrier import notes_path
from bot.mentions import mention
from bot.outbox import Outbox
from bot.sites import Sites
from bot.store import Card, Said
from bot.texts import Markup, Texts
from core.clock import stamp
from core.errors import SeconderError
from runs import store as runs
from runs.model import Run

_log = logging.getLogger(__name__)
LOOK_EVERY = 0.2  # seconds
EDIT_EVERY = 3.0  # seconds between two edits of one card: Slack allows 50 a minute for all of them
STARTS_WITHIN = 1.0  # seconds from an approval to its run, when a bot is free
ANNOUNCE_WITHIN = 3.0  # seconds
AGAIN = 60.0  # seconds until a card is offered again to a channel that does not take it
NO_THREAD = {"thread_not_found", "message_not_found", "cannot_reply_to_message"}
GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_archived"}


@dataclass
class Posts:
    """Slack as a view of the store. What Slack refuses never touches a request's state."""

    store: Store
    gate: Gate
    reviews: Reviews
    sites: Sites
    texts: Texts
    client: WebClient
    outbox: Outbox
    _edited: dict[str, float] = field(default_factory=dict)
    _approved: dict[str, float] = field(default_factory=dict)
    _later: dict[str, float] = field(default_factory=dict)
    _not_before: float = 0.0
    _quiet_until: float = 0.0
    _drawing: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, leaving: threading.Event) -> None:
        """Draw until the bot leaves."""
        while not leaving.wait(LOOK_EVERY):
            try:
                self.look()
            except SeconderError as error:
                _log.warning("Cards can't be drawn now: %s", error)
            except Exception:  # noqa: BLE001  # the loop must live on
                _log.exception("Drawing cards failed; this is a bug in Seconder")

    def look(self) -> None:
        """Draw what lags, once."""
        with self._drawing:
            self._look()

    def _look(self) -> None:
        if time.monotonic() < self._not_before:
            return
        with self.store.reading() as session:
            lagging = rows.lagging(session)
        for request_id, card, untold in lagging:
            if time.monotonic() < self._quiet_until:
                return  # Slack has just asked for a pause: of everything
            if time.monotonic() < self._later.get(request_id, 0.0):
                continue
            if card is not None and not untold and self._just_edited(request_id):
                continue  # before anything of it is read: what runs gets news with each look
            request = self.gate.find(request_id)
            if request is not None:
                self._draw(request, card)

    def announce(self, run: Run) -> None:
        """Put the by-hand commands into the thread, before the first effect.

        They lie on the node already, so a Slack that is slow or gone delays a run by 3 s and no more.
        """
        telling = threading.Thread(target=self._announce, args=(run,), name="announce", daemon=True)
        telling.start()
        telling.join(ANNOUNCE_WITHIN)

    def _announce(self, run: Run) -> None:
        if not run.plan.onward and not run.plan.back:
            return  # no node is changed
        self.look()  # the card has to hang before something can be said under it
        with self.store.reading() as session:
            card = rows.card(session, run.request)
        if card is None:
            return
        plan = run.plan
        path = (
            notes_path(plan, self.sites.of(plan.cluster).cluster.node(plan.notes_on).work, run.id)
            if plan.notes_on
            else ""
        )
        notes = self.texts.whole("by_hand.j2", {"plan": plan, "run": run.id})
        text = self.texts.whole("thread_start.j2", {"plan": plan, "path": path, "notes": Markup(notes)})
        self._post(f"start:{run.id}", run.request, card.channel, Message(text, []), thread=card.ts)

    def _draw(self, request: Request, card: Card | None) -> None:
        if card is None:
            made = self._post(f"card:{request.id}", request.id, request.channel, self._message(request))
            if made is not None:
                self._edited[request.id] = time.monotonic()
                # What was found after somebody's death may show anything: then it is drawn again.
                shown = 0 if made.unsure else request.version
                self._keep(Card(request.id, made.channel, made.ts, shown, told_end=False))
            return
        if request.ended_at is not None and not card.told_end:
            card = self._tell_end(request, card)
        if request.state is State.APPROVED and self._fresh(request):
            return  # it is about to run: the one edit of these seconds is better spent on that
        if card.rendered_version >= request.version or not self._may_edit(request.id):
            return
        if self._update(card, self._message(request)):
            self._keep(replace(card, rendered_version=request.version))

    def _fresh(self, request: Request) -> bool:
        seen = self._approved.setdefault(request.id, time.monotonic())
        return time.monotonic() - seen < STARTS_WITHIN

    def _message(self, request: Request) -> Message:
        rule = self.gate.rule(request.plan)
        left = open_places(request, rule, self.gate.rules().roster) if isinstance(rule, Rule) else ()
        debt = self.reviews.of(request.id) if request.wish.emergency else None
        with self.store.reading() as session:
            run = runs.of_request(session, request.id)
            head = ledger.head(session)
        return request_card(self.texts, request, run, f"#{head.seq} {head.hash[:8]}", wanted(left), debt)

    def _tell_end(self, request: Request, card: Card) -> Card:
        person = self.gate.rules().roster.named(request.requester)
        mentioned = mention(person, request.origin) if person else request.requester
        data = {
            "plan": request.plan,
            "request": request,
            "state": request.state.value,
            "mention": mentioned,
            "took": self._took(request),
        }
        text = self.texts.whole("thread_end.j2", data)
        message, key = Message(text, []), f"end:{request.id}"
        if request.state is State.WITHDRAWN or self._post(key, request.id, card.channel, message, thread=card.ts):
            card = replace(card, told_end=True)
            self._keep(card)
        return card

    def _took(self, request: Request) -> float | None:
        with self.store.reading() as session:
            run = runs.of_request(session, request.id)
        if run is None or request.ended_at is None:
            return None
        from_start = [vote.at for vote in request.votes] or [request.created_at]
        return (request.ended_at - max(from_start)).total_seconds()

    def _just_edited(self, request: str) -> bool:
        return time.monotonic() - self._edited.get(request, -EDIT_EVERY) < EDIT_EVERY

    def _may_edit(self, request: str) -> bool:
        if self._just_edited(request):
            return False
        self._edited[request] = time.monotonic()
        if self.store.embedded:
            return True
        with self.store.transaction() as session:  # other bots draw, too
            at = now(session, self.gate.clock)
            return rows.may_edit(session, request, stamp(at), stamp(at + timedelta(seconds=EDIT_EVERY)))

    def _post(
        self, key: str, request: str, channel: str, message: Message, *, thread: str | None = None
    ) -> Said | None:
        try:
            return self.outbox.once(key, channel, message, thread=thread)
        except (SlackApiError, SlackClientError, OSError) as error:
            said = self._failed("post", error)
            if thread and said in NO_THREAD:  # who deletes a card silences nobody
                return self._post(key, request, channel, message)
            if said in GONE:
                self._later[request] = time.monotonic() + AGAIN
            return None

    def _update(self, card: Card, message: Message) -> bool:
        """Redraw a card; True also when Slack will never take it: no ghost of it is posted."""
        try:
            self.client.chat_update(
                channel=card.channel,
                ts=card.ts,
                text=message.text,
                blocks=message.blocks,
                metadata=message.metadata,
            )
        except (SlackApiError, SlackClientError, OSError) as error:
            return self._failed("edit", error) in GONE
        return True

    def _failed(self, what: str, error: Exception) -> str:
        said, wait = str(error), 1.0
        if isinstance(error, SlackApiError):
            said = str(error.response.get("error", ""))
            wait = float(error.response.headers.get("Retry-After", wait))
            if said == "ratelimited":
                self._quiet_until = time.monotonic() + wait
        _log.warning("Slack did not take a %s: %s; next try in %.0f s", what, said, wait)
        if said not in GONE | NO_THREAD:
            self._not_before = time.monotonic() + wait
        return said

    def _keep(self, card: Card) -> None:
        with self.store.transaction() as session:
            rows.hang(session, card)
