"""chat.* and reactions.*: what an app says in channels."""

import time

from sandbox.slack.contents import content
from sandbox.slack.messages import Channel, Content, Message
from sandbox.slack.params import Params
from sandbox.slack.people import BOT
from sandbox.slack.shapes import Json, SlackError
from sandbox.slack.workspace import Workspace

PACE_S = 1.0  # one message a second and channel, slack.md 2.3


class Chat:
    """The methods; ``paced`` says whether Slack's pace is enforced just now."""

    def __init__(self, space: Workspace) -> None:
        """Keep the workspace."""
        self._space = space
        self._last: dict[str, float] = {}
        self.paced = False

    def post_message(self, params: Params) -> Json:
        """chat.postMessage."""
        channel = self._joined(params)
        shown = _content(params)
        thread = self._thread(channel, params)
        self._keep_pace(channel)
        made = self._space.post(channel, BOT, shown, thread_ts=thread)
        return {"channel": channel.id, "ts": made.ts, "message": made.as_slack()}

    def post_ephemeral(self, params: Params) -> Json:
        """chat.postEphemeral."""
        channel, user = self._joined(params), self._space.user(params.text("user"))
        if user.id not in channel.members:
            raise SlackError("user_not_in_channel")
        shown = _content(params)
        made = self._space.post(channel, BOT, shown, thread_ts=self._thread(channel, params), only_for=user.id)
        return {"message_ts": made.ts}

    def update(self, params: Params) -> Json:
        """chat.update: text without blocks takes the blocks away; metadata stays unless it is given anew."""
        channel, message = self._own(params, "cant_update_message")
        shown = _content(params, edit=True)
        if "metadata" not in params.raw:
            shown = Content(shown.text, shown.blocks, shown.attachments, message.content.metadata)
        self._space.edit(message, shown)
        return {"channel": channel.id, "ts": message.ts, "text": shown.text, "message": message.as_slack()}

    def delete(self, params: Params) -> Json:
        """chat.delete."""
        channel, message = self._own(params, "cant_delete_message")
        self._space.delete(message)
        return {"channel": channel.id, "ts": message.ts}

    def permalink(self, params: Params) -> Json:
        """chat.getPermalink."""
        channel = self.visible(params.text("channel"))
        message = self._space.message(channel, params.text("message_ts"))
        link = f"{self._space.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
        return {"channel": channel.id, "permalink": link}

    def react(self, params: Params) -> Json:
        """reactions.add."""
        channel = self.visible(params.text("channel"))
        message, name = self._space.message(channel, params.text("timestamp")), params.text("name").strip(":")
        if not name:
            raise SlackError("no_reaction")
        users = message.reactions.setdefault(name, [])
        if BOT in users:
            raise SlackError("already_reacted")
        users.append(BOT)
        self._space.touched(message)
        return {}

    def visible(self, name: str) -> Channel:
        """Give a channel that the bot can see; a private one without it does not exist. Raises SlackError."""
        space = self._space
        channel = space.direct(name) if name in space.users else space.channel(name)
        if channel.is_private and BOT not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def _joined(self, params: Params) -> Channel:
        channel = self.visible(params.text("channel"))
        if BOT not in channel.members:
            raise SlackError("not_in_channel")
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    def _own(self, params: Params, refusal: str) -> tuple[Channel, Message]:
        channel = self.visible(params.text("channel"))
        message = self._space.message(channel, params.text("ts"))
        if message.ephemeral_to is not None:
            raise SlackError("message_not_found")
        if message.user != BOT:
            raise SlackError(refusal)
        return channel, message

    def _thread(self, channel: Channel, params: Params) -> str | None:
        thread = params.maybe("thread_ts")
        if thread is not None and thread not in channel.messages:
            raise SlackError("thread_not_found")
        return thread

    def _keep_pace(self, channel: Channel) -> None:
        now = time.monotonic()
        if self.paced and now - self._last.get(channel.id, -PACE_S) < PACE_S:
            raise SlackError("ratelimited")
        self._last[channel.id] = now


def _content(params: Params, *, edit: bool = False) -> Content:
    return content(
        params.text("text"),
        params.nested("blocks", "invalid_blocks_format"),
        params.nested("attachments", "invalid_attachments"),
        params.nested("metadata", "invalid_metadata_format"),
        edit=edit,
    )
