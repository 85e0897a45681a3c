"""What is wrong with one node: everything that the choice of a way back depends on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import SeconderError
from fleet.inventory import Node
from fleet.postgres import (
    archives,
    datadir,
    divergence,
    login,
    lsn,
    owned,
    readiness,
    restarting,
    rewind,
    sameness,
    upstream,
)
from fleet.postgres.datadir import DataDir
from fleet.postgres.divergence import End, Verdict
from fleet.postgres.ladder import Standing
from fleet.postgres.patience import one, talk
from fleet.postgres.standing import head
from fleet.postgres.view import PRIMARY, ClusterView, NodeView
from fleet.site import Site

_PAUSE = 1.0  # seconds that a standby with something to replay is given to get on
_REPLAYED = "SELECT pg_last_wal_replay_lsn()::text AS lsn"
_OLDEST = """
    SELECT min(substr(name, 9)) AS name, coalesce(sum(size), 0)::bigint AS bytes
    FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"""
_MAY_READ = """
    SELECT has_function_privilege('pg_read_binary_file(text, bigint, bigint, boolean)', 'execute') AS may_read,
           current_setting('full_page_writes') = 'on' AS full_pages"""


@dataclass(frozen=True)
class Plight:
    """A node's trouble. ``lost`` is the WAL in bytes that only this node has, where that is known.

    ``archive`` is a folder on the node's machine that holds the WAL which it needs, or empty; it holds ``gap`` bytes
    that the upstream lacks. ``wal`` is the size of the upstream's pg_wal, ``missing`` what the node lacks of the
    primary's WAL, all in bytes. ``known`` are the timelines of the primary's history, ``strays`` the files of others in
    archive folders on the node's machine. ``followed`` is the standby at which the node is aimed now, if it is.
    ``stray`` is a history file elsewhere that would keep it from starting.
    """

    standing: Standing
    end: End
    data: DataDir | None
    lost: int | None
    archive: str
    gap: int = 0
    wal: int = 0
    missing: int | None = None
    known: tuple[int, ...] = ()
    strays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    followed: str = ""
    stray: str = ""

    @property
    def restart(self) -> bool:
        """Say whether the node must be stopped first: it doesn't answer, writes, or streams and yet stands still."""
        stuck = self.standing.streaming and not self.standing.moving
        return not self.standing.answers or self.end.wrote or stuck


@dataclass(frozen=True)
class _Pair:
    """The node in trouble, the primary, and the node that it shall follow: mostly the primary, too."""

    site: Site
    here: Node
    there: Node
    ahead: Node
    seen: NodeView
    primary: NodeView


def look(site: Site, view: ClusterView, target: str, primary: str, follow: str = "") -> Plight:
    """Look closely at a node, its folder and its WAL; without ``follow`` it shall follow the primary.

    Raises ``Unreachable``, ``ShellError``, ``StepFailed``.
    """
    cluster = site.cluster
    here, there, ahead = (cluster.node(name) for name in (target, primary, follow or primary))
    pair = _Pair(site, here, there, ahead, view.nodes[target], view.nodes[primary])
    shell = site.shell(pair.here)
    data = datadir.look(shell, pair.here)
    end = _end(pair, data)
    forks = _forks(pair)
    with talk(site, pair.there) as connection:  # after the target's end was read: the primary only moves on
        timeline, position = head(connection, primary)
    with talk(site, pair.ahead) as connection:
        wal = one(connection, _OLDEST)
    oldest = str(wal["name"] or "")
    verdict = divergence.verdict(end, End(timeline, position), forks)
    segment = data.segment if data else 1
    kept = _kept(end, oldest, segment)
    archive, gap = ("", 0) if kept or verdict is not Verdict.FOLLOWS else _archive(pair, end, oldest, segment)
    standing = Standing(
        verdict=verdict,
        answers=pair.seen.reachable,
        streaming=pair.seen.streaming and pair.seen.receiver is not None and _tli(pair.seen) == timeline,
        paused=pair.seen.replay_paused,
        delayed=pair.seen.apply_delay > 0,
        moving=_moving(pair, position),
        same_wal=_same(pair, end, segment) if verdict is Verdict.FOLLOWS else None,
        wal_kept=kept,
        archive_has=bool(archive),
        no_rewind=_no_rewind(pair, data) if verdict is Verdict.DIVERGED else "",
        empty=data is None,
        elsewhere=_elsewhere(pair) if follow else "",
    )
    fork = forks.get(end.timeline) if end.timeline is not None else None
    beyond = end.position - fork if fork is not None and end.position is not None else None
    known = tuple(sorted({timeline, *forks})) if forks or timeline == 1 else ()
    strays = archives.look(site, view, pair.here, known)
    runs = standing.streaming and standing.moving
    return Plight(
        standing,
        end,
        data,
        beyond if verdict is Verdict.DIVERGED else None,
        archive,
        gap,
        int(wal["bytes"]),
        None if end.position is None else max(0, position - end.position),
        known,
        strays,
        "" if end.wrote else _followed(pair, view),
        "" if runs else restarting.stray_history(site, pair.here, timeline, but=strays),
    )


