"""What a node's data folder says for itself, read through its shell: whose it is, and where its WAL ends."""

import re
from dataclasses import dataclass

from fleet.inventory import Node
from fleet.postgres import divergence, lsn, wal
from fleet.postgres.divergence import End
from fleet.shell import Shell

QUICK = 15.0  # seconds for a program that only looks
SCAN = 300.0  # seconds to read the WAL since the last checkpoint
_SEGMENT = re.compile(r"[0-9A-F]{24}")


@dataclass(frozen=True)
class DataDir:
    """A data folder. ``real`` is its path with links resolved; ``mount``: the folder itself is a mount point.

    ``hints``: hint bits are in the WAL (wal_log_hints or checksums), which pg_rewind needs. ``linked``: pg_wal lies
    elsewhere. ``tablespaces`` counts those outside the folder.
    """

    real: str
    sysid: str
    state: str
    timeline: int
    redo: int
    segment: int
    checksums: bool
    hints: bool
    fenced: bool
    mount: bool
    linked: bool
    tablespaces: int


def look(shell: Shell, node: Node) -> DataDir | None:
    """Look at a node's data folder; None when there is none, or one that is empty."""
    found = shell.run(["realpath", "-e", node.data], timeout=QUICK)
    control = shell.run([f"{node.bin}/pg_controldata", node.data], timeout=QUICK)
    if not found.ok or not control.ok:
        return None
    real, said = found.out.strip(), fields(control.out)
    checksums = said.get("Data page checksum version", "0") != "0"
    return DataDir(
        real=real,
        sysid=said.get("Database system identifier", ""),
        state=said.get("Database cluster state", ""),
        timeline=int(said.get("Latest checkpoint's TimeLineID", "0")),
        redo=lsn.parse(said.get("Latest checkpoint's REDO location", "0/0")),
        segment=int(said.get("Bytes per WAL segment", str(lsn.SEGMENT))),
        checksums=checksums,
        hints=checksums or said.get("wal_log_hints setting") == "on",
        fenced=exists(shell, f"{real}/standby.signal"),
        mount=shell.run(["stat", "-c", "%m", real], timeout=QUICK).out.strip() == real,
        linked=shell.run(["test", "-L", f"{real}/pg_wal"], timeout=QUICK).ok,
        tablespaces=len(names(shell, f"{real}/pg_tblspc")),
    )


def real(shell: Shell, folder: str) -> str:
    """Give a folder's path with links resolved, even while it isn't there (between two renames)."""
    ran = shell.run(["realpath", "-m", folder], timeout=QUICK)
    return ran.out.strip() if ran.ok else folder


def end(shell: Shell, node: Node, data: DataDir) -> End:
    """Find where the WAL of a stopped node ends: what recovery at its next start would reach.

    The control file may still name the timeline before a promotion, so the names of the WAL files count too.
    """
    files = [name for name in names(shell, f"{data.real}/pg_wal") if _SEGMENT.fullmatch(name)]
    timeline = max([data.timeline, *(int(name[:8], 16) for name in files)])
    starts = [start(name, data.segment) for name in files if int(name[:8], 16) == timeline]
    if not starts:
        return End(timeline, None, divergence.wrote(data.state))
    begin = max(data.redo, min(starts))
    ran = shell.run(wal.waldump_argv(node, timeline, begin, "--stats"), timeout=SCAN)
    return End(timeline, divergence.wal_end(ran.out, ran.err), divergence.wrote(data.state))


def fields(text: str) -> dict[str, str]:
    """Read ``name: value`` lines, as pg_controldata writes them."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def names(shell: Shell, folder: str) -> tuple[str, ...]:
    """List a folder; empty when there is none."""
    return tuple(shell.run(["ls", "-1A", folder], timeout=QUICK).out.splitlines())


def exists(shell: Shell, path: str) -> bool:
    """Say whether there is something at a path."""
    return shell.run(["test", "-e", path], timeout=QUICK).ok


def free(shell: Shell, folder: str) -> int | None:
    """Give the bytes free on the file system of a folder, or None when it can't be known."""
    lines = shell.run(["df", "-P", "-B1", folder], timeout=QUICK).out.splitlines()
    words = lines[-1].split() if len(lines) > 1 else []
    return int(words[3]) if len(words) > 3 and words[3].isdigit() else None  # noqa: PLR2004  # POSIX: the 4th column


def start(name: str, segment: int) -> int:
    """Give where a WAL file begins: its name counts segments within each 4 GiB."""
    return (int(name[8:16], 16) << 32) + int(name[16:], 16) * segment


def suffix(number: int, segment: int) -> str:
    """Give the part after the timeline of the name of the WAL file with this number."""
    per_log = (1 << 32) // segment
    return f"{number // per_log:08X}{number % per_log:08X}"
