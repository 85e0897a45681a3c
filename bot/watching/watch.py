"""Looks every so often whether each cluster could change its primary; only an answer that turns is told."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from actions.contract import Action, Answer
from audit import ledger
from audit.store import Store
from bot.sites import Sites
from bot.watching import store as rows
from bot.watching.store import ReadinessRow
from core.clock import Clock, stamp
from core.errors import SeconderError
from fleet.inventory import Cluster
from runs import store as runs

_log = logging.getLogger(__name__)
READY = "ready"
SURE_AFTER = 5.0  # seconds from a look that says something new to the one that must say the same
SWITCH, FAILOVER, NO = "switch", "failover", "no"


@dataclass(frozen=True)
class Turn:
    """An answer that is another one than before. ``data`` is what ready answered, ``since`` UTC text."""

    cluster: str
    number: int
    since: str
    data: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Give what stands for it in the outbox."""
        return f"ready:{self.cluster}:{self.number}:{self.since}"


@dataclass(frozen=True)
class Watch:
    """Asks ``ready`` of every cluster that has somebody to promote, and keeps the last answer of each in the store."""

    store: Store
    clock: Clock
    ready: Action
    sites: Sites
    pause: Callable[[float], object] = time.sleep  # gives something true when the bot leaves meanwhile

    def look(self, slot: str) -> None:
        """Look at all clusters at once. One that can't be looked at disturbs no other, and nothing else."""
        names = [name for name, cluster in self.sites.clusters.items() if has_candidates(cluster)]
        if not names:
            return
        with ThreadPoolExecutor(max_workers=len(names), thread_name_prefix="watch") as pool:
            for name, failed in zip(names, pool.map(self._quietly, names), strict=True):
                if failed is not None:
                    _log.warning("Nobody knows whether %s could change its primary (slot %s): %s", name, slot, failed)

    def untold(self) -> list[Turn]:
        """List the turns that the channel has not been told of."""
        with self.store.reading() as session:
            return [Turn(row.cluster, row.turn, row.since, json.loads(row.body)) for row in rows.untold(session)]

    def told(self, turn: Turn) -> None:
        """Note that the channel was told."""
        with self.store.transaction() as session:
            rows.told(session, turn.cluster, turn.number)

    def _quietly(self, cluster: str) -> Exception | None:
        try:
            self._look(cluster)
        except Exception as error:  # noqa: BLE001  # the ticker has other schedules
            return error
        return None

    def _look(self, cluster: str) -> None:
        """Believe an answer that is new only when a second look gives the same: one time-out is no news."""
        before = self._known(cluster)
        if self._busy(cluster):
            return  # a promotion under way passes through every answer
        answer = self._answer(cluster)
        if kind_of(answer) != before:
            if self.pause(SURE_AFTER):
                return
            again = self._answer(cluster)
            if kind_of(again) != kind_of(answer) or self._busy(cluster):
                return
            answer = again
        self._keep(cluster, answer)

    def _known(self, cluster: str) -> str:
        """Give the answer of before; who was never asked counts as fine, so that a first "no" is told."""
        with self.store.reading() as session:
            row = rows.last(session, cluster)
        return row.answer if row else SWITCH

    def _busy(self, cluster: str) -> bool:
        with self.store.reading() as session:
            return runs.holding(session, cluster) is not None

    def _answer(self, cluster: str) -> Answer:
        """Ask; what breaks while looking would break a promotion's look as well: that is a no."""
        if self.ready.answer is None:
            raise TypeError(f"{self.ready.spec.name} answers nothing")
        asked = self.ready.asked(cluster=cluster)
        try:
            return self.ready.answer(asked, self.ready.look(asked, self.sites.of(cluster)))
        except SeconderError as error:
            return unseen(cluster, error)

    def _keep(self, cluster: str, answer: Answer) -> None:
        """Write down an answer that is new, with its record; a turn waits there to be told."""
        kind, at = kind_of(answer), stamp(self.clock.now())
        with self.store.transaction() as session:
            row = rows.last(session, cluster)
            if row is not None and row.answer == kind:
                return
            new = ReadinessRow(cluster=cluster, answer=kind, since=at, body=json.dumps(answer.data, default=str))
            if row is not None:
                new.turn, new.told = row.turn + 1, row.told
            elif kind != SWITCH:
                new.turn = 1
            kept = rows.first(session, new) if row is None else rows.turned(session, new)
            if not kept:
                return  # another bot was faster
            said = {"level": answer.level, "answer": kind, "why": answer.data.get("why")}
            params = {"action": READY, "cluster": cluster}
            event = ledger.Event("action.read", "success", "system", target=cluster, params=params, detail=said)
            ledger.append(session, self.clock, event)


def has_candidates(cluster: Cluster) -> bool:
    """Say whether there is anybody besides the primary who may be promoted without being named."""
    return sum(node.priority > 0 and not node.mirror for node in cluster.nodes.values()) > 1


def kind_of(answer: Answer) -> str:
    """Give an answer in a word: to fail over is another yes than to switch, for nobody accepts writes then."""
    if not answer.data["could"]:
        return NO
    return SWITCH if answer.data["planned"] else FAILOVER


def unseen(cluster: str, error: SeconderError) -> Answer:
    """Give the answer of a look that broke."""
    why = {"code": error.code, "message": error.message, "hint": error.hint}
    return Answer(
        "unknown", {"cluster": cluster, "could": False, "planned": True, "primary": None, "node": None, "why": why}
    )
