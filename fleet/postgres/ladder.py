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
    ``no_rewind``: why pg_rewind can't be used, or empty. ``elsewhere``: it follows another node than was asked for.
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
    elsewhere: str = ""


@dataclass(frozen=True)
class Choice:
    """The rung taken, and a sentence for each cheaper one that was not."""

    rung: Rung
    why_not: tuple[str, ...]


def choose(standing: Standing, *, rebuild: bool = False) -> Choice:
    """Take the first rung whose conditions hold; ``rebuild`` asks for the last one."""
    if rebuild:
        return Choice(Rung.COPY, ("no cheaper way was considered: --rebuild asks for a full copy",))
    passed: dict[str, list[str]] = {}
    for rung, obstacle in _obstacles(standing).items():
        if not obstacle:
            return Choice(rung, _grouped(passed))
        passed.setdefault(obstacle, []).append(_NAMES[rung])
    return Choice(Rung.COPY, _grouped(passed))


def _grouped(passed: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(f"no {', no '.join(names)}: {obstacle}" for obstacle, names in passed.items())


_NAMES = {
    Rung.WAIT: "waiting",
    Rung.UNPAUSE: "unpausing",
    Rung.REPAIR: "reconnecting",
    Rung.FEED: "feeding WAL",
    Rung.REWIND: "rewinding",
}


def _obstacles(standing: Standing) -> dict[Rung, str]:
    """Give what speaks against each rung, cheapest first; the empty string where nothing does."""
    strange = _strange(standing)
    return {
        Rung.WAIT: strange or _not_wait(standing),
        Rung.UNPAUSE: strange or _not_unpause(standing),
        Rung.REPAIR: strange or ("" if standing.wal_kept else "the primary no longer has the WAL that it needs"),
        Rung.FEED: strange or ("" if standing.archive_has else "no archive within its reach has that WAL whole"),
        Rung.REWIND: _not_rewind(standing, strange),
    }


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
    if not standing.streaming:
        return "it does not stream from the primary"
    if standing.elsewhere:
        return standing.elsewhere
    if standing.paused:
        return "replay is paused"
    if standing.delayed:
        return ""
    return "" if standing.moving else "replay stands still"


def _not_unpause(standing: Standing) -> str:
    if not standing.paused:
        return "replay is not paused"
    if standing.elsewhere:
        return standing.elsewhere
    return "" if standing.streaming or standing.wal_kept else "the primary no longer has the WAL that it needs"


def _not_rewind(standing: Standing, strange: str) -> str:
    if standing.verdict is not Verdict.DIVERGED or standing.empty:
        return strange or "nothing diverged"
    return standing.no_rewind
