"""Ids that can be read aloud, and tokens that can't be guessed."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
_TIME_CHARS = 9
_RANDOM_CHARS = 9


def new_id(prefix: str) -> str:
    """Mint an id such as ``r-01j9z8k2m4c7x0q9yt``: the prefix, the time (sorts), 45 random bits."""
    return f"{prefix}-{_base32(int(time.time() * 1000), _TIME_CHARS)}{_base32(secrets.randbits(45), _RANDOM_CHARS)}"


def new_token() -> str:
    """Mint a secret of 256 bits."""
    return secrets.token_urlsafe(32)


def _base32(number: int, width: int) -> str:
    chars = []
    for _ in range(width):
        number, rest = divmod(number, 32)
        chars.append(_ALPHABET[rest])
    return "".join(reversed(chars))
