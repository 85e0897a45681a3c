"""One message that says how everything is."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from slack_sdk.errors import SlackApiError, SlackClientError

from actions.contract import Action, Answer
from approvals.debts.ledger import Reviews
from approvals.gate import Gate
from approvals.holds.book import Holds
from approvals.model import State
from audit import ledger
from audit.store import Store
from bot.anchoring import Anchoring
from bot.cards import Message, assemble
from bot.outbox import Outbox
from bot.sites import Sites
from bot.texts import Texts
from bot.watching.watch import has_candidates, unseen
from core.clock import Clock
from core.errors import SeconderError
from core.ids import new_id
from fleet.postgres.basebackup import BackupInfo, last_backup
from fleet.site import Site

WINDOW = timedelta(days=1)
_ORDER = ("crit", "unknown", "warn", "ok")


class SlackSilent(SeconderError):
    """Slack did not take a message."""

    code = "SLACK"


@dataclass(frozen=True)
class Health:
    """How one cluster is. ``level`` is the worst verdict's; ``error`` says why nothing could be seen.

    ``ready`` says whether a standby could become the primary; it is empty where none is meant to.
    """

    cluster: str
    level: str
    data: Mapping[str, object]
    backup: BackupInfo | None
    ready: Mapping[str, object] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Digest:
    """Looks at all clusters at once and posts what was found, the abnormal first."""

    store: Store
    gate: Gate
    holds: Holds
    reviews: Reviews
    status: Action
    ready: Action
    sites: Sites
    texts: Texts
    clock: Clock
    anchoring: Anchoring

    def message(self) -> Message:
        """Look now and word it; the head of the record is in the footer."""
        names: Sequence[str] = sorted(self.sites.clusters)
        with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
            seen = list(pool.map(self._health, names))
        with self.store.reading() as session:
            head = ledger.head(session)
        requests = self.gate.listed(limit=1000)
        since = self.clock.now() - WINDOW
        data: Mapping[str, object] = {
            "clusters": sorted(seen, key=lambda health: (_ORDER.index(health.level), health.cluster)),
            "bad": [health for health in seen if health.level != "ok"],
            "waiting": [request for request in requests if request.state is State.OPEN],
            "unknown": [request for request in requests if request.state is State.UNKNOWN],
            "ended": [request for request in requests if request.ended_at and request.ended_at > since],
            "holds": self.holds.standing(),
            "debts": self.reviews.unpaid(),
            "silent": self.anchoring.silent(),
            "head": head,
            "now": self.clock.now(),
        }
        return assemble(self.texts.parts("digest.j2", data), "digest")

    def _health(self, cluster: str) -> Health:
        site = self.sites.of(cluster)
        try:
            status, ready = self._looked(site)
            backup = last_backup(site)
        except SeconderError as error:
            return Health(cluster, "unknown", {}, None, error=str(error))
        level = min((status.level, ready.level if ready else "ok"), key=_ORDER.index)
        return Health(cluster, level, status.data, backup, ready.data if ready else {})

    def _looked(self, site: Site) -> tuple[Answer, Answer | None]:
        """Give how the cluster stands and whether its primary could be changed, both from one look where that works."""
        name = site.cluster.name
        asked = self.status.asked(cluster=name)
        if not has_candidates(site.cluster):
            return _answer(self.status, asked, self.status.look(asked, site)), None
        question = self.ready.asked(cluster=name)
        try:
            found = self.ready.look(question, site)
        except SeconderError as error:
            return _answer(self.status, asked, self.status.look(asked, site)), unseen(name, error)
        return _answer(self.status, asked, found.view), _answer(self.ready, question, found)

    def post(self, outbox: Outbox, channel: str, actor: str, slot: str = "") -> None:
        """Post it, for a slot once, and record it.

        Raises SlackSilent when it was not posted, or nobody knows; the record then says nothing.
        """
        message, key = self.message(), f"digest:{slot or new_id('d')}"
        try:
            posted = outbox.once(key, channel, message)
        except (SlackApiError, SlackClientError, OSError) as error:
            raise SlackSilent(
                f"Slack did not take the digest: {error}", "Ask again, or read it: seconder digest."
            ) from error
        if posted is None:
            return  # another bot is at it
        event = ledger.Event(
            "digest.posted",
            "success",
            actor,
            target=channel,
            detail={"channel": posted.channel, "ts": posted.ts, "text": message.text},
        )
        with self.store.transaction() as session:
            ledger.append(session, self.clock, event)


def _answer(action: Action, asked: object, found: object) -> Answer:
    if action.answer is None:
        raise TypeError(f"{action.spec.name} answers nothing")
    return action.answer(asked, found)
