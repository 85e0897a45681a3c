"""What travels inside of envelopes: the payload of each kind of act (slack.md 4.3)."""

import time

from sandbox.slack.messages import Channel, Content, Message
from sandbox.slack.people import APP, BOT, TEAM, TEAM_DOMAIN, User
from sandbox.slack.shapes import Json
from sandbox.slack.views import View

_TOKEN = "legacy-verification-token"  # noqa: S105  # Slack's old field; nothing checks it


def slash(user: User, channel: Channel, command: str, text: str) -> Json:
    """Give the payload of a slash command, without its one-shot handles."""
    return {
        "token": _TOKEN,
        "api_app_id": APP,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.payload_name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "is_enterprise_install": "false",
    }


def interaction(kind: str, user: User) -> Json:
    """Give what every interaction carries."""
    return {
        "type": kind,
        "token": _TOKEN,
        "api_app_id": APP,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
    }


def on_message(channel: Channel, message: Message, content: Content) -> Json:
    """Give where an act on a message happened; an ephemeral message itself is absent."""
    ephemeral = message.ephemeral_to is not None
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    found: Json = {"container": container, "channel": {"id": channel.id, "name": channel.payload_name}}
    return found if ephemeral else found | {"message": message.as_slack(content)}


def in_view(view: View) -> Json:
    """Give where an act in a view happened."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view.as_slack()}


def message_event(user: User, channel: Channel, message: Message, kind: str) -> Json:
    """Give the event of a message: ``app_mention``, or ``message`` in direct messages."""
    event: Json = {
        "type": kind,
        "user": user.id,
        "text": message.content.text,
        "ts": message.ts,
        "event_ts": message.ts,
        "team": user.team,
        "channel": channel.id,
        "channel_type": "im" if channel.is_im else "group" if channel.is_private else "channel",
        "blocks": [],
    }
    return event | ({"thread_ts": message.thread_ts} if message.thread_ts else {})


def callback(event_id: str, event: Json) -> Json:
    """Wrap an event as the Events API does."""
    return {
        "type": "event_callback",
        "token": _TOKEN,
        "team_id": TEAM,
        "api_app_id": APP,
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "event": event,
    }
