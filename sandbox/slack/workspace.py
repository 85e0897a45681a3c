"""The workspace: the one owner of its state; it lives on the event loop, so it needs no locks."""

import asyncio
import itertools
import time
from dataclasses import dataclass, field

from sandbox.slack.model import Channel, Json, Message, User, View, hex_id

TEAM, BOT, APP, BOT_ID = "T0SITE", "U0SECONDER", "A0SECONDER", "B0SECONDER"
TRIGGER_SECONDS = 3.0
RESPONSE_USES, RESPONSE_SECONDS = 5, 1800.0


class SlackError(Exception):
    """An answer of ``ok: false``."""

    def __init__(self, error: str, **more: object) -> None:
        """Keep Slack's word for it."""
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass
class Handle:
    """Something that works a few times and for a while: a trigger or a response URL."""

    user: str
    channel: str
    made: float
    uses: int = 0


def _users() -> dict[str, User]:
    seed = (("U0ANA", "ana", "Ana Sol"), ("U0BEN", "ben", "Ben Okoye"), ("U0CY", "cy", "Cy Lund"))
    users = {user: User(user, name, real) for user, name, real in seed}
    users["U0GIL"] = User("U0GIL", "gil", "Gil Guest", kind="guest")
    users[BOT] = User(BOT, "seconder", "Seconder", kind="bot")
    return users


@dataclass
class Workspace:
    """People, channels, messages, windows, and what was called."""

    base_url: str = ""
    users: dict[str, User] = field(default_factory=_users)
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    calls: list[Json] = field(default_factory=list)
    rev: int = 0
    triggers: dict[str, Handle] = field(default_factory=dict)
    responses: dict[str, Handle] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _last_ts: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        """Open the channels that everybody expects."""
        if not self.channels:
            everybody = set(self.users)
            self.channels["C0OPS"] = Channel("C0OPS", "ops", set(everybody))
            self.channels["C0RANDOM"] = Channel("C0RANDOM", "random", set(everybody))

    def changed(self) -> None:
        """Wake whoever waits for news."""
        self.rev += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def news(self, seconds: float) -> None:
        """Wait for a change, but not for ever."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout=max(0.0, seconds))
        except TimeoutError:
            return

    def next_ts(self) -> str:
        """Give a time that is unique and rises."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def user(self, name: str) -> User:
        """Give somebody by id or name."""
        found = self.users.get(name) or next((user for user in self.users.values() if user.name == name), None)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def channel(self, name: str) -> Channel:
        """Give a channel by id, name, or the id of a person (their direct messages)."""
        bare = name.removeprefix("#")
        found = self.channels.get(bare) or next((each for each in self.channels.values() if each.name == bare), None)
        if found is None and bare in self.users:
            found = self.channels.setdefault(f"D{bare}", Channel(f"D{bare}", bare, {bare, BOT}, is_im=True))
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def post(self, channel: str, user: str, text: str, blocks: list[Json], **more: object) -> Message:
        """Add a message."""
        for number, block in enumerate(blocks):
            block.setdefault("block_id", f"b{next(self._numbers)}{number}")
        message = Message(channel, self.next_ts(), user, text, blocks, **more)  # type: ignore[arg-type]
        message.renderings.append(blocks)
        self.messages.append(message)
        self.changed()
        return message

    def message(self, channel: str, ts: str) -> Message:
        """Give a message by its channel and time."""
        found = next((each for each in self.messages if each.channel == channel and each.ts == ts), None)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def edit(self, message: Message, text: str, blocks: list[Json] | None, metadata: Json | None) -> None:
        """Change a message; text without blocks takes the blocks away."""
        message.text, message.blocks = text, blocks or []
        for number, block in enumerate(message.blocks):
            block.setdefault("block_id", f"b{next(self._numbers)}{number}")
        message.metadata = metadata if metadata is not None else message.metadata
        message.version += 1
        message.renderings.append(message.blocks)
        self.changed()

    def seen_by(self, user: str, channel: str | None = None) -> list[Message]:
        """List the messages that somebody can see, oldest first."""
        mine = {each.id for each in self.channels.values() if user in each.members}
        return [
            message
            for message in self.messages
            if message.channel in mine
            and (channel is None or message.channel == channel)
            and message.ephemeral_to in {None, user}
        ]

    def trigger(self, user: str, channel: str) -> str:
        """Mint a trigger id: for one window, within 3 s."""
        made = f"{next(self._numbers)}.{next(self._numbers)}.{hex_id()}"
        self.triggers[made] = Handle(user, channel, time.monotonic())
        return made

    def use_trigger(self, trigger: str) -> Handle:
        """Use a trigger up."""
        handle = self.triggers.get(trigger)
        if handle is None:
            raise SlackError("invalid_trigger_id")
        if handle.uses:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - handle.made > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        handle.uses += 1
        return handle

    def response_url(self, user: str, channel: str) -> str:
        """Mint a response URL: five uses, half an hour."""
        key = hex_id()
        self.responses[key] = Handle(user, channel, time.monotonic())
        return f"{self.base_url}/response/{key}"

    def use_response(self, key: str) -> Handle | None:
        """Use a response URL once; None when it is used up."""
        handle = self.responses.get(key)
        if handle is None or handle.uses >= RESPONSE_USES or time.monotonic() - handle.made > RESPONSE_SECONDS:
            return None
        handle.uses += 1
        return handle

    def stack(self, user: str) -> list[View]:
        """List somebody's open windows, the top one last."""
        return [view for view in self.views.values() if view.user == user]

    def open_view(self, user: str, view: Json, *, push: bool = False) -> View:
        """Open a window; ``push`` puts it on top of the one that is open (three deep at most)."""
        stack = self.stack(user)
        if push and len(stack) >= 3:
            raise SlackError("push_limit_reached")
        if not push:
            self.close_views(user)
            stack = []
        new = f"V{next(self._numbers):06d}"
        top = stack[-1].id if stack else None
        made = View(new, user, view, self.next_ts() + ".x", stack[0].id if stack else new, top)
        self.views[new] = made
        self.changed()
        return made

    def close_views(self, user: str, view: str | None = None) -> None:
        """Close one window, or all of somebody's."""
        for each in self.stack(user):
            if view in {None, each.id}:
                del self.views[each.id]
        self.changed()
