"""When something is to start that is asked for now: the words of ``--at``. Pure arithmetic."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from approvals.windows import zone_of
from core.outcome import Refusal

SOONEST, LATEST = timedelta(seconds=60), timedelta(days=7)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_RELATIVE = re.compile(r"\+(\d{1,5})([mhd])", re.ASCII)
_CLOCK = re.compile(rf"(?:(tomorrow|{'|'.join(_DAYS)})[ -])?(\d\d?):(\d\d)", re.ASCII)
_DATED = re.compile(r"(\d{4})-(\d\d)-(\d\d)[t ](\d\d):(\d\d)", re.ASCII)
_EXAMPLES = 'Write 03:00, "tomorrow 03:00", sat-03:00, 2026-11-22T03:00 or +2h.'


def when(text: str, zone: str, now: datetime) -> datetime | Refusal:
    """Give the moment (UTC) that is meant: ``+2h``, or a wall clock in ``zone``; ``Z`` or ``UTC`` behind it means UTC.

    At least a minute ahead, at most seven days.
    """
    words = text.strip().lower()
    bare = re.sub(r"( ?utc|z)$", "", words)
    place = zone_of("UTC") if bare != words else zone_of(zone)
    try:
        meant = _meant(bare, place, now)
    except (ValueError, OverflowError):  # 25:00, the 31st of February, the year 9999
        meant = None
    if meant is None:
        return Refusal("AT-UNREADABLE", "That is no time that I can read.", _EXAMPLES)
    if isinstance(meant, Refusal):
        return meant
    if meant < now + SOONEST:
        return Refusal(
            "AT-PAST", f"{_shown(meant)} is over, or within a minute.", "Leave --at out, or name a later time."
        )
    if meant > now + LATEST:
        return Refusal(
            "AT-FAR",
            f"{_shown(meant)} is more than seven days away.",
            "Ask when it is nearer.",
        )
    return meant


def _meant(words: str, zone: ZoneInfo, now: datetime) -> datetime | Refusal | None:
    relative, clock, dated = (form.fullmatch(words) for form in (_RELATIVE, _CLOCK, _DATED))
    if relative:
        return now + int(relative[1]) * _UNITS[relative[2]]
    if dated:
        return _moment(datetime(*map(int, dated.groups())), zone)  # type: ignore[arg-type]  # noqa: DTZ001  # a wall clock
    if not clock:
        return None
    today = now.astimezone(zone).date()
    wall = datetime.combine(today, datetime.min.time()).replace(hour=int(clock[2]), minute=int(clock[3]))
    if clock[1] == "tomorrow":
        return _moment(wall + timedelta(days=1), zone)
    if clock[1]:
        wall += timedelta(days=(_DAYS.index(clock[1]) - today.weekday()) % 7)
    step = timedelta(days=7 if clock[1] else 1)
    meant = _moment(wall, zone)
    over = isinstance(meant, datetime) and meant < now + SOONEST
    return _moment(wall + step, zone) if over else meant


def _moment(wall: datetime, zone: ZoneInfo) -> datetime | Refusal:
    """Give a wall clock's moment: of two the first; one that clocks skip is refused, with its neighbours."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    around = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC).astimezone(zone) for fold in (0, 1))
    before, behind = (f"{near:%Y-%m-%dT%H:%M}" for near in around)
    return Refusal("AT-SKIPPED", f"Clocks skip {wall:%H:%M} on that day.", f"Write {before} or {behind}.")


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
