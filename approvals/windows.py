"""PLACEHOLDER: to be replaced wholly by whoever owns this file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Window:
    """A span of time."""

    name: str
    zone: str
    days: frozenset[int]
    begin: str
    end: str
    since: str = ""
    until: str = ""


def frozen_by(windows: Iterable[Window], at: datetime) -> Window | None:
    """Placeholder."""
    return None


def outside(allowed: Sequence[Sequence[Window]], at: datetime) -> Sequence[Window] | None:
    """Placeholder."""
    return None


def next_open(
    allowed: Sequence[Sequence[Window]], frozen: Sequence[Window], at: datetime, within: timedelta = timedelta(14)
) -> datetime | None:
    """Placeholder."""
    return at
