"""Windows of time: when something is frozen, when it is allowed, when it opens next. Pure arithmetic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import ConfigurationError

DAY = timedelta(days=1)
SEARCH = timedelta(days=400)
WITHIN = timedelta(days=14)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Window:
    """A span that returns every week, or one that is dated (``since``, ``until``; then the week does not count).

    ``zone`` is an IANA name, ``days`` are those on which the span begins (0 = Monday), ``begin`` and ``end`` are wall
    clock "HH:MM": an end that is not later than the begin is on the next day, the same time is a whole day. ``since``
    and ``until`` are wall clock "2026-12-20T00:00". All spans are half-open, [begin, end).

    Where clocks change: a begin or an end that clocks skip is the moment right after the gap. Of a time that comes
    twice the begin is the first and the end the last, without a hole between: a freeze gets longer, never shorter (and
    so does a window that allows). Whoever uses a window that can't be read gets a ConfigurationError.
    """

    name: str
    zone: str
    days: frozenset[int]
    begin: str
    end: str
    since: str = ""
    until: str = ""

    def holds(self, at: datetime) -> bool:
        """Say whether a moment lies in it."""
        return any(begin <= at < end for begin, end in self.spans(at, at))

    def next_change(self, at: datetime) -> datetime | None:
        """Give the next moment (UTC) after this one at which ``holds`` flips; None if 400 days bring none."""
        edges = (edge for span in self.spans(at, at + SEARCH) for edge in span)
        following = next((edge for edge in edges if edge > at), None)
        return following if following is not None and following <= at + SEARCH else None

    def spans(self, after: datetime, before: datetime) -> Iterator[Span]:
        """Give at least all spans (UTC, in order) that touch what lies between two moments; spans that meet are one."""
        found: Span | None = None
        for begin, end in self._dated() if self.since or self.until else self._weekly(after, before):
            if found is not None and begin <= found[1]:
                found = found[0], max(end, found[1])
            elif begin < end:
                if found is not None:
                    yield found
                found = begin, end
        if found is not None:
            yield found

    def _dated(self) -> tuple[Span]:
        zone = zone_of(self.zone)
        since, until = (_wall(text, "%Y-%m-%dT%H:%M") for text in (self.since, self.until))
        return ((_begins(since, zone), _ends(until, zone)),)

    def _weekly(self, after: datetime, before: datetime) -> Iterator[Span]:
        zone = zone_of(self.zone)
        begin, end = (_wall(text, "%H:%M").time() for text in (self.begin, self.end))
        longer = DAY if end <= begin else timedelta()
        day = after.astimezone(zone).date() - 2 * DAY
        last = before.astimezone(zone).date() + 2 * DAY
        while day <= last:
            if day.weekday() in self.days:
                yield (
                    _begins(datetime.combine(day, begin), zone),
                    _ends(datetime.combine(day + longer, end), zone),
                )
            day += DAY


def frozen_by(windows: Iterable[Window], at: datetime) -> Window | None:
    """Give the first window that holds at a moment."""
    return next((window for window in windows if window.holds(at)), None)


def outside(allowed: Sequence[Sequence[Window]], at: datetime) -> Sequence[Window] | None:
    """Give the first list of which no window holds at a moment; an empty list allows always."""
    return next((windows for windows in allowed if windows and frozen_by(windows, at) is None), None)


def next_open(
    allowed: Sequence[Sequence[Window]],
    frozen: Sequence[Window],
    at: datetime,
    within: timedelta = WITHIN,
) -> datetime | None:
    """Give the first moment from this one on at which all is open and nothing freezes; None if there is none soon."""
    windows = [*frozen, *(window for windows in allowed for window in windows)]
    moment = at
    while moment <= at + within:
        if frozen_by(frozen, moment) is None and outside(allowed, moment) is None:
            return moment
        changes = [change for window in windows if (change := window.next_change(moment)) is not None]
        if not changes:
            return None
        moment = min(changes)
    return None


@cache
def zone_of(name: str) -> ZoneInfo:
    """Give a time zone; raises ConfigurationError."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ConfigurationError(f"There is no time zone {name!r}.", 'Write one such as "Europe/Berlin".') from error


def _wall(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  # a wall clock; its zone comes with the window
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a time.", 'Write "22:00", or "2026-12-20T00:00".') from error


def _begins(wall: datetime, zone: ZoneInfo) -> datetime:
    """Give when a wall clock first shows a time or, where clocks skip it, the moment behind the gap."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    return _behind_gap(wall, zone)


def _ends(wall: datetime, zone: ZoneInfo) -> datetime:
    """Give when a wall clock last shows a time or, where clocks skip it, the moment behind the gap."""
    last = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if last.astimezone(zone).replace(tzinfo=None) == wall:
        return last
    return _behind_gap(wall, zone)


def _behind_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """PEP 495: in a gap the two folds lie around it, the offsets before and behind it swapped."""
    before = wall.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
    behind = wall.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    low = (wall - max(before, behind)).replace(tzinfo=UTC)
    high = (wall - min(before, behind)).replace(tzinfo=UTC)
    while high - low > timedelta(seconds=1):  # the one moment between them at which the offset jumps
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
