"""Schedules: a ticker in memory; which slot is whose is decided in the store."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler

from audit.store import Store
from core.clock import Clock, stamp
from runs import store as rows

_log = logging.getLogger(__name__)
TICK = 15  # seconds
CATCH_UP = timedelta(hours=12)  # an older slot that was missed is left out: yesterday's news


@dataclass(frozen=True)
class Daily:
    """Something that happens once a local day, at a wall-clock time in a zone."""

    name: str
    at: time
    zone: ZoneInfo
    work: Callable[[], None]


def newest_slot(daily: Daily, now: datetime) -> datetime:
    """Give the newest moment that is due; in a repeated hour the first one, in a skipped hour the moment behind it."""
    local = now.astimezone(daily.zone)
    for back in (0, 1):
        day = local.date() - timedelta(days=back)
        naive = datetime.combine(day, daily.at)
        slot = naive.replace(tzinfo=daily.zone, fold=0).astimezone(ZoneInfo("UTC"))
        if slot <= now:
            return slot
    raise AssertionError("yesterday's slot is never in the future")


def tick(schedules: Sequence[Daily], store: Store, clock: Clock, owner: str) -> None:
    """Claim and do what is due; the primary key in the store lets one bot do each slot, once."""
    now = clock.now()
    for daily in schedules:
        slot = newest_slot(daily, now)
        with store.transaction() as session:
            first = rows.take_slot(session, daily.name, "first", owner, stamp(now))
            mine = rows.take_slot(session, daily.name, stamp(slot), owner, stamp(now))
        if not mine or first or now - slot > CATCH_UP:
            continue
        try:
            daily.work()
        except Exception:  # noqa: BLE001  # one of three places that catch all: other schedules must run
            _log.exception("Schedule %s failed in slot %s", daily.name, stamp(slot))
            continue
        with store.transaction() as session:
            rows.slot_done(session, daily.name, stamp(slot), stamp(clock.now()))


def ticker(work: Callable[[], None]) -> BackgroundScheduler:
    """Give a scheduler that calls ``work`` every 15 s and keeps nothing; its own triggers skip days (DST)."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(work, "interval", seconds=TICK, coalesce=True, max_instances=1, misfire_grace_time=None)
    return scheduler
