"""What goes out to Slack once: claimed in the store first, posted second, and looked for where nobody knows."""

import logging
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from audit.store import Store, now
from bot import store as rows
from bot.cards import Message
from bot.store import Said
from core.clock import Clock, moment, stamp
from runs.bots.presence import Presence

_log = logging.getLogger(__name__)
PAGE = 100  # messages of a channel that are looked through
UNSEEN = timedelta(minutes=2)  # a post that can't be looked for is made again after this, rather than never
UNDER_WAY = timedelta(seconds=20)  # twice as long as we wait for an answer
_SKEW = timedelta(seconds=60)  # between our clock and Slack's
_SIGNS = re.compile(r":[a-z0-9_+-]+:|[^ -~]")
_NEVER = {"missing_scope", "channel_not_found", "not_in_channel", "thread_not_found", "message_not_found"}
_SAID_NO = 200, 429  # statuses with which Slack says that it did not do it


@dataclass(frozen=True)
class Outbox:
    """Posts once, whichever bot asks and however often; a death between post and note makes nothing twice."""

    store: Store
    clock: Clock
    client: WebClient
    presence: Presence

    def once(
        self, key: str, channel: str, message: Message, *, thread: str | None = None, broadcast: bool = False
    ) -> Said | None:
        """Post what ``key`` stands for, or give where it stands already; None while another bot is at it.

        Raises SlackApiError, SlackClientError or OSError when it was not posted, or nobody knows.
        """
        claim = self._claim(key, channel)
        if claim is None or claim.ts:
            return claim
        if claim.unsure:
            found = self._found(claim, channel, message, thread)
            if found is not None:
                return self._note(found)
            if self._under_way(claim):
                return None
            claim = self._note(replace(claim, tried_at=self._now()))
        return self._note(self._post(claim, channel, message, thread, broadcast=broadcast))

    def _claim(self, key: str, channel: str) -> Said | None:
        """Take the post on. Whoever takes it from a dead bot, or after an unclear answer, has to look first."""
        with self.store.transaction() as session:
            known = rows.said(session, key)
            if known is None:
                at = stamp(now(session, self.clock))
                return rows.say(session, Said(key, self.presence.name, at, tried_at=at, asked=channel))
            if known.ts or known.owner == self.presence.name:
                return known
        if self.presence.lives(known.owner):
            return None
        with self.store.transaction() as session:
            again = rows.said(session, key)
            if again is None or again.owner != known.owner or again.ts:
                return None
            return rows.say(session, replace(again, owner=self.presence.name, unsure=True))

    def _post(self, claim: Said, channel: str, message: Message, thread: str | None, *, broadcast: bool) -> Said:
        try:
            made = self.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks or None,
                metadata=message.metadata,
                thread_ts=thread,
                reply_broadcast=True if thread and broadcast else None,
                unfurl_links=False,
                unfurl_media=False,
            )
        except (SlackApiError, SlackClientError, OSError) as error:
            self._failed(claim, error)
            raise
        return replace(claim, channel=str(made["channel"]), ts=str(made["ts"]))

    def _failed(self, claim: Said, error: Exception) -> None:
        """Let go of what Slack said no to; remember what nobody knows the end of."""
        answered = isinstance(error, SlackApiError)
        no = isinstance(error, SlackApiError) and error.response.status_code in _SAID_NO
        no = no or _not_reached(error)
        with self.store.transaction() as session:
            if no:
                rows.unsay(session, claim.key)
            else:
                rows.say(session, replace(claim, unsure=True, tried_at="" if answered else claim.tried_at))

    def _found(self, claim: Said, channel: str, message: Message, thread: str | None) -> Said | None:
        """Look for a post that may have been made. Raises what Slack raises while it is too early to post blindly."""
        try:
            told = self._told(claim, channel, thread)
        except (SlackApiError, SlackClientError, OSError) as error:
            if self._early(claim) and not _closed(error):
                raise
            _log.warning("%s may stand twice: Slack does not say whether it has it: %s", claim.key, error)
            return None
        found = next((each for each in told.get("messages") or [] if _same(each, message)), None)
        return replace(claim, channel=self._id(channel), ts=str(found["ts"])) if found else None

    def _told(self, claim: Said, channel: str, thread: str | None) -> SlackResponse:
        """Give what was said since about then."""
        oldest = f"{(moment(claim.claimed_at) - _SKEW).timestamp():.6f}"
        if thread:
            return self.client.conversations_replies(
                channel=self._id(channel), ts=thread, oldest=oldest, limit=PAGE, include_all_metadata=True
            )
        return self.client.conversations_history(
            channel=self._id(channel), oldest=oldest, limit=PAGE, include_all_metadata=True
        )

    def _id(self, channel: str) -> str:
        """Give a channel's id, as an earlier post came to know it: only posting takes names."""
        with self.store.reading() as session:
            return rows.channel_id(session, channel) or channel

    def _early(self, claim: Said) -> bool:
        return moment(self._now()) - moment(claim.claimed_at) < UNSEEN

    def _under_way(self, claim: Said) -> bool:
        """Say whether what was sent without an answer may still arrive."""
        return bool(claim.tried_at) and moment(self._now()) - moment(claim.tried_at) < UNDER_WAY

    def _now(self) -> str:
        with self.store.reading() as session:
            return stamp(now(session, self.clock))

    def _note(self, posted: Said) -> Said:
        with self.store.transaction() as session:
            return rows.say(session, posted)


def _not_reached(error: Exception) -> bool:
    """Say whether nothing can have been sent: there was no connection."""
    return isinstance(getattr(error, "reason", error), (ConnectionRefusedError, socket.gaierror))


def _closed(error: Exception) -> bool:
    """Say whether Slack will never let us look there."""
    return isinstance(error, SlackApiError) and error.response.get("error") in _NEVER


def _same(each: Mapping[str, object], message: Message) -> bool:
    """Say whether a message of Slack's is the one: a card by its request, anything else by its words."""
    if message.metadata is None:
        return _bare(str(each.get("text", ""))) == _bare(message.text)
    return _request(each.get("metadata")) == _request(message.metadata)


def _request(metadata: object) -> object:
    payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    return payload.get("request") if isinstance(payload, Mapping) else None


def _bare(text: str) -> str:
    """Give a text's plain words: Slack turns signs into names in colons, and blanks into others."""
    return "".join(_SIGNS.sub("", text).split())
