"""What the surroundings say: variables, each secret also from a file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ConfigurationError

SLACK = "https://slack.com/api/"


@dataclass(frozen=True)
class Environment:
    """Where things are. Tokens, and a store's URL with its password, are never printed."""

    home: Path
    config: Path
    store: str = field(repr=False)
    api_url: str = SLACK
    bot_token: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    anchor_key: str = field(default="", repr=False)  # as PEM; without one it is made in the home
    owner_store: str = field(default="", repr=False)  # the same store, as the role that owns its tables


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the variables. Raises ConfigurationError for a secret's file that can't be read."""
    given = os.environ if variables is None else variables
    home = Path(given.get("SECONDER_HOME") or ".seconder").absolute()
    return Environment(
        home=home,
        config=Path(given.get("SECONDER_CONFIG") or home / "seconder.toml").absolute(),
        store=_secret(given, "SECONDER_STORE") or f"sqlite:///{home / 'seconder.db'}",
        owner_store=_secret(given, "SECONDER_STORE_OWNER"),
        api_url=given.get("SLACK_API_URL") or SLACK,
        bot_token=_secret(given, "SLACK_BOT_TOKEN"),
        anchor_key=_secret(given, "SECONDER_ANCHOR_KEY"),
        app_token=_secret(given, "SLACK_APP_TOKEN"),
    )


def _secret(given: Mapping[str, str], name: str) -> str:
    """Give a secret: from NAME, from the file in NAME_FILE, or from systemd's credentials folder."""
    if given.get(name):
        return given[name]
    folder = given.get("CREDENTIALS_DIRECTORY")
    named = given.get(f"{name}_FILE") or (f"{folder}/{name}" if folder and Path(folder, name).is_file() else "")
    if not named:
        return ""
    try:
        return Path(named).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{name}_FILE names {named}, which can't be read: {error.strerror}.") from error
