"""Reads the WAL itself with pg_waldump: the only witness that does not depend on a running server."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from fleet.errors import ShellError
from fleet.inventory import Node
from fleet.postgres import lsn
from fleet.postgres.control import program
from fleet.shell import Ran, Shell

_QUICK = 10.0  # seconds for one record
_LONG = 60.0  # seconds for all WAL since a checkpoint
_AT = re.compile(r"\bat ([0-9A-F]+/[0-9A-F]+)")
_IN = re.compile(r"in WAL record at ([0-9A-F]+/[0-9A-F]+)")
_NO_FILE = re.compile(r'could not find file "[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})"')
_LENGTH = re.compile(r"len \(rec/tot\):\s*\d+/\s*(\d+)")
_UNTIL = re.compile(r"^until [0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8}) of (\d+) bytes$", re.MULTILINE)
_COMMIT = re.compile(r"desc: COMMIT\S* (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC")

# Left alone pg_waldump learns the size of WAL files from whichever it finds first; one that was made ahead is empty,
# and it gives up ("header specifies 0 bytes"). So it is told files: the one with the place, the last of the timeline.
_DUMP = """
wal=$1 line=$2 start=$3
shift 3
for last in "$wal/$line"????????????????; do :; done
size=$(wc -c < "$last") || exit
echo "until ${last##*/} of $size bytes" >&2
first=$line$(printf '%08X%08X' $((start >> 32)) $(((start & 4294967295) / size)))
exec "$@" -p "$wal" "$first" "${last##*/}"
"""

# Every write changes a file's time of change, which nobody can set. Where stat is another program there is no seal.
_WHOLE = "that is all"
SEAL = f"""
stat -c '%n %s %y %z' "$data/global/pg_control" "$data/pg_wal/." "$data/pg_wal"/* 2> /dev/null && echo {_WHOLE}
"""


@dataclass(frozen=True)
class Commits:
    """Transactions that one server committed behind a place in its WAL; ``last`` is when the last one did."""

    count: int
    first: datetime | None
    last: datetime | None


def seal(shell: Shell, node: Node) -> str:
    """Give a word that is another one after anything was written to a server's WAL or control file.

    Empty where the machine can't tell. Raises ``Unreachable``.
    """
    ran = shell.run(["sh", "-c", f"data=$1\n{SEAL}", "seal", node.data.rstrip("/")], timeout=_QUICK)
    return sealed(ran.out)


def sealed(listed: str) -> str:
    """Give the seal over what ``SEAL`` listed; empty when it did not list all, or all of it did not come through."""
    whole = listed.startswith("/") and listed.endswith(f"\n{_WHOLE}\n")
    return hashlib.sha256(listed.encode()).hexdigest() if whole else ""


def waldump_argv(node: Node, timeline: int, start: int, *options: str) -> list[str]:
    """Give the command that reads a node's WAL from a place on, with times in UTC and messages in English."""
    where = [f"{node.data.rstrip('/')}/pg_wal", f"{timeline:08X}", str(start)]
    said = ["env", "LC_ALL=C", "TZ=UTC", program(node, "pg_waldump"), "-s", lsn.show(start), *options]
    return ["sh", "-c", _DUMP, "waldump", *where, *said]


def holds_shutdown(shell: Shell, node: Node, timeline: int, checkpoint: int) -> bool:
    """Say whether a node's WAL holds the record of a clean stop at exactly this place.

    repmgr compares received >= the record's beginning, which is off by one record; PAF reads it, and so do we.
    """
    ran = shell.run(waldump_argv(node, timeline, checkpoint, "-n", "1"), timeout=_QUICK)
    place = f"lsn: {checkpoint >> 32:X}/{checkpoint & 0xFFFFFFFF:08X},"
    return "CHECKPOINT_SHUTDOWN" in ran.out and place in ran.out


def end_of_wal(shell: Shell, node: Node, timeline: int, start: int) -> int:
    """Give where the WAL of a stopped server ends, reading from a record at ``start`` on. Raises ``ShellError``.

    pg_waldump stops with an error there; the error names the last good record and usually the place after it.
    """
    ran = shell.run(waldump_argv(node, timeline, start, "--quiet"), timeout=_LONG)
    inside, missing = _IN.search(ran.err), _NO_FILE.search(ran.err)
    if missing and (edge := (int(missing[1], 16) << 32) + int(missing[2], 16) * lsn.SEGMENT) > start:
        return edge  # it ended with the last byte of a file
    if ran.ok and (last_file := _UNTIL.search(ran.err)):
        size = int(last_file[3])
        return (int(last_file[1], 16) << 32) + (int(last_file[2], 16) + 1) * size  # all files are full
    if inside is None:
        raise ShellError(f"The end of {node.name}'s WAL can't be found: {_last(ran)}", code="WAL-END")
    last = lsn.parse(inside[1])
    after = [place for place in map(lsn.parse, _AT.findall(ran.err)) if place > last]
    return after[-1] if after else last + _length(shell, node, timeline, last)


def commits_after(shell: Shell, node: Node, timeline: int, start: int) -> Commits:
    """Count what a stopped server committed behind a place. Raises ``ShellError`` when its WAL can't be read."""
    ran = shell.run(waldump_argv(node, timeline, start, "--rmgr=Transaction"), timeout=_LONG)
    if "could not find a valid record after" in ran.err:
        return Commits(0, None, None)
    if not (ran.ok or _IN.search(ran.err) or _NO_FILE.search(ran.err)):
        raise ShellError(f"{node.name}'s WAL can't be read: {_last(ran)}", code="WAL-READ")
    times = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in _COMMIT.findall(ran.out)]
    return Commits(len(times), times[0] if times else None, times[-1] if times else None)


def _length(shell: Shell, node: Node, timeline: int, start: int) -> int:
    ran = shell.run(waldump_argv(node, timeline, start, "-n", "1"), timeout=_QUICK)
    found = _LENGTH.search(ran.out)
    if found is None:
        raise ShellError(f"The last record of {node.name}'s WAL can't be read: {_last(ran)}", code="WAL-END")
    return int(found[1])


def _last(ran: Ran) -> str:
    lines = ran.err.strip().splitlines()
    return lines[-1] if lines else f"code {ran.code}"
