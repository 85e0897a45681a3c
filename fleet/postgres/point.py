"""The point that a standby is rolled forward to: read, judged, and reached."""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import Malformed, SeconderError, StepFailed
from core.outcome import Evidence, Refusal
from core.step import StepContext
from fleet.postgres import healing, lsn, replay
from fleet.postgres.patience import talk
from fleet.postgres.replay import PAUSED, Replay, utc
from fleet.site import Site

TIME, PLACE = "recovery_target_time", "recovery_target_lsn"
_STALL = 600.0  # seconds without any replay
_LOOK_EVERY = 0.2  # seconds
_LOCKED = """
    SELECT DISTINCT coalesce(n.nspname || '.' || c.relname, 'one in another database') AS name
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.backend_type = 'startup'
      LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL
       AND coalesce(c.relkind, 'r') IN ('r', 'p', 'm') AND coalesce(n.nspname, '') NOT IN ('pg_toast', 'pg_catalog')
     ORDER BY 1"""


@dataclass(frozen=True)
class Point:
    """Right before a moment, or right before a place in the WAL (bytes): one of the two."""

    moment: datetime | None = None
    place: int | None = None

    @property
    def setting(self) -> str:
        """Give the setting that says it to the server."""
        return TIME if self.moment else PLACE

    @property
    def value(self) -> str:
        """Give what it says."""
        return self.moment.isoformat(" ") if self.moment else lsn.show(self.place or 0)

    @property
    def said(self) -> str:
        """Say it for people."""
        return utc(self.moment) if self.moment else self.value


def read(text: str) -> Point | Refusal:
    """Read "2026-11-21T17:03:00Z" (any offset, never none) or "0/3000060"."""
    with suppress(Malformed):
        return Point(place=lsn.parse(text.strip()))
    with suppress(ValueError):
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            return Point(moment=moment.astimezone(UTC))
    hint = "--to 2026-11-21T17:03:00Z (with Z or an offset such as +01:00), or a place in the WAL: --to 0/3000060"
    return Refusal("FORWARD-POINT", f"“{text[:40]}” is no moment with its zone, and no place in the WAL.", hint)


def judged(point: Point, seen: Replay, node: str, end: int | None) -> Refusal | None:
    """Say why a point can't be reached: it lies behind what was replayed, or ahead of all WAL that there is."""
    too_late = point.place is not None and point.place <= seen.replayed
    if point.moment and seen.committed:
        too_late = point.moment <= seen.committed
    if too_late:
        said = f"{node} is past that: {seen.last}, at {lsn.show(seen.replayed)}. Replay can't go back."
        return Refusal("FORWARD-PAST", said, "Restore a backup beside it, to that point.")
    known = max(seen.received, end or 0)
    if (point.moment and point.moment > seen.now) or (point.place is not None and point.place > known):
        return Refusal(
            "FORWARD-FUTURE", f"{point.said} is still to come: there is no WAL of it.", "Name an earlier one."
        )
    return None


def arrive(
    site: Site, step: StepContext, *, node: str, system: str, setting: str, value: str, primary: str
) -> Evidence:
    """Wait until a standby stands at its target; prove that it is one, and that it is not beyond it.

    A commit that is made now ends the wait where none came after the target.
    """
    here = site.cluster.node(node)
    if primary:
        with suppress(SeconderError):  # it only shortens the wait
            healing.mark(site, site.cluster.node(primary))
    before, moved = -1, time.monotonic()
    while (seen := replay.read(site, here)).state != PAUSED:
        replay.same(seen, node, system)
        if seen.replayed > before:
            before, moved = seen.replayed, time.monotonic()
            step.report(seen.replayed, max(seen.received, seen.replayed), f"{lsn.size(seen.waiting)} to replay")
        if time.monotonic() - moved > _STALL:
            said = f"{node} has not come to {value}: it stands at {lsn.show(seen.replayed)}. It stays a standby."
            raise StepFailed(said, f"Read the end of {node}'s log.", code="FORWARD-NOT-THERE")
        time.sleep(_LOOK_EVERY)
    return _proven(site, seen, node=node, system=system, setting=setting, value=value)


def _proven(site: Site, seen: Replay, *, node: str, system: str, setting: str, value: str) -> Evidence:
    replay.same(seen, node, system)
    point = read(value)
    moment = point.moment if isinstance(point, Point) else None
    if not seen.target.startswith(setting) or (moment and seen.committed and seen.committed >= moment):
        said = f"{node} is paused, but not right before {value}: {seen.last}; its target: {seen.target or 'none'}."
        raise StepFailed(said, f"Read the end of {node}'s log.", code="FORWARD-BEYOND")
    with talk(site, site.cluster.node(node)) as connection:
        locked = [str(row["name"]) for row in connection.execute(_LOCKED)]
    blocked = f". LOCKED by transactions that had begun by then, so not readable: {', '.join(locked)}" if locked else ""
    text = f"{node} stands right before {value}, at {lsn.show(seen.replayed)}; {seen.last}{blocked}"
    return Evidence(text, {"replayed": lsn.show(seen.replayed), "locked": locked})
