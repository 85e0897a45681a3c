"""Places in the write-ahead log: PostgreSQL's text ("0/3000060") and a plain count of bytes."""

import re

from core.errors import Malformed

_FORM = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")  # two halves of 32 bits

SEGMENT = 16 * 1024 * 1024
"""The default size of a WAL file, in bytes."""


def parse(text: str) -> int:
    """Read an LSN as the number of bytes since the beginning; raises ``Malformed``."""
    halves = _FORM.fullmatch(text)
    if halves is None:
        raise Malformed(f"{text!r} is not a place in the WAL.", "It looks like 0/3000060.")
    return (int(halves[1], 16) << 32) | int(halves[2], 16)


def show(position: int) -> str:
    """Write a place in the WAL the way PostgreSQL does."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def size(count: int) -> str:
    """Write a number of bytes for people: ``334 kB``, ``4.1 MB``, ``1.5 GB`` (powers of 1024, as PostgreSQL)."""
    if count < 1024:  # noqa: PLR2004  # bytes in a kilobyte
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1024
        if value < 1000 or unit == "GB":  # noqa: PLR2004  # four digits don't fit a phone
            break
    return f"{value:.0f} {unit}" if value >= 10 or value == int(value) else f"{value:.1f} {unit}"  # noqa: PLR2004
