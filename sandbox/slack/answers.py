"""What an app says back to an act: in its ack of a slash command, or through a response URL."""

from sandbox.slack.contents import content
from sandbox.slack.handles import Reply
from sandbox.slack.people import BOT
from sandbox.slack.shapes import Json, SlackError
from sandbox.slack.workspace import Workspace


def say_back(space: Workspace, to: Reply, body: Json) -> None:
    """Show, replace or delete what the answer asks for; it needs no membership. Raises SlackError."""
    channel = space.channels[to.channel]
    original = channel.messages.get(to.message or "")
    if body.get("delete_original"):
        if original is not None and original.user == BOT:
            space.delete(original)
        return
    shown = content(body.get("text"), body.get("blocks"), body.get("attachments"), body.get("metadata"))
    if body.get("replace_original") and original is not None and original.user == BOT:
        space.edit(original, shown)
        return
    if body.get("response_type") not in {None, "ephemeral", "in_channel"}:
        raise SlackError("invalid_response_type")
    only_for = None if body.get("response_type") == "in_channel" else to.user
    thread = body.get("thread_ts")
    space.post(channel, BOT, shown, thread_ts=str(thread) if thread else None, only_for=only_for)
