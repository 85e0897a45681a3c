"""The write gap of our switchover, seen by a client that inserts all the time, beside the by-hand floor."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import by_hand
from bench.client import Gap, gap_of, timeline
from bench.product import Ended, Product, has_sshd, product
from bench.table import Row, longest_row, row
from sandbox.cluster import DemoCluster, build
from sandbox.errors import SandboxError
from sandbox.servers import find_bin

RUNS = 5
VERSIONS = (15, 18)
FLOOR = "by hand, promoted as soon as it is safe"


def measure() -> Iterator[Row]:
    """Switch over in turn by hand and by us: each version, through a local shell and over SSH, with archiving."""
    for version in VERSIONS:
        try:
            programs = find_bin(version)
        except SandboxError as missing:
            sys.stderr.write(f"SKIPPED: PostgreSQL {version}: {missing}\n")
            continue
        for ssh in (False, True) if has_sshd() else (False,):
            with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder:
                home = Path(folder)
                home.chmod(0o755)
                cluster = build(home, bin_dir=programs)
                try:
                    with product(cluster, home, ssh=ssh) as ours:
                        yield from _both(cluster, ours, f"PostgreSQL {version}, {'SSH' if ssh else 'local shell'}")
                finally:
                    cluster.remove()


def _both(cluster: DemoCluster, ours: Product, where: str) -> Iterator[Row]:
    gaps: list[Gap] = []
    hand: list[Gap] = []
    for _ in range(RUNS):
        hand.append(gap_of(cluster, lambda: by_hand.switch(cluster, ours.site)))
        gaps.append(our_gap(cluster, ours))
    yield from rows(f"switchover, longest write gap, {where}", gaps, hand, FLOOR)


def our_gap(cluster: DemoCluster, ours: Product) -> Gap:
    """Switch over once by the product's steps, and say on standard error where the gap lay in them."""
    ended: list[Ended] = []

    def switch() -> None:
        ended.append(ours.carry_out(ours.ask("promote", node=by_hand.other(cluster))))

    gap = gap_of(cluster, switch)
    sys.stderr.write(f"  a gap of {gap.ms:.0f} ms: {'; '.join(timeline(gap, ended[0].run.steps))}\n")
    return gap


def rows(what: str, ours: Sequence[Gap], theirs: Sequence[Gap], against: str) -> Iterator[Row]:
    """Give the median and the longest of two series that were measured in turn."""
    mine, other = [gap.ms for gap in ours], [gap.ms for gap in theirs]
    yield row(f"{what}, median", "ms", mine, other, against)
    yield longest_row(f"{what}, worst", "ms", mine, other, against)
