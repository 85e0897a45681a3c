"""What each rung of the ladder does, as steps: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.plan import Kind, Step, Undo
from fleet.postgres.ladder import Rung

_QUICK = 60.0  # seconds for a step that only says something to a server
_STOP = 180.0  # seconds
_START = 600.0  # seconds: a node may replay long before it takes connections
_STREAM = 300.0  # seconds until it streams, and without any replay afterwards
_FEED = 3600.0  # seconds until the archive has been replayed
_LONG = 8 * 3600.0  # seconds for a copy or a rewind


@dataclass(frozen=True)
class Way:
    """One way back: ``restart``: the node is stopped for it. ``running``: it ran as a standby before.

    ``source`` is copied from, ``slots`` are those that a former primary kept for others, ``archive`` feeds it.
    ``upstream`` is whom it follows when that is not the primary. ``rate`` limits a copy, as pg_basebackup spells it.
    ``former`` is whom it followed before, where its slot would pin WAL for ever.
    ``strays`` are archive folders with files of timelines that are not ``known``: the primary never was on them.
    """

    rung: Rung
    node: str
    primary: str
    system: str
    timeline: int
    slot: str
    source: str
    restart: bool
    running: bool
    replays: bool = True
    archive: str = ""
    slots: tuple[str, ...] = ()
    there: bool = True
    upstream: str = ""
    rate: str = ""
    strays: tuple[str, ...] = ()
    known: tuple[int, ...] = ()
    former: str = ""

    @property
    def ahead(self) -> str:
        """Give whom the node is going to follow."""
        return self.upstream or self.primary

    @property
    def same(self) -> dict[str, Any]:
        """Give what most steps check again."""
        return {"node": self.node, "primary": self.primary, "system": self.system, "timeline": self.timeline}

    @property
    def fed(self) -> dict[str, Any]:
        """Give whom the node follows, and from where it may fetch WAL."""
        archive = {"archive": self.archive} if self.archive else {}
        return {"node": self.node, "upstream": self.ahead, "slot": self.slot, **archive}


def steps(way: Way) -> tuple[Step, ...]:
    """Give the steps of a way back, in order."""
    match way.rung:
        case Rung.WAIT | Rung.UNPAUSE:  # resync does nothing about these
            return ()
        case Rung.REPAIR | Rung.FEED if way.restart:
            around = (_stop(way), _slot(way), _settle(way), _start(way))
            return (*_aside(way), *around, _prove(way), *_unslot(way), *_tidy(way))
        case Rung.REPAIR | Rung.FEED:
            aim = _step("aim", way.fed, f"aim {way.node} at {way.ahead}, reload", _QUICK)
            return (*_aside(way), _slot(way), aim, _prove(way), *_unslot(way))
        case Rung.REWIND:
            return (*_aside(way), _stop(way), *_rewind(way), _slot(way), _settle(way), _start(way), _prove(way))
        case Rung.COPY:
            stop = (_stop(way),) if way.there else ()
            copy = (*stop, _slot(way), *_copy(way), _start(way, undo=True))
            return (*_aside(way), *copy, _prove(way), *_unslot(way))


def _rewind(way: Way) -> tuple[Step, ...]:
    return (
        _step("save", way.same, f"keep {way.node}'s own configuration aside", _QUICK),
        Step("rewind", way.same, f"rewind {way.node} to {way.primary}", Kind.PROBE, _LONG, ponr=True),
    )


def _copy(way: Way) -> tuple[Step, ...]:
    discard = Undo("discard", {"node": way.node}, "set the copy aside")
    back = Undo("swap_back", {"node": way.node}, "put the old folder back")
    copy = {**way.same, "source": way.source, **({"rate": way.rate} if way.rate else {})}
    return (
        Step("copy", copy, f"copy {way.source} beside {way.node}'s folder", Kind.PROBE, _LONG, undo=discard),
        _step("verify", {"node": way.node}, "read the copy back, with its WAL", _LONG),
        _settle(way, fresh=True),
        Step("swap", way.same, "rename: old folder aside, new one in", Kind.PROBE, _STOP, undo=back),
    )


def _stop(way: Way) -> Step:
    undo = Undo("start", {"node": way.node}, f"start {way.node} again, read-only") if way.running else None
    title = f"stop {way.node}" if way.running else f"fence {way.node}: any start comes up read-only"
    return Step("stop", way.same, title, Kind.PROBE, _STOP, undo=undo)


def _start(way: Way, *, undo: bool = False) -> Step:
    halt = Undo("halt", {"node": way.node}, f"stop {way.node} again") if undo else None
    return Step("start", {"node": way.node}, f"start {way.node} as a standby", Kind.PROBE, _START, undo=halt)


def _slot(way: Way) -> Step:
    args = {**way.same, "slot": way.slot, "upstream": way.ahead}
    return _step("slot", args, f"slot {way.slot} on {way.ahead}", _QUICK)


def _settle(way: Way, *, fresh: bool = False) -> Step:
    args = {**way.fed, "fresh": True} if fresh else way.fed
    return _step("settle", args, f"{way.node}'s own configuration, aimed at {way.ahead}", _QUICK)


def _prove(way: Way) -> Step:
    follows = {"node": way.node, "primary": way.primary, "upstream": way.ahead}
    args = {**follows, "timeline": way.timeline, "replays": way.replays}
    return _step("prove", args, f"see {way.node} stream and replay", _FEED if way.rung is Rung.FEED else _STREAM)


def _aside(way: Way) -> tuple[Step, ...]:
    if not way.strays:
        return ()
    folders = list(way.strays)
    back = Undo("put_back", {"node": way.node, "folders": folders}, "put the archive's files back")
    args = {"same": way.same, "folders": folders, "known": list(way.known)}
    title = f"set stray WAL files aside in {', '.join(folders)}"
    return (Step("set_aside", args, title, Kind.IDEMPOTENT, _STOP, undo=back),)


def _unslot(way: Way) -> tuple[Step, ...]:
    args = {"node": way.former, "slot": way.slot}
    return (_step("unslot", args, f"drop slot {way.slot} on {way.former}", _QUICK),) if way.former else ()


def _tidy(way: Way) -> tuple[Step, ...]:
    args = {"node": way.node, "slots": list(way.slots)}
    return (_step("tidy", args, f"drop {way.node}'s slots for others", _QUICK),) if way.slots else ()


def _step(name: str, args: Mapping[str, object], title: str, deadline: float) -> Step:
    return Step(name, args, title, Kind.IDEMPOTENT, deadline)
