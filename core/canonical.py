"""One way to write a value as bytes (RFC 8785), so that a hash means the same everywhere."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import rfc8785

from core.clock import stamp

_SAFE_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: beyond it JSON numbers are not exact


def plain(value: object) -> object:
    r"""Turn any value into JSON that RFC 8785 can write: encode what it can't hold, refuse nothing.

    Integers of 2^53 and more (a system identifier has 64 bits), bytes, times and unknown objects become text;
    NaN and infinities become their names; lone surrogates become ``\udXXX`` escapes, NUL (which PostgreSQL's text can't
    hold) ``\x00``.
    """
    match value:
        case None | bool():
            return value
        case int():
            return int(value) if abs(value) <= _SAFE_INTEGER else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return str(value).encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", r"\x00")
        case bytes():
            return value.decode("utf-8", "backslashreplace").replace("\x00", r"\x00")
        case datetime():
            return stamp(value)
        case Mapping():
            return {str(plain(str(key))): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return [plain(item) for item in sorted(value, key=str)]
        case Sequence():
            return [plain(item) for item in value]
        case _:
            return plain(str(value))


def canonical(value: object) -> bytes:
    """Write a value in its RFC 8785 form."""
    return rfc8785.dumps(plain(value))  # type: ignore[arg-type]  # plain() gives what it takes


def sha256(data: bytes) -> str:
    """Give the SHA-256 of bytes in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
