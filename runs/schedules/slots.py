"""Which moment is due: of a day, in local time, since clocks are put forward and back; or every so often."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # names: a number means another day in every cron
_SECOND = timedelta(seconds=1)
_BACK = 8  # days: every weekday once, and today's when it is still to come


class Missed(StrEnum):
    """What becomes of a slot in which no bot was there."""

    CATCH_UP = "catch-up"
    SKIP = "skip"


@dataclass(frozen=True)
class Daily:
    """Something that happens at a wall-clock time in a zone, on some days of the week. ``work`` is given the slot."""

    name: str
    at: time
    zone: ZoneInfo
    work: Callable[[str], None]
    days: frozenset[str] = frozenset(DAYS)
    missed: Missed = Missed.CATCH_UP


@dataclass(frozen=True)
class Every:
    """Something that happens every so many seconds, counted in UTC from 1970. ``work`` is given the slot."""

    name: str
    seconds: int
    work: Callable[[str], None]
    missed: Missed = Missed.SKIP


Schedule = Daily | Every


def newest_slot(schedule: Schedule, now: datetime) -> datetime:
    """Give the newest moment that is due, in UTC."""
    if isinstance(schedule, Daily):
        return _newest_day(schedule, now)
    return datetime.fromtimestamp(int(now.timestamp()) // schedule.seconds * schedule.seconds, UTC)


def _newest_day(daily: Daily, now: datetime) -> datetime:
    """Give a day's moment: in a repeated hour the first, for a skipped one the first behind it.

    Where that would be the next day already, the last one before it: each day has its own.
    Raises ValueError for a schedule without days.
    """
    today = now.astimezone(daily.zone).date()
    for back in range(_BACK + 1):
        day = today - timedelta(days=back)
        if DAYS[day.weekday()] in daily.days and (slot := slot_on(daily, day)) <= now:
            return slot
    raise ValueError(f"the schedule {daily.name} has no days")


def slot_on(daily: Daily, day: date) -> datetime:
    """Give the moment of one local day, in UTC."""
    wall = datetime.combine(day, daily.at, daily.zone)
    slot = wall.astimezone(UTC)
    if slot.astimezone(daily.zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return slot
    behind = _behind_gap(wall.replace(fold=1).astimezone(UTC), slot, daily.zone)
    return behind if behind.astimezone(daily.zone).date() == day else behind - _SECOND  # the gap ends at midnight


def _behind_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Give the first moment, to the second, at which the zone's clock has been put forward between two moments."""
    new = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
