"""What works only for a while: trigger ids (one use in 3 s) and response URLs (5 uses in 30 min)."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.ids import Mint
from sandbox.slack.shapes import SlackError

TRIGGER_S = 3.0  # slack.md 2.2
RESPONSE_S = 1800.0
RESPONSE_USES = 5


@dataclass
class Trigger:
    """The right to show one view to somebody who has just done something; ``view`` is where they did it, if in one."""

    user: str
    view: str | None
    born: float
    used: bool = False


@dataclass
class Reply:
    """The right to answer an act in its channel; ``message`` is the message that was acted on, if one."""

    user: str
    channel: str
    message: str | None
    born: float
    uses: int = 0


class Triggers:
    """The triggers that were handed out."""

    def __init__(self, mint: Mint, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep the clock, in seconds."""
        self._mint, self._clock = mint, clock
        self._known: dict[str, Trigger] = {}

    def make(self, user: str, view: str | None = None) -> str:
        """Hand out a trigger."""
        made = self._mint.trigger()
        self._known[made] = Trigger(user, view, self._clock())
        return made

    def use(self, trigger: str) -> Trigger:
        """Use a trigger up. Raises SlackError with Slack's word for an unknown, late or used one."""
        found = self._known.get(trigger)
        if found is None:
            raise SlackError("invalid_trigger_id")
        if found.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - found.born > TRIGGER_S:
            raise SlackError("expired_trigger_id")
        found.used = True
        return found


class Replies:
    """The response URLs that were handed out, by the last part of their path."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep the clock, in seconds."""
        self._clock = clock
        self._known: dict[str, Reply] = {}

    def make(self, user: str, channel: str, message: str | None = None) -> str:
        """Hand one out; gives the last part of its path."""
        made = secrets.token_hex(16)
        self._known[made] = Reply(user, channel, message, self._clock())
        return made

    def use(self, key: str) -> Reply:
        """Use one once. Raises SlackError ``expired_url`` after five uses, 30 minutes, or for an unknown one."""
        found = self._known.get(key)
        if found is None or found.uses >= RESPONSE_USES or self._clock() - found.born > RESPONSE_S:
            raise SlackError("expired_url")
        found.uses += 1
        return found
