"""Whether a node's WAL lies on the primary's history: our own verdict, because pg_rewind's return code can mislead.

Up to PostgreSQL 15 pg_rewind says "no rewind required" (code 0) about a really diverged node until the new primary has
made a checkpoint, and any version says so about two nodes that wrote on the same timeline.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fleet.postgres import lsn

_WROTE = frozenset({"in production", "shut down", "shutting down", "in crash recovery"})
_BETWEEN = re.compile(r"WAL statistics between [0-9A-F]+/[0-9A-F]+ and ([0-9A-F]+/[0-9A-F]+):")
_BROKEN_AT = re.compile(r"error in WAL record at [0-9A-F]+/[0-9A-F]+: .* at ([0-9A-F]+/[0-9A-F]+)")


class Verdict(StrEnum):
    """How a node's WAL stands to the primary's history."""

    FOLLOWS = "follows"  # it has nothing that the primary lacks
    DIVERGED = "diverged"  # it has WAL from beyond the fork: rewind or copy
    AHEAD = "ahead"  # WAL of the primary's own timeline that the primary never wrote: only a copy helps
    NEWER = "newer"  # a later timeline than the primary's: is that the primary at all?
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class End:
    """Where a node's WAL ends. ``wrote``: it last ran as a primary, so nothing proves where its last WAL came from."""

    timeline: int | None
    position: int | None
    wrote: bool = False


def verdict(target: End, source: End, forks: Mapping[int, int]) -> Verdict:
    """Judge a node against the primary; ``forks`` is the primary's history: timeline → where it was left."""
    if target.timeline is None or target.position is None or source.timeline is None or source.position is None:
        return Verdict.UNKNOWN
    if target.timeline > source.timeline:
        return Verdict.NEWER
    if target.timeline == source.timeline:
        return Verdict.AHEAD if target.wrote or target.position > source.position else Verdict.FOLLOWS
    fork = forks.get(target.timeline)
    if not forks:
        return Verdict.UNKNOWN
    return Verdict.FOLLOWS if fork is not None and target.position <= fork else Verdict.DIVERGED


def wrote(state: str) -> bool:
    """Say whether a control file's state is one that only a primary has."""
    return state in _WROTE


def history(text: str) -> dict[int, int]:
    """Read a timeline's ``.history`` file: each earlier timeline and where it was left, in bytes."""
    forks = {}
    for line in text.splitlines():
        words = line.split(None, 2)
        if len(words) > 1 and words[0].isdigit():
            forks[int(words[0])] = lsn.parse(words[1])
    return forks


def wal_end(out: str, err: str) -> int | None:
    """Read from ``pg_waldump --stats`` of one WAL file where its last whole record ends; None when it has none.

    Up to 14 the statistics don't say it, but the complaint about what follows the last record does.
    """
    found = _BETWEEN.search(out) or _BROKEN_AT.search(err)
    return lsn.parse(found[1]) if found else None
