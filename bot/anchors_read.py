"""Reads heads of the record back from where they were written down: files of anchors, and Slack."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from audit.anchors.keys import PUBLIC, public
from audit.anchors.line import read
from audit.chain import Head
from audit.store import open_store
from bot import store as rows
from bot.environment import Environment
from bot.settings import load_settings
from core.errors import ConfigurationError

SLACK = "slack"
_FOOTER = re.compile(r"\baudit #(\d+) `?([0-9a-f]{8,64})\b")
_PAGE, _PAGES = 200, 10  # messages, and pages of them, of each channel


@dataclass(frozen=True)
class Gathered:
    """Heads to check the record against, and what was wrong with where they came from."""

    heads: tuple[Head, ...]
    faults: tuple[str, ...]


def gathered(environment: Environment, sources: Sequence[str], keys: Sequence[Path]) -> Gathered:
    """Read anchors from files, or with the word slack the heads at the foot of cards and digests.

    Raises ConfigurationError for a source or a key that can't be read.
    """
    heads: list[Head] = []
    faults: list[str] = []
    for source in sources:
        if source == SLACK:
            heads += _in_slack(environment)
            continue
        known = public(list(keys) or sorted(environment.home.glob(PUBLIC)))
        try:
            found = read(Path(source).read_text(encoding="utf-8", errors="replace").splitlines(), known)
        except OSError as error:
            raise ConfigurationError(f"{source} can't be read: {error.strerror}.", "Name a file of anchors.") from error
        heads += [anchor.head for anchor in found.anchors]
        faults += [f"{source}, {fault}" for fault in found.faults]
    return Gathered(tuple(heads), tuple(faults))


def _in_slack(environment: Environment) -> Iterator[Head]:
    """Give the heads that the bot's own messages show: what people have seen and a store's owner can't edit alone."""
    settings = load_settings(environment.config)
    client = WebClient(environment.bot_token, base_url=environment.api_url, timeout=10)
    store = open_store(environment.store)
    names = {settings.channel, *(cluster.channel for cluster in settings.clusters.values())} - {""}
    with store.reading() as session:
        channels = {rows.channel_id(session, name) or name for name in names}
    store.close()
    try:
        me = client.auth_test()["user_id"]
        for channel in sorted(channels):
            for message in _messages(client, channel):
                if message.get("user") in {me, None} and (message.get("bot_id") or message.get("user") == me):
                    yield from _heads(message)
    except (SlackApiError, SlackClientError, OSError) as error:
        raise ConfigurationError(
            f"Slack did not give its messages: {error}",
            "It takes the scope channels:history; or name a file of anchors.",
        ) from error


def _messages(client: WebClient, channel: str) -> Iterator[Mapping[str, object]]:
    cursor = None
    for _ in range(_PAGES):
        told = client.conversations_history(channel=channel, limit=_PAGE, cursor=cursor)
        yield from told.get("messages") or []
        cursor = (told.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _heads(part: object) -> Iterator[Head]:
    """Give the heads in a message's texts, wherever they are."""
    if isinstance(part, str):
        yield from (Head(int(seq), digest) for seq, digest in _FOOTER.findall(part))
    elif isinstance(part, Mapping):
        for each in part.values():
            yield from _heads(each)
    elif isinstance(part, Sequence):
        for each in part:
            yield from _heads(each)
