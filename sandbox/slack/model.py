"""What a workspace holds: people, channels, messages, open windows."""

import uuid
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class User:
    """Somebody in (or near) the workspace. ``kind`` is member, guest, stranger, bot or deactivated."""

    id: str
    name: str
    real_name: str
    kind: str = "member"
    team: str = "T0SITE"

    def profile(self) -> Json:
        """Give what users.info says."""
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": self.real_name,
            "tz": "UTC",
            "tz_offset": 0,
            "deleted": self.kind == "deactivated",
            "is_bot": self.kind == "bot",
            "is_app_user": False,
            "is_restricted": self.kind == "guest",
            "is_ultra_restricted": False,
            "is_stranger": self.kind == "stranger",
            "profile": {"real_name": self.real_name, "display_name": self.name, "email": f"{self.name}@example.org"},
        }


@dataclass
class Channel:
    """A channel, or a person's direct messages with the bot."""

    id: str
    name: str
    members: set[str]
    is_im: bool = False

    def info(self) -> Json:
        """Give what conversations.info says."""
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": not self.is_im,
            "is_im": self.is_im,
            "is_private": False,
            "is_archived": False,
            "is_member": "U0SECONDER" in self.members,
            "is_ext_shared": False,
        }


@dataclass
class Message:
    """One message. ``renderings`` keeps every version that was shown; an old button can still be pressed."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json]
    thread_ts: str | None = None
    metadata: Json | None = None
    ephemeral_to: str | None = None
    version: int = 1
    renderings: list[list[Json]] = field(default_factory=list)

    def shown(self) -> Json:
        """Give it as the driver and the page see it."""
        return {
            "channel": self.channel,
            "ts": self.ts,
            "user": self.user,
            "text": self.text,
            "blocks": self.blocks,
            "thread_ts": self.thread_ts,
            "metadata": self.metadata,
            "version": self.version,
            "ephemeral_to": self.ephemeral_to,
            "edited": self.version > 1,
        }

    def wire(self) -> Json:
        """Give it as the Web API does."""
        made: Json = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "blocks": self.blocks,
            "team": "T0SITE",
        }
        if self.user == "U0SECONDER":
            made |= {"bot_id": "B0SECONDER", "app_id": "A0SECONDER"}
        if self.thread_ts:
            made["thread_ts"] = self.thread_ts
        if self.metadata:
            made["metadata"] = self.metadata
        return made


@dataclass
class View:
    """A window that is open for somebody."""

    id: str
    user: str
    view: Json
    hash: str
    root: str
    previous: str | None
    values: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def wire(self) -> Json:
        """Give it as Slack does."""
        return {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "close": None,
            "submit": None,
            **self.view,
            "id": self.id,
            "team_id": "T0SITE",
            "app_id": "A0SECONDER",
            "bot_id": "B0SECONDER",
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.previous,
            "state": {"values": self.values},
        }


def hex_id() -> str:
    """Give 32 hex digits."""
    return uuid.uuid4().hex
