"""From the last approval to the first row that a client gets accepted, beside a bare pg_promote.

Each round has a fresh cluster; the bot lives through all of them, as it does in the house that it serves.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from bench.client import SETTLE, Gap, timeline, writing
from bench.product import Bot, product
from bench.table import Row, longest_row, row
from sandbox.cluster import DemoCluster, build
from sandbox.errors import SandboxError
from sandbox.servers import find_bin
from sandbox.written import acknowledged

RUNS, VERSIONS = 5, (15, 18)
_PATIENCE = 30.0  # seconds until the first row
Figure = TypeVar("Figure")
_AGAINST = "kill -9, then SELECT pg_promote()"


def measure() -> Iterator[Row]:
    """Kill the primary of a fresh cluster each time, and promote in turn by a bare statement and by us."""
    for version in VERSIONS:
        try:
            programs = find_bin(version)
        except SandboxError as missing:
            sys.stderr.write(f"SKIPPED: PostgreSQL {version}: {missing}\n")
            continue
        ours: list[_Took] = []
        bare: list[float] = []
        with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder:
            bot = Bot(Path(folder))
            for _ in range(RUNS):
                bare.append(_on_a_fresh_one(programs, _bare))
                ours.append(_on_a_fresh_one(programs, partial(_ours, bot)))
            bot.store.close()
        what = f"first row, PostgreSQL {version}"
        counted, handed = [one.counted for one in ours], [one.handed for one in ours]
        yield row(f"failover, last approval to {what}, median", "ms", counted, bare, _AGAINST)
        yield longest_row(f"failover, last approval to {what}, worst", "ms", counted, bare, _AGAINST)
        yield row(f"failover, that approval's being handed in to {what}, median", "ms", handed, bare, _AGAINST)


@dataclass(frozen=True)
class _Took:
    """Milliseconds until the first row, from when the last approval had been counted, and was handed in."""

    counted: float
    handed: float


def _on_a_fresh_one(programs: Path, promote: Callable[[DemoCluster, Path, Path], Figure]) -> Figure:
    with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        cluster = build(home, bin_dir=programs)
        try:
            with writing(cluster) as log:
                time.sleep(SETTLE)
                cluster.kill("db1")
                time.sleep(SETTLE)
                return promote(cluster, home, log)
        finally:
            cluster.remove()


def _bare(cluster: DemoCluster, _home: Path, log: Path) -> float:
    with cluster.connect("db2") as connection:
        began = datetime.now(UTC)
        connection.execute("SELECT pg_promote()")
    return _first(log, began).total_seconds() * 1000


def _ours(bot: Bot, cluster: DemoCluster, home: Path, log: Path) -> _Took:
    with product(cluster, home, bot=bot) as ours:
        ended = ours.carry_out(ours.ask("promote", node=None))
    took = _first(log, ended.voted)
    steps = "; ".join(timeline(Gap(ended.voted, took.total_seconds()), ended.run.steps))
    sys.stderr.write(f"  first row {took.total_seconds() * 1000:.0f} ms after the approval: {steps}\n")
    return _Took(took.total_seconds() * 1000, (took + ended.voted - ended.handed).total_seconds() * 1000)


def _first(log: Path, since: datetime) -> timedelta:
    """Give the time until the first row that was acknowledged since then."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for _, at in acknowledged(log):
            if at > since:
                return at - since
        time.sleep(0.05)
    raise TimeoutError("nobody took a row")