def _tli(node: NodeView) -> int | None:
    return node.receiver.received_tli if node.receiver else None


def _end(pair: _Pair, data: DataDir | None) -> End:
    """Find where the node's WAL ends: its own word when it answers, else what lies in its folder."""
    if pair.seen.reachable:
        return End(pair.seen.timeline, pair.seen.has_lsn, wrote=pair.seen.state == PRIMARY)
    return datadir.end(pair.site.shell(pair.here), pair.here, data) if data else End(None, None)


def _forks(pair: _Pair) -> dict[int, int]:
    if pair.primary.timeline is None or pair.primary.timeline == 1:
        return {}
    text = pair.site.shell(pair.there).read(f"{pair.there.data}/pg_wal/{pair.primary.timeline:08X}.history")
    return divergence.history(text or "")


def _kept(end: End, oldest: str, segment: int) -> bool:
    """Say whether the primary's oldest WAL file begins before the end of what the node has."""
    return bool(oldest) and end.position is not None and datadir.start("0" * 8 + oldest, segment) <= end.position


def _moving(pair: _Pair, position: int) -> bool:
    """Say whether a standby has replayed all that there was, or gets on with it."""
    before = pair.seen.replay_lsn
    if before is None:
        return False
    deadline, now = time.monotonic() + _PAUSE, before
    while now < position and now == before and time.monotonic() < deadline:
        time.sleep(_PAUSE / 10)
        try:
            with talk(pair.site, pair.here) as connection:
                now = lsn.parse(one(connection, _REPLAYED)["lsn"] or "0/0")
        except SeconderError:
            return False
    return now >= position or now > before


def _same(pair: _Pair, end: End, segment: int) -> bool | None:
    until = pair.seen.replay_lsn or end.position or 0
    here, there = (pair.site.shell(pair.here), pair.here), (pair.site.shell(pair.there), pair.there)
    return sameness.same_wal(here, there, until=until, segment=segment)


def _archive(pair: _Pair, end: End, oldest: str, segment: int) -> tuple[str, int]:
    """Give an archive folder on the node's own machine that closes the gap to the oldest WAL, and the gap in bytes."""
    if end.position is None or not oldest:
        return "", 0
    gap = range(end.position // segment, datadir.start("0" * 8 + oldest, segment) // segment)
    for folder in archives.folders(pair.site.cluster, pair.here):
        there = {file[8:24] for file in datadir.names(pair.site.shell(pair.here), folder)}
        if all(datadir.suffix(number, segment) in there for number in gap):
            return folder, len(gap) * segment
    return "", 0


def _followed(pair: _Pair, view: ClusterView) -> str:
    """Give the standby at which the node's primary_conninfo points: a mirror may have followed one on purpose."""
    if pair.seen.reachable:
        with talk(pair.site, pair.here) as connection:
            text = upstream.current_conninfo(connection)
    else:
        text = owned.value(pair.site.shell(pair.here).read(f"{pair.here.data}/{owned.AUTO}") or "", "primary_conninfo")
    standbys = [pair.site.cluster.node(one.name) for one in view.standbys if one.name != pair.here.name]
    return upstream.points_at(text, standbys)


def _elsewhere(pair: _Pair) -> str:
    """Say that the node follows another one than was asked for, or nothing."""
    sender = pair.seen.receiver
    if sender is None or (sender.sender_host, sender.sender_port) == (pair.ahead.address, pair.ahead.port):
        return ""
    return f"it follows {sender.sender_host}:{sender.sender_port}, not {pair.ahead.name}"


def _no_rewind(pair: _Pair, data: DataDir | None) -> str:
    """Say why pg_rewind can't help here, or nothing."""
    shell = pair.site.shell(pair.here)
    if data is None or not data.hints:
        return "neither checksums nor wal_log_hints are on"
    if rewind.unfinished(shell, pair.here):
        return "an earlier rewind did not finish, so the folder may be half rewound"
    with talk(pair.site, pair.there) as connection:
        row = one(connection, _MAY_READ)
    if not row["full_pages"]:
        return "full_page_writes is off on the primary"
    if not row["may_read"]:
        return f"{pair.there.database_user} may not read the primary's files"
    if readiness.programs(shell, pair.here) != pair.primary.version // 10000:
        return "its programs are of another major version"
    tried = login.sql(shell, pair.here, pair.there)
    return f"no login at the primary from there: {tried.error}" if tried.error else ""
