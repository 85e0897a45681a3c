"""The write gap of our switchover beside repmgr's and Patroni's and the by-hand floor, in one run on one machine."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

from bench import by_hand
from bench.client import Gap, gap_of
from bench.peers import patroni, repmgr
from bench.peers.absent import VERSION, Absent
from bench.product import has_sshd, product
from bench.switchover import FLOOR, RUNS, our_gap, rows
from bench.table import Row
from sandbox.cluster import build
from sandbox.servers import find_bin

_Way = Callable[[], Gap]
_Peer = Callable[[Path], AbstractContextManager[repmgr.RepmgrCluster | patroni.PatroniCluster]]
PEERS: dict[str, _Peer] = {"repmgr": repmgr.running, "Patroni": patroni.running}
_WHAT = f"switchover, longest write gap, PostgreSQL {VERSION}, SSH, no archiving"


def measure() -> Iterator[Row]:
    """Switch over in turn by hand, by us and by each peer: clusters of the same kind, the same client."""
    if not has_sshd():
        return
    with ExitStack() as undo:
        home = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="seconder-bench-")))
        home.chmod(0o755)
        ways = {**_own(home, undo), **_peers(home, undo)}
        gaps: dict[str, list[Gap]] = {name: [] for name in ways}
        for _ in range(RUNS):
            for name, way in ways.items():
                gaps[name].append(way())
                sys.stderr.write(f"  {name}: {gaps[name][-1].ms:.0f} ms\n")
    ours = gaps.pop("ours")
    for name, theirs in gaps.items():
        yield from rows(_WHAT, ours, theirs, name)


def _own(home: Path, undo: ExitStack) -> dict[str, _Way]:
    cluster = build(_folder(home, "ours"), bin_dir=find_bin(VERSION), archive=False)
    undo.callback(cluster.remove)
    ours = undo.enter_context(product(cluster, home / "ours", ssh=True))
    hand = partial(gap_of, cluster, lambda: by_hand.switch(cluster, ours.site))
    return {FLOOR: hand, "ours": lambda: our_gap(cluster, ours)}


def _peers(home: Path, undo: ExitStack) -> dict[str, _Way]:
    ways: dict[str, _Way] = {}
    for name, running in PEERS.items():
        try:
            peer = undo.enter_context(running(_folder(home, name.lower())))
        except Absent as missing:
            sys.stderr.write(f"SKIPPED: {name}: {missing}\n")
            continue
        ways[name] = partial(_once, peer)
    return ways


def _once(peer: repmgr.RepmgrCluster | patroni.PatroniCluster) -> Gap:
    peer.settle()
    gap = gap_of(peer.cluster, lambda: peer.switchover(by_hand.other(peer.cluster)))
    peer.settle()
    return gap


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir(mode=0o755)
    return folder
