"""Lists by the page: ``limit`` and ``cursor`` in, ``next_cursor`` out."""

import base64
import binascii
from collections.abc import Sequence

from sandbox.slack.params import Params
from sandbox.slack.shapes import Json, SlackError

_MOST = 1000


def page(name: str, items: Sequence[object], params: Params, usual: int = 100) -> Json:
    """Give one page of a list. Raises SlackError ``invalid_cursor`` or ``invalid_limit``."""
    limit, start = params.number("limit", usual) or usual, _start(params.text("cursor"))
    if not 0 < limit <= _MOST:
        raise SlackError("invalid_limit")
    end = start + limit
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return {name: list(items[start:end]), "response_metadata": {"next_cursor": cursor}}


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None
