"""From the last approval to the first row that a client gets accepted, beside a bare pg_promote.

Each round has a fresh cluster; the bot lives through all of them, as it does in the house that it serves.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.client import SETTLE, Gap, timeline, writing
from bench.product import Bot, product
from bench.table import Row, longest_row, row
from sandbox.cluster import DemoCluster, build
from sandbox.errors import SandboxError
from sandbox.servers import find_bin
from sandbox.written import acknowledged

RUNS, VERSIONS = 5, (15, 18)
_PATIENCE = 30.0  # seconds until the first row
_AGAINST = "kill -9, then SELECT pg_promote()"


def measure() -> Iterator[Row]:
    """Kill the primary of a fresh cluster each time, and promote in turn by a bare statement and by us."""
    for version in VERSIONS:
        try:
            programs = find_bin(version)
        except SandboxError as missing:
            sys.stderr.write(f"SKIPPED: PostgreSQL {version}: {missing}\n")
            continue
        ours, bare = [], []
        with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder:
            bot = Bot(Path(folder))
            for _ in range(RUNS):
                bare.append(_on_a_fresh_one(programs, _bare))
                ours.append(_on_a_fresh_one(programs, partial(_ours, bot)))
            bot.store.close()
        what = f"failover, last approval to first row, PostgreSQL {version}"
        yield row(f"{what}, median", "ms", ours, bare, _AGAINST)
        yield longest_row(f"{what}, worst", "ms", ours, bare, _AGAINST)


def _on_a_fresh_one(programs: Path, promote: Callable[[DemoCluster, Path, Path], float]) -> float:
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


def _ours(bot: Bot, cluster: DemoCluster, home: Path, log: Path) -> float:
    with product(cluster, home, bot=bot) as ours:
        ended = ours.carry_out(ours.ask("promote", node=None))
    took = _first(log, ended.voted)
    steps = "; ".join(timeline(Gap(ended.voted, took.total_seconds()), ended.run.steps))
    sys.stderr.write(f"  first row {took.total_seconds() * 1000:.0f} ms after the approval: {steps}\n")
    return took.total_seconds() * 1000


def _first(log: Path, since: datetime) -> timedelta:
    """Give the time until the first row that was acknowledged since then."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for _, at in acknowledged(log):
            if at > since:
                return at - since
        time.sleep(0.05)
    raise TimeoutError("nobody took a row")
