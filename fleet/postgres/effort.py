"""What a way back moves and how long that may take, in words that don't promise: pure."""

from fleet.postgres import lsn, speed
from fleet.postgres.ladder import Rung
from fleet.postgres.plight import Plight
from fleet.postgres.readiness import Readiness
from fleet.postgres.source import needed
from fleet.postgres.speed import Speed
from fleet.postgres.ways import Way


def words(way: Way, seen: Plight, ready: Readiness | None, measured: Speed | None) -> tuple[str, ...]:
    """Say how many bytes move, and the time; nothing for a way that moves none."""
    match way.rung:
        case Rung.COPY if ready is not None:
            return _copy(way, ready, measured)
        case Rung.REWIND:
            size = seen.wal + (seen.lost or 0)
            what = f"{way.primary}'s WAL files and what changed beyond the fork"
            return (f"moves ≈ {lsn.size(size)} ({what}); {speed.time_for(size, measured)}",)
        case Rung.FEED:
            size = max(seen.missing or 0, seen.gap)
            said = f"reads ≈ {lsn.size(seen.gap)} from {way.archive}, replays ≈ {lsn.size(size)} in all"
            return (f"{said}; {speed.replay_time(size)}",)
        case Rung.REPAIR if seen.missing:
            return (f"replays ≈ {lsn.size(seen.missing)} that it lacks; {speed.replay_time(seen.missing)}",)
    return ()


def _copy(way: Way, ready: Readiness, measured: Speed | None) -> tuple[str, ...]:
    free = "an unknown amount" if ready.free is None else lsn.size(ready.free)
    room = f"needs {lsn.size(needed(ready.size))}, free {free}"
    time = speed.time_for(ready.size, measured, way.rate)
    return (f"copies ≈ {lsn.size(ready.size)} from {way.source}; {room}", f"{time}; then it is read back")
