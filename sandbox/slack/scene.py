"""Where acts happen, and how their end is told to whoever drove them."""

from dataclasses import dataclass

from sandbox.slack.messages import Channel, Content
from sandbox.slack.people import SLACKBOT, User
from sandbox.slack.shapes import Json, SlackError, Wrong
from sandbox.slack.socket_mode import Delivery, SocketMode
from sandbox.slack.workspace import Workspace


@dataclass(frozen=True)
class Scene:
    """The workspace and the wire to the app."""

    space: Workspace
    wire: SocketMode

    def user(self, name: str) -> User:
        """Give somebody by id or name. Raises Wrong."""
        try:
            return self.space.user(name)
        except SlackError:
            known = ", ".join(user.name for user in self.space.users.values())
            raise Wrong(f"There is no user {name!r}; there are {known}.", 404) from None

    def place(self, user: User, name: str) -> Channel:
        """Give a channel that somebody is in, by id or name; ``dm`` is theirs with the bot. Raises Wrong."""
        if name == "dm":
            return self.space.direct(user.id)
        try:
            channel = self.space.channel(name)
        except SlackError:
            known = ", ".join(each.name for each in self.space.channels.values() if not each.is_im)
            raise Wrong(f"There is no channel {name!r}; there are {known}, and dm.", 404) from None
        if user.id not in channel.members:
            raise Wrong(f"{user.name} is not in {channel.name}.", 403)
        return channel

    def failed(self, user: User, channel: Channel, what: str, done: Delivery) -> None:
        """Show to somebody, as Slack does, that the app did not acknowledge in time, or was not there at all."""
        error = "operation_timeout" if done.sent else "dispatch_failed"
        self.complain(user, channel, f'{what} failed with the error "{error}"')

    def complain(self, user: User, channel: Channel, text: str) -> None:
        """Show something to one person, from Slackbot."""
        self.space.post(channel, SLACKBOT, Content(text), only_for=user.id)

    def outcome(self, user: User, before: int, done: Delivery, **more: object) -> Json:
        """Tell how an act ended: the ack, and what was shown to that person since the change ``before``."""
        views = [view.as_seen() for view in self.space.views.of(user.id) if view.rev > before]
        ephemeral = [
            message.as_seen()
            for channel in self.space.channels.values()
            for message in channel.messages.values()
            if message.ephemeral_to == user.id and message.rev > before
        ]
        told = {"ok": True, "acked": done.acked, "ack_ms": done.ack_ms, "views": views, "ephemeral": ephemeral}
        return told | {"sent": done.sent} | more
