"""conversations.*: channels, who is in them, and what was said."""

from sandbox.slack.api_chat import Chat
from sandbox.slack.messages import Channel, Message
from sandbox.slack.paging import page
from sandbox.slack.params import Params
from sandbox.slack.people import BOT
from sandbox.slack.scopes import Scopes
from sandbox.slack.shapes import Json, SlackError
from sandbox.slack.workspace import Workspace

_SEVERAL = "a group of people is not part of this stand-in"


class Conversations:
    """The methods. The scope that each needs follows from the kind of channel."""

    def __init__(self, space: Workspace, chat: Chat, scopes: Scopes) -> None:
        """Keep the workspace, the way to a channel, and what the token may do."""
        self._space, self._chat, self._scopes = space, chat, scopes

    def info(self, params: Params) -> Json:
        """conversations.info."""
        return {"channel": self._channel(params, "read").as_slack()}

    def listed(self, params: Params) -> Json:
        """conversations.list."""
        wanted = {word.strip() for word in params.text("types", "public_channel").split(",")}
        for kind, family in (("public_channel", "channels"), ("private_channel", "groups"), ("im", "im")):
            self._scopes.need(f"{family}:read" if kind in wanted else "")
        found = [
            channel.as_slack()
            for channel in self._space.channels.values()
            if _kind(channel) in wanted and (not channel.is_private or BOT in channel.members)
        ]
        return page("channels", found, params)

    def members(self, params: Params) -> Json:
        """conversations.members."""
        return page("members", sorted(self._channel(params, "read").members), params)

    def open(self, params: Params) -> Json:
        """conversations.open: the direct messages with one person."""
        self._scopes.need("im:write")
        asked = params.text("users") or params.text("channel")
        if "," in asked:
            raise SlackError("not_supported", detail=_SEVERAL)
        channel = self._space.channel(asked) if asked.startswith("D") else None
        if channel is None and asked not in self._space.users:
            raise SlackError("user_not_found")
        found = channel or self._space.direct(asked)
        short: Json = {"id": found.id}
        return {"channel": found.as_slack() if params.flag("return_im") else short, "no_op": True}

    def history(self, params: Params) -> Json:
        """conversations.history: newest first, no replies, nothing ephemeral."""
        channel = self._heard(params)
        found = [each for each in channel.messages.values() if each.seen_by(None) and not each.thread_ts]
        return self._told(params, found[::-1])

    def replies(self, params: Params) -> Json:
        """conversations.replies: a message and what was answered to it, oldest first."""
        channel, thread = self._heard(params), params.text("ts")
        found = [
            each for each in channel.messages.values() if each.seen_by(None) and thread in {each.ts, each.thread_ts}
        ]
        if not found:
            raise SlackError("thread_not_found")
        return self._told(params, found)

    def _told(self, params: Params, found: list[Message]) -> Json:
        oldest, latest = params.text("oldest", "0"), params.text("latest", "9999999999")
        kept = [each for each in found if oldest < each.ts < latest or self._edge(params, each.ts)]
        shown = [each.as_slack() for each in kept]
        if not params.flag("include_all_metadata"):
            shown = [{name: part for name, part in each.items() if name != "metadata"} for each in shown]
        told = page("messages", shown, params)
        return told | {"has_more": bool(told["response_metadata"]["next_cursor"])}

    def _edge(self, params: Params, ts: str) -> bool:
        return params.flag("inclusive") and ts in {params.text("oldest"), params.text("latest")}

    def _channel(self, params: Params, right: str) -> Channel:
        channel = self._chat.visible(params.text("channel"))
        self._scopes.need(f"{_family(channel)}:{right}")
        return channel

    def _heard(self, params: Params) -> Channel:
        channel = self._channel(params, "history")
        if BOT not in channel.members:
            raise SlackError("not_in_channel")
        return channel


def _kind(channel: Channel) -> str:
    return "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"


def _family(channel: Channel) -> str:
    return "im" if channel.is_im else "groups" if channel.is_private else "channels"
