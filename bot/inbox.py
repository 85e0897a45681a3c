"""What comes in from Slack is kept first, acknowledged second, and worked on third, on the bot's own threads."""

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from audit.store import Store
from bot import store as rows
from bot.patience import Patience
from bot.store import InboxRow
from core.clock import Clock, moment, stamp
from core.errors import SeconderError

STALE = timedelta(seconds=60)  # nobody waits for an older answer any more
PROMPT = 1.2  # seconds that keeping a payload may wait for the store: Slack wants its acknowledgement within 3
Payload = Mapping[str, object]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inbox:
    """Keeps what came in, once: by the envelope's id and by what can't happen twice, the trigger's id."""

    store: Store
    clock: Clock
    pool: ThreadPoolExecutor
    work: Callable[[str, Payload], None]
    patience: Patience | None = None
    owner: str = ""
    lives: Callable[[str], bool] = lambda _owner: False
    late: Callable[[str, Payload], None] = lambda _kind, _payload: None

    def take(self, kind: str, payload: Payload) -> bool:
        """Keep a payload and hand it to a worker; False when it came before. Raises StoreUnavailable."""
        key, meaning = identity(kind, payload)
        payload = {name: value for name, value in payload.items() if name != "token"}
        came = InboxRow(
            key=key,
            meaning=meaning,
            kind=kind,
            body=json.dumps(payload),
            received_at=stamp(self.clock.now()),
            owner=self.owner,
        )
        with self.store.transaction(PROMPT, first=True) as session:
            fresh = rows.receive(session, came)
        if fresh:
            if self.patience is not None:
                self.patience.begin(key, kind, payload)
            self.pool.submit(self._handle, key, kind, payload)
        return fresh

    def take_up(self) -> None:
        """Work on what a dead bot had kept and not dealt with. For what is too old somebody is told to do it again."""
        with self.store.reading() as session:
            left = rows.waiting(session, self.owner)
        for row in left:
            if not self.lives(row.owner) and self._taken(row):
                fresh = self.clock.now() - moment(row.received_at) <= STALE
                self.pool.submit(self._handle if fresh else self._late, row.key, row.kind, json.loads(row.body))

    def _taken(self, row: InboxRow) -> bool:
        with self.store.transaction() as session:
            return rows.take_in(session, row.key, row.owner, self.owner)

    def _late(self, key: str, kind: str, payload: Payload) -> None:
        self._done(key)
        self.late(kind, payload)

    def _handle(self, key: str, kind: str, payload: Payload) -> None:
        try:
            self.work(kind, payload)
            self._done(key)
        except SeconderError as error:
            _log.warning("%s", error)  # it stays in the inbox, and is looked at again after the next start
        finally:
            if self.patience is not None:
                self.patience.end(key)

    def _done(self, key: str) -> None:
        with self.store.transaction() as session:
            rows.handled(session, key, stamp(self.clock.now()))


def identity(kind: str, payload: Payload) -> tuple[str, str]:
    """Give the two ids by which a payload is known: its envelope's, and its meaning's."""
    meaning = payload.get("trigger_id") or payload.get("event_id")
    if not meaning:
        meaning = json.dumps(payload, sort_keys=True, default=str)
    envelope = payload.get("seconder_envelope") or meaning
    return str(envelope), f"{kind}:{meaning}"
