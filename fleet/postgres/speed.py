"""How fast the last copy between two nodes went: measured, kept on the node, and said for what it is."""

import json
from dataclasses import dataclass
from datetime import datetime

from core.clock import SystemClock, moment, stamp
from core.errors import SeconderError
from fleet.inventory import Node
from fleet.postgres import lsn
from fleet.postgres.datadir import QUICK
from fleet.postgres.pace import span
from fleet.shell import Shell

SHORTEST = 10.0  # seconds: a shorter copy is mostly waiting, and says nothing about a long one
_GUESS = 100 << 20  # bytes per second: a disk, or a line of 1 Gbit/s
_REPLAY = 50 << 20  # bytes per second
_UNITS = {"": 1 << 10, "k": 1 << 10, "M": 1 << 20}  # as pg_basebackup reads --max-rate


@dataclass(frozen=True)
class Speed:
    """One copy: its size in bytes, how long it took in seconds, and when it ended."""

    size: int
    seconds: float
    at: datetime

    @property
    def per_second(self) -> float:
        """Give bytes per second."""
        return self.size / self.seconds


def record(shell: Shell, here: Node, source: Node, job: str, size: int) -> Speed | None:
    """Keep how long a job on ``here`` took that copied ``size`` bytes; None when the host can't tell."""
    folder = f"{here.work}/jobs/{job}"
    ran = shell.run(["stat", "-c", "%.Y", f"{folder}/epoch", f"{folder}/rc"], timeout=QUICK)
    try:
        began, ended = (float(line.replace(",", ".")) for line in ran.out.split())
    except ValueError:
        return None
    made = Speed(size, max(ended - began, 0.001), SystemClock().now())
    shell.write(
        _file(here, source), json.dumps({"bytes": made.size, "seconds": made.seconds, "at": stamp(made.at)}) + "\n"
    )
    return made


def last(shell: Shell, here: Node, source: Node) -> Speed | None:
    """Give what the last copy from a node showed, unless it was too short to say anything."""
    try:
        data = json.loads(shell.read(_file(here, source)) or "")
        found = Speed(int(data["bytes"]), float(data["seconds"]), moment(data["at"]))
    except (SeconderError, ValueError, KeyError, TypeError):
        return None
    return found if found.seconds >= SHORTEST and found.size > 0 else None


def time_for(size: int, speed: Speed | None, rate: str = "") -> str:
    """Say how long so many bytes take, and where that comes from; ``rate`` is the limit that was asked for."""
    limit = limited(rate) if rate else None
    if limit and (speed is None or speed.per_second > limit):
        return f"≈ {span(size / limit)} at the {lsn.size(limit)}/s that were asked for, if the line carries them"
    if speed is not None:
        pace = f"{lsn.size(round(speed.per_second))}/s"
        return f"≈ {span(size / speed.per_second)} at {pace}, as the copy of {speed.at:%Y-%m-%d} went"
    return f"time unknown, at {lsn.size(_GUESS)}/s ≈ {span(size / _GUESS)}"


def replay_time(size: int) -> str:
    """Say how long replay of so many bytes may take: nobody has measured that."""
    return f"time unknown, at {lsn.size(_REPLAY)}/s ≈ {span(size / _REPLAY)}"


def limited(rate: str) -> int | None:
    """Read a rate as pg_basebackup does, in bytes per second; None when it would not take it (32 kB to 1024 MB)."""
    number, unit = (rate[:-1], rate[-1]) if rate[-1:] in {"k", "M"} else (rate, "")
    if not (number.isascii() and number.isdigit()):
        return None
    value = int(number) * _UNITS[unit]
    return value if 32 << 10 <= value <= 1 << 30 else None


def _file(here: Node, source: Node) -> str:
    return f"{here.work}/copied-{source.name}"
