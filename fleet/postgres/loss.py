"""What a failover would lose: read from the dead primary's own WAL, never estimated."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from fleet.inventory import Node
from fleet.postgres import lsn, wal
from fleet.postgres.control import read_control
from fleet.postgres.patience import talk
from fleet.site import Read, Site

WAL_BYTES = 16 * 1024 * 1024
WAL_SECONDS = 10
_STANDBY = """
    SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text AS lsn,
           extract(epoch FROM pg_last_xact_replay_timestamp())::float8 AS committed
"""


@dataclass(frozen=True)
class Loss:
    """What the candidate lacks: bytes of WAL, acknowledged transactions, seconds between the last commits of both."""

    wal_bytes: int
    commits: int
    seconds: int
    at: int  # where the dead primary's WAL ends
    has: int  # where the candidate's ends
    last: datetime | None = None  # when the dead primary is known to have committed last

    @property
    def words(self) -> str:
        """Say it in a line."""
        if self.commits == 0:
            return f"no committed transaction ({lsn.size(self.wal_bytes)} of WAL without a commit)"
        return f"{self.commits} transactions, {lsn.size(self.wal_bytes)} of WAL, {self.seconds} s"

    def within(self, wal_bytes: int, wal_seconds: int) -> bool:
        """Say whether it is no more than what was consented to."""
        return self.wal_bytes <= wal_bytes and self.seconds <= wal_seconds


def measure(site: Site, dead: Node, candidate: Node, seal: str = "") -> Loss:
    """Measure what promoting ``candidate`` loses of what ``dead`` has, which must be stopped.

    ``seal``: the one over its WAL, when that was looked at since it was seen stopped. Both machines are asked at once,
    and what was read a moment ago is not read again under the same seal: clients wait. Raises ``Unreachable``,
    ``ShellError``: what can't be measured may not be promised.
    """
    shell = site.shell(dead)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="candidate") as pool:
        standing = pool.submit(_standing, site, candidate)
        seal = seal or wal.seal(shell, dead)
        found = _once(site, seal, dead, "control", partial(read_control, shell, dead))
        timeline = found.timeline
        end = _once(site, seal, dead, "end", partial(wal.end_of_wal, shell, dead, timeline, found.redo))
        has, replayed = standing.result()
    if has >= end:
        return Loss(0, 0, 0, end, has, replayed)
    lost = _once(site, seal, dead, f"after {has}", partial(wal.commits_after, shell, dead, timeline, has))
    return Loss(end - has, lost.count, _seconds(lost, replayed), end, has, lost.last or replayed)


def _once(site: Site, seal: str, dead: Node, what: str, read: Callable[[], Read]) -> Read:
    """Read something of a stopped server once under its seal, or each time where there is none."""
    return site.kept((dead.name, seal, what), read) if seal else read()


def _standing(site: Site, candidate: Node) -> tuple[int, datetime | None]:
    """Give where a standby's WAL ends, and when the newest commit that it replayed was made."""
    with talk(site, candidate) as connection:
        row = connection.execute(_STANDBY).fetchone() or {}
    committed = row.get("committed")
    replayed = datetime.fromtimestamp(committed, UTC) if isinstance(committed, float) else None
    return lsn.parse(str(row["lsn"])) if row.get("lsn") else 0, replayed


def _seconds(lost: wal.Commits, replayed: datetime | None) -> int:
    """Give whole seconds, rounded up, between the last commit that stays and the last that is lost."""
    if lost.last is None:
        return 0
    kept = lost.first or lost.last
    if replayed is not None:
        kept = min(kept, replayed)
    return int((lost.last - kept).total_seconds()) + 1
