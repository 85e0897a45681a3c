"""One row per figure: ours, the reference, the ratio, how many runs, on what."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One figure. ``ours`` and ``reference`` are medians in ``unit``."""

    what: str
    ours: float
    reference: float
    unit: str
    against: str
    runs: int

    @property
    def ratio(self) -> float:
        """Give ours over the reference."""
        return self.ours / self.reference

    def to_json(self) -> dict[str, object]:
        """Give it as plain data."""
        return {**asdict(self), "ratio": round(self.ratio, 3), "machine": machine()}

    def line(self) -> str:
        """Give it as a line of the table."""
        cells = (
            f"{self.what} ({self.unit})",
            f"{self.ours:.1f}",
            f"{self.reference:.1f} ({self.against})",
            f"{self.ratio:.2f}",
            str(self.runs),
            machine(),
        )
        return "| " + " | ".join(cells) + " |"


def row(what: str, unit: str, ours: Sequence[float], reference: Sequence[float], against: str) -> Row:
    """Make a row of two series that were measured in turn."""
    return Row(what, statistics.median(ours), statistics.median(reference), unit, against, len(ours))


def longest_row(what: str, unit: str, ours: Sequence[float], reference: Sequence[float], against: str) -> Row:
    """Make a row of the largest figures of two series that were measured in turn."""
    return Row(what, max(ours), max(reference), unit, against, len(ours))


def machine() -> str:
    """Say what this was measured on."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


HEAD = "| what | ours | reference | ratio | runs | machine |\n|---|---|---|---|---|---|"
