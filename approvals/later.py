"""When to run it, out of what people write: "+2h", "03:00", "sat-03:00", "2026-11-22T03:00". Pure arithmetic."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from approvals.windows import moments, zone_of
from core.outcome import Refusal

SOONEST, LATEST = timedelta(seconds=60), timedelta(days=7)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST = 40  # characters
MANY = 100_000  # of minutes as of days this is too far ahead, and no sum of it overflows

_LIKE = re.ASCII | re.IGNORECASE
_AHEAD = re.compile(r"\+(?=\d)(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?", _LIKE)
_CLOCK = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)(?:T|\s+)|(?P<day>today|tomorrow|"
    + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in NAMES)
    + r")(?:-|\s+))?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\s*(?P<utc>Z|UTC)?",
    _LIKE,
)


def when(text: str, zone: str, now: datetime) -> datetime | Refusal:
    """Read a moment (UTC) from 60 seconds to 7 days ahead. What people write counts in their zone, or in UTC with "Z".

    "+1d" is 24 hours. A bare time and a weekday (which may be today) are the next ones to come. A time that clocks skip
    is refused; one that comes twice is the first that is still to come. Raises ConfigurationError for an unknown zone.
    """
    here, said = zone_of(zone), text.strip()
    if len(said) > LONGEST:
        return _unreadable(now, here)
    if ahead := _AHEAD.fullmatch(said):
        days, hours, minutes = (min(int(ahead[unit] or 0), MANY) for unit in "dhm")
        moment = now.astimezone(UTC) + timedelta(days=days, hours=hours, minutes=minutes)
        return _out_of_reach(moment, now, here) or moment
    if found := _CLOCK.fullmatch(said):
        return _by_the_clock(found, ZoneInfo("UTC") if found["utc"] else here, now)
    return _unreadable(now, here)


def _by_the_clock(found: re.Match[str], zone: ZoneInfo, now: datetime) -> datetime | Refusal:
    clock = time(int(found["hour"]), int(found["minute"]))
    try:
        dates = list(_dates(found["date"], (found["day"] or "").lower(), now.astimezone(zone).date()))
    except ValueError:  # 30 February
        return _unreadable(now, zone)
    walls = (datetime.combine(day, clock) for day in dates)
    coming = ((moment, wall) for wall in walls for moment in moments(wall, zone) if moment > now)
    moment, wall = next(coming, (now, None))
    if refusal := _out_of_reach(moment, now, zone):
        return refusal
    skipped = moment.astimezone(zone).replace(tzinfo=None) != wall
    return _skipped(moment, now, zone) if skipped else moment


def _dates(written: str | None, day: str, today: date) -> Iterator[date]:
    """Give the dates that may be meant, in order. Raises ValueError for one that is in no calendar."""
    if written:
        yield date.fromisoformat(written)
    elif day in {"today", "tomorrow"}:
        yield today + DAY * (day == "tomorrow")
    else:  # from yesterday on: clocks set back at midnight show its last hour again
        around = (today + DAY * number for number in range(-1, 8))
        yield from (each for each in around if NAMES[each.weekday()].startswith(day[:3]))


def _out_of_reach(moment: datetime, now: datetime, zone: ZoneInfo) -> Refusal | None:
    if moment < now + SOONEST:
        message = "That time is over, or within a minute."
        return Refusal("AT-PAST", message, f"Write +5m or {_said(_soon(now), zone)}{_where(zone)}.")
    if moment > now + LATEST:
        last = _said(now + LATEST, zone)
        return Refusal("AT-FAR", "That is more than seven days away.", f"Write {last}{_where(zone)} at the latest.")
    return None


def _skipped(behind: datetime, now: datetime, zone: ZoneInfo) -> Refusal:
    near = [_said(each, zone) for each in (behind - MINUTE, behind) if each >= now + SOONEST]
    message = f"Clocks in {zone.key} skip that time."
    return Refusal("AT-SKIPPED", message, f"Write {' or '.join(near)}{_where(zone)}.")


def _unreadable(now: datetime, zone: ZoneInfo) -> Refusal:
    soon = _soon(now)
    exact, weekday = _said(soon, zone), NAMES[soon.astimezone(zone).weekday()][:3]
    clock = exact.partition("T")[2]
    hint = f"Write +2h, {clock}, {weekday}-{clock} or {exact}{_where(zone)}."
    return Refusal("AT-UNREADABLE", "That is no time that I can read.", hint)


def _soon(now: datetime) -> datetime:
    """Give a moment to show as an example: a full hour, two to three hours ahead."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + 3 * HOUR


def _said(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}{'Z' if zone.key == 'UTC' else ''}"


def _where(zone: ZoneInfo) -> str:
    return "" if zone.key == "UTC" else f" ({zone.key} time)"
