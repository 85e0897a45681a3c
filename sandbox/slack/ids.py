"""The names that Slack gives to things: times that never repeat, and ids by kind."""

import itertools
import secrets
import string
import time

_LETTERS = string.ascii_uppercase + string.digits
_MICROSECONDS = 1_000_000


class Mint:
    """Makes ids. A ``ts`` is unique and rises, also within one microsecond."""

    def __init__(self) -> None:
        """Begin at the time of now."""
        self._last = 0
        self._numbers = itertools.count(1)

    def ts(self) -> str:
        """Give a time such as ``1790000000.000007``: seconds since 1970, and six digits."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        seconds, rest = divmod(self._last, _MICROSECONDS)
        return f"{seconds}.{rest:06d}"

    def trigger(self) -> str:
        """Give a trigger id: two numbers and 32 hex digits."""
        return f"{next(self._numbers)}.{next(self._numbers)}.{secrets.token_hex(16)}"

    def event(self) -> str:
        """Give the id of an event."""
        return f"Ev{next(self._numbers):08d}"

    def view(self) -> str:
        """Give the id of a view."""
        return f"V{next(self._numbers):08d}"


def short_id() -> str:
    """Give five characters, as Slack names a block or an element that its sender left without a name."""
    return "".join(secrets.choice(_LETTERS) for _ in range(5))
