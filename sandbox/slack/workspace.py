"""The workspace: the one owner of what Slack would know. It lives on the server's event loop, so it needs no locks."""

import time
from collections.abc import Callable, Sequence

from sandbox.slack.changes import Changes
from sandbox.slack.handles import Replies, Triggers
from sandbox.slack.ids import Mint
from sandbox.slack.messages import Channel, Content, Message
from sandbox.slack.people import BOT, DBA, HOUSE, SEED, Group, User
from sandbox.slack.shapes import SlackError
from sandbox.slack.views import Stacks, View


class Workspace:
    """People, channels, messages and views, with Slack's words for what is not there."""

    def __init__(self, url: str, users: Sequence[User] = SEED, clock: Callable[[], float] = time.monotonic) -> None:
        """Seed it: everybody in ``ops`` and ``random``, the bot in ``ops`` only, direct messages for each person."""
        self.url = url
        self.mint = Mint()
        self.changes = Changes()
        self.triggers = Triggers(self.mint, clock)
        self.replies = Replies(clock)
        self.views = Stacks(self.mint)
        self.users = {user.id: user for user in (*HOUSE, *users)}
        everybody = {user.id for user in users}
        ops, random = Channel("C0OPS", "ops", everybody | {BOT}), Channel("C0RANDOM", "random", set(everybody))
        self.channels = {ops.id: ops, random.id: random}
        self.groups = {"S0DBA": Group("S0DBA", "dba", set(DBA) & everybody)}
        self.notices: dict[str, str] = {}
        for user in users:
            self.direct(user.id)

    def user(self, name: str) -> User:
        """Give somebody by id, ``name`` or ``@name``. Raises SlackError ``user_not_found``."""
        bare = name.removeprefix("@")
        found = self.users.get(bare) or next((user for user in self.users.values() if user.name == bare), None)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def direct(self, user: str) -> Channel:
        """Give the direct messages of somebody with the bot."""
        name = "D" + user.removeprefix("U")
        if name not in self.channels:
            self.channels[name] = Channel(name, name, {user, BOT}, is_im=True)
        return self.channels[name]

    def channel(self, name: str) -> Channel:
        """Give a channel by id, ``name`` or ``#name``. Raises SlackError ``channel_not_found``."""
        bare = name.removeprefix("#")
        found = self.channels.get(bare) or next((each for each in self.channels.values() if each.name == bare), None)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def message(self, channel: Channel, ts: str) -> Message:
        """Give a message. Raises SlackError ``message_not_found``."""
        found = channel.messages.get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def post(
        self,
        channel: Channel,
        user: str,
        content: Content,
        *,
        thread_ts: str | None = None,
        only_for: str | None = None,
    ) -> Message:
        """Add a message."""
        made = Message(channel.id, self.mint.ts(), user, [content.stored()], thread_ts, only_for)
        channel.messages[made.ts] = made
        self.touched(made)
        return made

    def edit(self, message: Message, content: Content) -> None:
        """Add a rendering to a message; the older ones stay."""
        message.renderings.append(content.stored())
        message.edited_ts = self.mint.ts()
        self.touched(message)

    def delete(self, message: Message) -> None:
        """Take a message away."""
        del self.channels[message.channel].messages[message.ts]
        self.changes.bump()

    def touched(self, thing: Message | View) -> None:
        """Note that a message or a view is new or changed."""
        thing.rev = self.changes.bump()

    def notice(self, user: str, text: str | None) -> None:
        """Tell one person something that has no place in a channel; ``None`` takes it away."""
        before = self.notices.pop(user, None)
        if text is not None:
            self.notices[user] = text
        if before != text:
            self.changes.bump()

    def seen_by(self, user: str) -> list[Message]:
        """List every message that somebody may see, oldest first."""
        found = [
            message
            for channel in self.channels.values()
            if user in channel.members
            for message in channel.messages.values()
            if message.seen_by(user)
        ]
        return sorted(found, key=lambda message: message.ts)
