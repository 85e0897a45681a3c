"""An independent client that inserts all the time, and what its log says of one piece of work."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from runs.model import StepRecord
from sandbox.cluster import DemoCluster
from sandbox.written import acknowledged

SETTLE = 1.5  # seconds of quiet writing before and after
_FIRST = 20.0  # seconds until the client's first row


@dataclass(frozen=True)
class Gap:
    """The longest time between two acknowledged inserts, and when it began."""

    began: datetime
    seconds: float

    @property
    def ms(self) -> float:
        """Give it in milliseconds."""
        return self.seconds * 1000


def longest(times: Iterable[datetime]) -> Gap:
    """Give the longest gap between the times of acknowledged rows. Raises ``ValueError`` when there are not two."""
    gaps = (Gap(one, (two - one).total_seconds()) for one, two in pairwise(times))
    return max(gaps, key=lambda gap: gap.seconds)


def timeline(gap: Gap, steps: Iterable[StepRecord]) -> list[str]:
    """Say for each step when it began and ended, in milliseconds since the last row; those before and after it not."""
    lines = []
    for step in steps:
        times = [_ms(gap, at) for at in (step.started_at, step.ended_at) if at]
        if len(times) > 1 and times[1] > 0 and times[0] < gap.ms:
            lines.append(f"{step.name}: {times[0]:.0f} to {times[1]:.0f} ms")
    return lines


@contextmanager
def writing(cluster: DemoCluster) -> Iterator[Path]:
    """Have a client write to whichever node takes writes; gives its log once it writes."""
    with tempfile.TemporaryDirectory(prefix="seconder-writer-") as name:
        log = Path(name) / "writer.log"
        words = [sys.executable, "-m", "sandbox.writer", "--log", str(log), "--status", f"{name}/writer.json"]
        process = subprocess.Popen([*words, "--dsn", cluster.rw_dsn()])
        try:
            _until(lambda: log.exists() and log.stat().st_size > 0)
            yield log
        finally:
            process.terminate()
            process.wait(timeout=10)


def gap_of(cluster: DemoCluster, work: Callable[[], object]) -> Gap:
    """Give the longest gap that a client sees while something is done to the cluster."""
    with writing(cluster) as log:
        time.sleep(SETTLE)
        began = datetime.now(UTC)
        work()
        time.sleep(SETTLE)
        return longest(at for _, at in acknowledged(log) if at >= began)


def _ms(gap: Gap, at: str) -> float:
    return (datetime.fromisoformat(at) - gap.began).total_seconds() * 1000


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _FIRST
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("the client never wrote")
        time.sleep(0.01)
