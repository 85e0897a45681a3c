"""Windows of time: when something is frozen, when it is allowed, when it opens next. Pure arithmetic."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import ConfigurationError

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SEARCH = timedelta(days=400)
WITHIN = timedelta(days=14)
EARLIEST, LATEST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001  # wall clocks that no zone moves out of range
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Window:
    """A span that returns every week, or one that is dated (``since``, ``until``; then the week does not count).

    ``zone`` is an IANA name, ``days`` are those on which the span begins (0 = Monday), ``begin`` and ``end`` are wall
    clock "HH:MM": an end that is not later than the begin is on the next day, so the same time is a whole day.
    ``since`` and ``until`` are wall clock "2026-12-20T00:00". All spans are half-open, [begin, end).

    Where clocks change: a begin or an end that clocks skip is the moment right after the gap. Of a time that comes
    twice the begin is the first, the end the last, with no hole between: a freeze gets longer, never shorter (and so
    does a window that allows). A window that can't be read raises ConfigurationError when used: it never reads as "no".
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
        """Give in order (UTC) at least the spans that touch what lies between two moments; spans that meet are one."""
        zone = zone_of(self.zone)
        # Two days earlier, one later: a span may last into its third date, and clocks set back may reach yesterday.
        first, last = after.astimezone(zone).date() - 2 * DAY, before.astimezone(zone).date() + DAY
        found: Span | None = None
        for opens, closes in self._walls(first, last):
            begin, end = moments(opens, zone)[0], moments(closes, zone)[1]
            if found is not None and begin <= found[1]:
                found = found[0], max(end, found[1])
            elif begin < end:  # else clocks skipped it wholly
                if found is not None:
                    yield found
                found = begin, end
        if found is not None:
            yield found

    def fault(self) -> str:
        """Say in a sentence what is wrong with it; nothing if it can be used."""
        try:
            zone_of(self.zone)
            walls = list(self._walls(date(2026, 1, 1), date(2026, 1, 7)))
        except ConfigurationError as error:
            return error.message
        if not walls:
            return "It names no day of the week."
        return "" if all(opens < closes for opens, closes in walls) else "It ends before it begins."

    def _walls(self, first: date, last: date) -> Iterator[Span]:
        """Give begin and end, by the clocks on the wall, of the spans that begin on these dates; or the one dated."""
        if self.since or self.until:
            yield _wall(self.since), _wall(self.until)
            return
        begin, end = _clock(self.begin), _clock(self.end)
        later = DAY if end <= begin else timedelta(0)
        for day in (first + number * DAY for number in range((last - first).days + 1)):
            if day.weekday() in self.days:
                yield datetime.combine(day, begin), datetime.combine(day + later, end)


def frozen_by(windows: Iterable[Window], at: datetime) -> Window | None:
    """Give the first freeze that holds."""
    return next((window for window in windows if window.holds(at)), None)


def outside(allowed: Sequence[Sequence[Window]], at: datetime) -> Sequence[Window] | None:
    """Give the first list of which no window holds. A list that is empty allows any time."""
    return next((each for each in allowed if each and frozen_by(each, at) is None), None)


def next_open(
    allowed: Sequence[Sequence[Window]],
    frozen: Iterable[Window],
    at: datetime,
    within: timedelta = WITHIN,
) -> datetime | None:
    """Give the first moment, this one or later, at which every list allows it and no freeze holds; None: not within."""
    freezes, limit = tuple(frozen), at + within
    # It opens where a window that allows begins or where a freeze ends, nowhere else.
    begins = {begin for each in allowed for window in each for begin, _ in window.spans(at, limit)}
    ends = {end for window in freezes for _, end in window.spans(at, limit)}
    opening = (edge for edge in sorted(begins | ends) if at < edge <= limit)
    for moment in (at, *opening):
        if outside(allowed, moment) is None and frozen_by(freezes, moment) is None:
            return moment
    return None


def zone_of(name: str) -> ZoneInfo:
    """Give a time zone. Raises ConfigurationError if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f"There is no time zone {name!r}.", 'Write one such as "Europe/Berlin".') from error


def moments(wall: datetime, zone: ZoneInfo) -> Span:
    """Give the first and the last moment (UTC) at which clocks show a time; where they skip it both are the gap's end.

    PEP 495: fold 0 reads a time with the offset before a change of clocks, fold 1 with the one after it.
    """
    wall = min(max(wall, EARLIEST), LATEST)
    first, last = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= last:
        return first, last
    before = last.astimezone(zone).utcoffset()  # in a gap the two are crossed: the change lies between them
    seconds = range(int((first - last).total_seconds()))
    changed = bisect_left(seconds, 1, key=lambda n: (last + n * SECOND).astimezone(zone).utcoffset() != before)
    behind = last + changed * SECOND
    return behind, behind


def _clock(text: str) -> time:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ConfigurationError(f"{text!r} is no time of day.", 'Write it as "22:00".')
    return found


def _wall(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ConfigurationError(f"{text!r} is no date and time.", 'Write it as "2026-12-20T00:00".')
    return found
