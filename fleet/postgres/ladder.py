"""Which way back a standby needs: the first rung of the ladder whose conditions all hold, and why no cheaper one."""

from dataclasses import dataclass
from enum import IntEnum

from fleet.postgres.divergence import Verdict


class Rung(IntEnum):
    """The ways back, cheapest first."""

    WAIT = 0
    UNPAUSE = 1
    REPAIR = 2
    FEED = 3
    REWIND = 4
    COPY = 5


@dataclass(frozen=True)
class Standing:
    """All that the choice depends on.

    ``streaming``: its receiver streams on the primary's timeline. ``moving``: it replays, or has nothing to replay.
    ``same_wal``: WAL that both nodes have is the same, byte for byte; None when they have none in common.
    ``wal_kept``: the primary still has the WAL that the target needs next. ``archive_has``: so has the archive.
    ``no_rewind``: why pg_rewind can't be used, or empty.
    """

    verdict: Verdict
    answers: bool
    streaming: bool = False
    paused: bool = False
    delayed: bool = False
    moving: bool = False
    same_wal: bool | None = None
    wal_kept: bool = False
    archive_has: bool = False
    no_rewind: str = ""
    empty: bool = False


@dataclass(frozen=True)
class Choice:
    """The rung taken, and a sentence for each cheaper one that was not."""

    rung: Rung
    why_not: tuple[str, ...]


def choose(standing: Standing, *, rebuild: bool = False) -> Choice:
    """Take the first rung whose conditions hold; ``rebuild`` asks for the last one."""
    if rebuild:
        return Choice(Rung.COPY, ("cheaper ways: not tried, --rebuild asks for a full copy",))
    why_not: list[str] = []
    for rung, obstacle in _obstacles(standing):
        if not obstacle:
            return Choice(rung, tuple(why_not))
        why_not.append(obstacle)
    return Choice(Rung.COPY, tuple(why_not))


def _obstacles(standing: Standing) -> tuple[tuple[Rung, str], ...]:
    return (
        (Rung.WAIT, _not_wait(standing)),
        (Rung.UNPAUSE, _not_unpause(standing)),
        (Rung.REPAIR, _not_repair(standing)),
        (Rung.FEED, _not_feed(standing)),
        (Rung.REWIND, _not_rewind(standing)),
    )


def _strange(standing: Standing) -> str:
    """Say why this node's WAL can't simply be continued, or nothing."""
    if standing.empty:
        return "there is no data folder"
    if standing.same_wal is False:
        return "its WAL differs from the primary's on the same timeline"
    if standing.verdict is not Verdict.FOLLOWS:
        return _VERDICTS[standing.verdict]
    return ""


_VERDICTS = {
    Verdict.DIVERGED: "it has WAL that the primary never had",
    Verdict.AHEAD: "it wrote on the primary's own timeline",
    Verdict.NEWER: "it is on a later timeline than the primary",
    Verdict.UNKNOWN: "where its WAL ends is unknown",
}


def _not_wait(standing: Standing) -> str:
    if strange := _strange(standing):
        return f"wait: {strange}"
    if not standing.streaming:
        return "wait: it does not stream from the primary"
    if not standing.delayed and (standing.paused or not standing.moving):
        return "wait: replay is paused" if standing.paused else "wait: replay does not move"
    return ""


def _not_unpause(standing: Standing) -> str:
    if strange := _strange(standing):
        return f"unpause: {strange}"
    if not standing.paused:
        return "unpause: replay is not paused"
    return "" if standing.streaming or standing.wal_kept else "unpause: the WAL that it needs next is gone"


def _not_repair(standing: Standing) -> str:
    if strange := _strange(standing):
        return f"reconnect: {strange}"
    return "" if standing.wal_kept else "reconnect: the primary no longer has the WAL that it needs"


def _not_feed(standing: Standing) -> str:
    if strange := _strange(standing):
        return f"feed WAL: {strange}"
    return "" if standing.archive_has else "feed WAL: no archive within its reach has that WAL without a gap"


def _not_rewind(standing: Standing) -> str:
    if standing.verdict is not Verdict.DIVERGED or standing.same_wal is False or standing.empty:
        reason = _strange(standing) or "nothing diverged, so there is nothing to rewind"
        return f"rewind: {reason}"
    return f"rewind: {standing.no_rewind}" if standing.no_rewind else ""
