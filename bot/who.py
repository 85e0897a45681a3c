"""Who somebody on Slack is: the roster decides, and Slack is asked whether the account still is a full member."""

import threading
import time
from dataclasses import dataclass, field

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from approvals.moves import Actor
from approvals.rules import InForce
from core.outcome import Refusal

FRESH = 60.0  # seconds that Slack's answer about an account is believed
_BARS = (
    ("deleted", "is deactivated"),
    ("is_bot", "is a bot"),
    ("is_restricted", "is a guest"),
    ("is_ultra_restricted", "is a guest"),
    ("is_stranger", "belongs to another organisation"),
)


@dataclass
class Who:
    """Maps Slack accounts to people. Names and e-mail addresses never identify anybody."""

    rules: InForce
    client: WebClient
    _seen: dict[str, tuple[float, Refusal | None]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def is_it(self, team: str, user: str) -> Actor | Refusal:
        """Give the person behind an account, or why it may do nothing."""
        account = f"{team}/{user}"
        person = self.rules().roster.by_account(account)
        if person is None:
            return Refusal(
                "WHO-UNKNOWN",
                "I don't know you, so I do nothing for you.",
                "Somebody who keeps the configuration can add your account to the roster.",
            )
        barred = self._barred(team, user)
        return barred if barred is not None else Actor(person, account)

    def _barred(self, team: str, user: str) -> Refusal | None:
        key, now = f"{team}/{user}", time.monotonic()
        with self._guard:
            at, known = self._seen.get(key, (-FRESH, None))
        if now - at < FRESH:
            return known
        barred = self._ask(team, user)
        if barred is None or barred.code != "WHO-UNCHECKED":
            with self._guard:
                self._seen[key] = (now, barred)
        return barred

    def _ask(self, team: str, user: str) -> Refusal | None:
        try:
            profile = self.client.users_info(user=user).get("user") or {}
        except (SlackApiError, SlackClientError, OSError):
            return Refusal("WHO-UNCHECKED", "Slack does not say who you are right now.", "Try again, or use the CLI.")
        for flag, words in _BARS:
            if profile.get(flag):
                return Refusal("WHO-BARRED", f"Your account {words}, and such accounts may do nothing here.")
        if profile.get("team_id", team) != team:
            return Refusal("WHO-BARRED", "Your account belongs to another workspace.")
        return None
