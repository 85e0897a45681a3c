"""A ticker in memory; which slot is whose, and whether it is done, is decided in the store."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from audit.store import Store
from core.clock import Clock, moment, stamp
from runs.schedules import store as rows
from runs.schedules.slots import Every, Missed, Schedule, newest_slot
from runs.schedules.store import SlotRow

_log = logging.getLogger(__name__)
TICK = 15  # seconds
CATCH_UP = timedelta(hours=12)  # an older slot that was missed is left out: yesterday's news
PROMPT = timedelta(minutes=5)  # what is skipped when missed may be late by a restart
AGAIN = timedelta(minutes=2)  # between two tries of one slot
_FIRST = "first"


@dataclass(frozen=True)
class Ticks:
    """Does what is due, each slot once, whichever bots tick."""

    store: Store
    clock: Clock
    owner: str
    lives: Callable[[str], bool] = lambda _owner: False

    def look(self, schedules: Sequence[Schedule]) -> None:
        """Claim and do what is due, and what a dead bot left undone. Raises StoreUnavailable."""
        now = self.clock.now()
        for schedule in schedules:
            slot = newest_slot(schedule, now)
            if self._mine(schedule, stamp(slot), now):
                self._do(schedule, slot, now)
            for left in self._left(schedule, now):
                self._do(schedule, moment(left.slot_utc), now)

    def _mine(self, schedule: Schedule, slot: str, now: datetime) -> bool:
        """Claim a slot. At a schedule's very first look nothing is due: it was made after that slot."""
        with self.store.reading() as session:
            if rows.knows(session, schedule.name, slot):
                return False
        with self.store.transaction() as session:
            first = rows.take(session, self._row(schedule.name, _FIRST, now, done_at=stamp(now)))
            done_at = stamp(now) if first else None
            return rows.take(session, self._row(schedule.name, slot, now, done_at)) and not first

    def _row(self, name: str, slot: str, now: datetime, done_at: str | None) -> SlotRow:
        return SlotRow(schedule=name, slot_utc=slot, owner=self.owner, claimed_at=stamp(now), done_at=done_at)

    def _left(self, schedule: Schedule, now: datetime) -> list[SlotRow]:
        """Take slots whose bot died in the middle, or whose work failed a while ago."""
        with self.store.reading() as session:
            found = rows.left(session, schedule.name, stamp(now - AGAIN))
        mine = [row for row in found if row.owner == self.owner or not self.lives(row.owner)]
        taken = []
        for row in mine:
            with self.store.transaction() as session:
                if rows.take_again(session, row, self.owner, stamp(now)):
                    taken.append(row)
        return taken

    def _do(self, schedule: Schedule, slot: datetime, now: datetime) -> None:
        late = PROMPT if schedule.missed is Missed.SKIP else CATCH_UP
        if now - slot > late:
            self._note(schedule, slot, "missed")
            return
        try:
            schedule.work(stamp(slot))
        except Exception:  # noqa: BLE001  # one of three places that catch all: other schedules must run
            _log.exception("Schedule %s failed in slot %s; it is tried again", schedule.name, stamp(slot))
            return
        self._note(schedule, slot, "")

    def _note(self, schedule: Schedule, slot: datetime, note: str) -> None:
        with self.store.transaction() as session:
            rows.done(session, schedule.name, stamp(slot), stamp(self.clock.now()), note)
            if isinstance(schedule, Every):  # two dozen a day: who is done with long ago is forgotten
                rows.forget(session, schedule.name, stamp(slot - CATCH_UP))


def ticker(work: Callable[[], None]) -> BackgroundScheduler:
    """Give a scheduler that calls ``work`` every 15 s and keeps nothing; its own triggers skip days (DST)."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(work, "interval", seconds=TICK, coalesce=True, max_instances=1, misfire_grace_time=None)
    return scheduler
