"""Runs pg_waldump over the files of a pg_wal folder, also where it can't find out by itself how large they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.postgres import lsn
from fleet.shell import Ran, Shell

_QUICK = 15.0  # seconds for a list of files
_NO_SIZE = "WAL segment size must be a power of two"


@dataclass(frozen=True)
class Stretch:
    """The WAL of one timeline in a folder, from a place on; ``segment`` is the size of a file, in bytes."""

    folder: str
    timeline: int
    start: int
    segment: int = lsn.SEGMENT


def dump(shell: Shell, program: Sequence[str], stretch: Stretch, *options: str, timeout: float) -> Ran:
    """Run ``program``, which is pg_waldump, over a stretch of WAL; ``timeout`` is in seconds.

    It reads the size from whichever file the folder names first. One that the server made in advance, as it does after
    a promotion, holds only zeros and has none to tell. So it is told which files to read: it then asks the first.
    """
    where = ["-p", stretch.folder, "-t", str(stretch.timeline), "-s", lsn.show(stretch.start)]
    argv = [*program, *where, *options]
    ran = shell.run(argv, timeout=timeout)
    if _NO_SIZE not in ran.err:
        return ran
    files = named(stretch, shell.run(["ls", "-1A", stretch.folder], timeout=_QUICK).out.split())
    return shell.run([*argv, *files], timeout=timeout) if files else ran


def named(stretch: Stretch, names: Sequence[str]) -> tuple[str, ...]:
    """Give the first and the last file of a stretch, of those in its folder; nothing when the first is not there."""
    log, rest = stretch.start >> 32, stretch.start & 0xFFFFFFFF
    first = f"{stretch.timeline:08X}{log:08X}{rest // stretch.segment:08X}"
    last = max((name for name in names if len(name) == len(first) and name[:8] == first[:8]), default="")
    return (first, last) if first in names else ()
