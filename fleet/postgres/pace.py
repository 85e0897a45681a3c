"""How fast a server makes WAL, as one look shows it: averages, each with the time that it was taken over."""

from dataclasses import dataclass

SHORTEST = 60.0  # seconds: an average over less says nothing
_HOUR, _DAY = 3600.0, 86400.0  # seconds


@dataclass(frozen=True)
class Pace:
    """WAL in bytes that was made in some seconds."""

    wal_bytes: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Give bytes per second."""
        return self.wal_bytes / self.seconds

    @property
    def per_hour(self) -> int:
        """Give bytes per hour."""
        return round(self.per_second * _HOUR)


def fastest(paces: tuple[Pace, ...]) -> Pace | None:
    """Give the faster of several averages: who says how much time is left errs on the early side."""
    return max(paces, key=lambda pace: pace.per_second, default=None)


def span(seconds: float) -> str:
    """Write a length of time roughly: ``40 s``, ``12 min``, ``9 h``, ``3 d``."""
    for unit, size, below in (("s", 1.0, 90.0), ("min", 60.0, 90 * 60.0), ("h", _HOUR, 2 * _DAY)):
        if seconds < below:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / _DAY:.0f} d"
