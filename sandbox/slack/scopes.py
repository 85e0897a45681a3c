"""Tokens and what they may do."""

from collections.abc import Iterable

from sandbox.slack.shapes import SlackError

BOT_PREFIX, APP_PREFIX = "xoxb-", "xapp-"
APP_ONLY = "apps.connections.open"
DEFAULT_SCOPES = (  # what the manifest of slack.md 2.5 asks for
    "commands",
    "chat:write",
    "files:write",
    "users:read",
    "usergroups:read",
    "app_mentions:read",
    "im:history",
    "im:write",
    "channels:read",
    "groups:read",
    "channels:history",
    "groups:history",
    "metadata.message:read",
)


class Scopes:
    """What the bot's token may do."""

    def __init__(self, granted: Iterable[str] = DEFAULT_SCOPES) -> None:
        """Keep what was granted when the app was installed."""
        self._granted = tuple(granted)

    @property
    def header(self) -> str:
        """The value of ``x-oauth-scopes``."""
        return ",".join(self._granted)

    def need(self, scope: str) -> None:
        """Ask for one scope. Raises SlackError ``missing_scope``."""
        if scope and scope not in self._granted:
            raise SlackError("missing_scope", needed=scope, provided=self.header)


def check_token(token: str, method: str) -> None:
    """Ask for the kind of token that a method takes. Raises SlackError (slack.md 4.1)."""
    if not token:
        raise SlackError("not_authed")
    if not token.startswith((BOT_PREFIX, APP_PREFIX)):
        raise SlackError("invalid_auth")
    if token.startswith(APP_PREFIX) != (method == APP_ONLY):
        raise SlackError("not_allowed_token_type")
