"""What a failover would lose: read from the dead primary's own WAL, never estimated."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from core.errors import StepFailed
from fleet.inventory import Node
from fleet.postgres import lsn, standing, wal
from fleet.postgres.control import read_control
from fleet.postgres.standing import Stands
from fleet.site import Read, Site

WAL_BYTES = 16 * 1024 * 1024
WAL_SECONDS = 10


@dataclass(frozen=True)
class Loss:
    """What the candidate lacks: bytes of WAL, acknowledged transactions, seconds between the last commits of both."""

    wal_bytes: int
    commits: int
    seconds: int
    at: int  # where the dead primary's WAL ends
    has: int  # where the candidate's ends
    last: datetime | None = None  # when the dead primary is known to have committed last
    seal: str = ""  # the one over its WAL when that was read, where there is one

    @property
    def words(self) -> str:
        """Say it in a line."""
        if self.commits == 0:
            return f"no committed transaction ({lsn.size(self.wal_bytes)} of WAL without a commit)"
        return f"{self.commits} transactions, {lsn.size(self.wal_bytes)} of WAL, {self.seconds} s"

    @property
    def shown(self) -> Mapping[str, object]:
        """Give what later steps and the record are told."""
        told = {"wal_bytes": self.wal_bytes, "commits": self.commits, "seconds": self.seconds}
        return {**told, "has": lsn.show(self.has), "seal": self.seal}

    def within(self, wal_bytes: int, wal_seconds: int) -> bool:
        """Say whether it is no more than what was consented to."""
        return self.wal_bytes <= wal_bytes and self.seconds <= wal_seconds


def measure(site: Site, dead: Node, candidate: Node) -> Loss:
    """Measure what promoting ``candidate`` loses of what ``dead`` has, which must be stopped.

    Both machines are asked at once: clients wait. Raises ``Unreachable``, ``ShellError``: what can't be measured may
    not be promised.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="candidate") as pool:
        asked = pool.submit(standing.where, site, candidate)
        seal = wal.seal(site.shell(dead), dead)
        end = _end(site, dead, seal)
        return lacks(site, dead, asked.result(), seal, end)


def lacks(site: Site, dead: Node, here: Stands, seal: str, known: tuple[int, int] | None = None) -> Loss:
    """Give what a standby that stands there lacks of what ``dead`` has.

    ``seal``: the one over the dead one's WAL, looked at since it was seen stopped; what was read under it a moment ago
    is not read again. ``known``: its timeline and where that WAL ends, if that was read. Raises as ``measure`` does.
    """
    timeline, end = known or _end(site, dead, seal)
    has, replayed = here.end, here.replayed
    if has >= end:
        return Loss(0, 0, 0, end, has, replayed, seal)
    lost = _once(site, seal, dead, f"after {has}", lambda: wal.commits_after(site.shell(dead), dead, timeline, has))
    return Loss(end - has, lost.count, _seconds(lost, replayed), end, has, lost.last or replayed, seal)


def see_within(found: Loss, dead: str, candidate: str, wal_bytes: int, wal_seconds: int) -> None:
    """See that no more is lost than was agreed to. Raises ``StepFailed`` (LOSS-ABOVE-CAP)."""
    if not found.within(wal_bytes, wal_seconds):
        allowed = f"{lsn.size(wal_bytes)} and {wal_seconds} s"
        hint = f"Starting {dead} again loses nothing, if it can be started."
        raise StepFailed(f"{candidate} lacks {found.words}; at most {allowed} was agreed.", hint, code="LOSS-ABOVE-CAP")


def _end(site: Site, dead: Node, seal: str) -> tuple[int, int]:
    """Give the timeline of a stopped server, and where its WAL ends."""

    def read() -> tuple[int, int]:
        found = read_control(site.shell(dead), dead)
        return found.timeline, wal.end_of_wal(site.shell(dead), dead, found.timeline, found.redo)

    return _once(site, seal, dead, "end", read)


def _once(site: Site, seal: str, dead: Node, what: str, read: Callable[[], Read]) -> Read:
    """Read something of a stopped server once under its seal, or each time where there is none."""
    return site.kept((dead.name, seal, what), read) if seal else read()


def _seconds(lost: wal.Commits, replayed: datetime | None) -> int:
    """Give whole seconds, rounded up, between the last commit that stays and the last that is lost."""
    if lost.last is None:
        return 0
    kept = lost.first or lost.last
    if replayed is not None:
        kept = min(kept, replayed)
    return int((lost.last - kept).total_seconds()) + 1
