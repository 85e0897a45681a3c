"""Channels and what was said in them; every rendering of a message is kept, so that a stale button can be pressed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.ids import short_id
from sandbox.slack.people import APP, BOT, BOT_PROFILE, TEAM
from sandbox.slack.shapes import Json


@dataclass(frozen=True)
class Content:
    """What one rendering of a message shows."""

    text: str
    blocks: Sequence[Json] = ()
    attachments: Sequence[Json] = ()
    metadata: Json | None = None

    @property
    def pressable(self) -> list[Json]:
        """All its blocks, those of attachments too."""
        return [*self.blocks, *(block for each in self.attachments for block in each.get("blocks", []))]

    def stored(self) -> "Content":
        """Give it as Slack stores it: every block and element has a name."""
        attached = [
            each | ({"blocks": with_ids(each["blocks"])} if each.get("blocks") else {}) for each in self.attachments
        ]
        return Content(self.text, with_ids(self.blocks), attached, self.metadata)


@dataclass
class Message:
    """One message. ``version`` counts its renderings from 1; ``rev`` is the change that touched it last."""

    channel: str
    ts: str
    user: str
    renderings: list[Content]
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    edited_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    rev: int = 0

    @property
    def content(self) -> Content:
        """The rendering that is shown now."""
        return self.renderings[-1]

    @property
    def version(self) -> int:
        """The number of the rendering that is shown now."""
        return len(self.renderings)

    def seen_by(self, user: str | None) -> bool:
        """Whether somebody may see it (``None``: somebody who has no private messages)."""
        return self.ephemeral_to is None or self.ephemeral_to == user

    def as_seen(self) -> Json:
        """Give it as the driver and the page show it."""
        return {
            "channel": self.channel,
            "ts": self.ts,
            "user": self.user,
            "text": self.content.text,
            "blocks": list(self.content.blocks),
            "attachments": list(self.content.attachments),
            "thread_ts": self.thread_ts,
            "metadata": self.content.metadata,
            "version": self.version,
            "ephemeral_to": self.ephemeral_to,
            "edited": self.edited_ts is not None,
        }

    def as_slack(self, content: Content | None = None) -> Json:
        """Give it as the Web API and payloads hold it; ``content`` for an older rendering."""
        shown = content or self.content
        made: Json = {"type": "message", "user": self.user, "team": TEAM, "ts": self.ts, "text": shown.text}
        made["blocks"] = list(shown.blocks)
        if self.user == BOT:
            made |= {"bot_id": BOT_PROFILE, "app_id": APP}
        if self.edited_ts:
            made["edited"] = {"user": self.user, "ts": self.edited_ts}
        if self.reactions:
            made["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        parts = {"attachments": list(shown.attachments), "metadata": shown.metadata, "thread_ts": self.thread_ts}
        return made | {name: part for name, part in parts.items() if part}


@dataclass
class Channel:
    """A channel, or the direct messages of somebody with the bot."""

    id: str
    name: str
    members: set[str]
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False  # with another organisation (Slack Connect)
    messages: dict[str, Message] = field(default_factory=dict)

    @property
    def payload_name(self) -> str:
        """The name that payloads give it."""
        return "directmessage" if self.is_im else self.name

    def as_slack(self) -> Json:
        """Describe it as conversations.info does."""
        found: Json = {
            "id": self.id,
            "is_channel": not self.is_im and not self.is_private,
            "is_group": self.is_private,
            "is_im": self.is_im,
            "is_mpim": False,
            "is_private": self.is_private or self.is_im,
            "is_archived": self.is_archived,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "context_team_id": TEAM,
        }
        if self.is_im:
            return found | {"user": next(iter(self.members - {BOT}), BOT), "is_open": True}
        named = {"name": self.name, "name_normalized": self.name, "is_member": BOT in self.members}
        return found | named | {"is_general": False, "num_members": len(self.members)}


def with_ids(blocks: Sequence[Json]) -> list[Json]:
    """Copy blocks as Slack stores them: without nulls, with a name for each block and element that has none."""
    copied: list[Json] = [_pruned(block) for block in blocks]
    for block in all_blocks(copied):
        block.setdefault("block_id", short_id())
    for _, element in elements(copied):
        element.setdefault("action_id", short_id())
    return copied


def all_blocks(blocks: Sequence[Json]) -> Iterator[Json]:
    """Give the blocks and those inside of containers."""
    for block in blocks:
        yield block
        if block.get("type") == "container":
            yield from all_blocks(block.get("child_blocks", []))


def elements(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Give everything that can be pressed or filled in, each with its block."""
    for block in all_blocks(blocks):
        if block.get("type") in {"actions", "context_actions"}:
            yield from ((block, element) for element in block.get("elements", []))
        if block.get("type") == "card":
            yield from ((block, element) for element in block.get("actions", []))
        place = {"section": "accessory", "input": "element"}.get(block["type"], "")
        if place in block and block[place]["type"] != "image":
            yield block, block[place]


def _pruned(value: Any) -> Any:  # noqa: ANN401  # JSON of any kind
    match value:
        case dict():
            return {name: _pruned(item) for name, item in value.items() if item is not None}
        case list():
            return [_pruned(item) for item in value]
        case _:
            return value
