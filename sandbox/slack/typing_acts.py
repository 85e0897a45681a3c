"""What people type: slash commands, messages, mentions; and the Home tab that they open."""

import re

from sandbox.slack import payloads
from sandbox.slack.answers import say_back
from sandbox.slack.handles import Reply
from sandbox.slack.messages import Channel, Content, Message
from sandbox.slack.people import BOT, BOT_NAME, User
from sandbox.slack.scene import Scene
from sandbox.slack.shapes import Json, SlackError, Wrong
from sandbox.slack.socket_mode import Delivery
from sandbox.slack.workspace import Workspace

_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}")
_TOKEN = re.compile(r"(<[@#!][^<>\s]*>)")
_NAME = re.compile(r"(?<![\w@#/])([@#])([A-Za-z0-9._-]*[A-Za-z0-9_])")
UNHEARD = Delivery(sent=False)


async def command(scene: Scene, user: User, channel: Channel, word: str, text: str) -> Json:
    """Type a slash command; the text is escaped as with ``should_escape`` (slack.md 2.5). Raises Wrong."""
    if not _COMMAND.fullmatch(word):
        raise Wrong(f"{word!r} is no command: one begins with / and goes on in lower case.")
    space, before = scene.space, scene.space.changes.rev
    space.notice(user.id, None)
    payload = payloads.slash(user, channel, word, escaped(space, text.strip())) | {
        "response_url": f"{space.url}/response/{space.replies.make(user.id, channel.id)}",
        "trigger_id": space.triggers.make(user.id),
    }
    done = await scene.wire.send("slash_commands", payload, answers=True)
    if not done.acked:
        scene.failed(user, channel, word, done)
    elif done.answer:
        try:
            say_back(space, Reply(user.id, channel.id, None, 0.0), done.answer)
        except SlackError as no:
            scene.complain(user, channel, f'{word} failed with the error "{no.error}"')
    return scene.outcome(user, before, done)


async def mention(scene: Scene, user: User, channel: Channel, text: str, thread_ts: str | None) -> Json:
    """Write a message that names the bot. Raises Wrong where the bot is not."""
    if BOT not in channel.members:
        raise Wrong(f"{BOT_NAME} is not in {channel.name}: a mention there never reaches it.")
    words = escaped(scene.space, text)
    return await say(scene, user, channel, words if f"<@{BOT}" in words else f"<@{BOT}> {words}".rstrip(), thread_ts)


async def say(scene: Scene, user: User, channel: Channel, text: str, thread_ts: str | None) -> Json:
    """Write a message; the app hears of it in direct messages, and where it is named and is in the channel."""
    space, before = scene.space, scene.space.changes.rev
    if thread_ts is not None and thread_ts not in channel.messages:
        raise Wrong(f"There is no message {thread_ts} in {channel.name} to answer to.")
    if not text.strip():
        raise Wrong("A message needs a text.")
    words = escaped(space, text)
    plain = re.sub(rf"<@{BOT}\|[^<>]*>", f"<@{BOT}>", words)
    message = space.post(channel, user.id, Content(plain), thread_ts=thread_ts)
    done = await _heard(scene, user, channel, message)
    return scene.outcome(user, before, done, channel=channel.id, ts=message.ts)


async def _heard(scene: Scene, user: User, channel: Channel, message: Message) -> Delivery:
    named = f"<@{BOT}>" in message.content.text
    if BOT not in channel.members or not (named or channel.is_im):
        return UNHEARD
    kind = "message" if channel.is_im else "app_mention"
    event = payloads.message_event(user, channel, message, kind)
    return await scene.wire.event(payloads.callback(scene.space.mint.event(), event))


async def open_home(scene: Scene, user: User) -> Json:
    """Open the Home tab; gives what the app published there, if it did."""
    space, before = scene.space, scene.space.changes.rev
    home = space.views.homes.get(user.id)
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": space.direct(user.id).id,
        "tab": "home",
        "event_ts": space.mint.ts(),
    }
    event |= {"view": home.as_slack()} if home else {}
    done = await scene.wire.event(payloads.callback(space.mint.event(), event))
    return scene.outcome(user, before, done)


def escaped(space: Workspace, text: str) -> str:
    """Escape text as Slack does: ``&``, ``<``, ``>``, and the names of people and channels that it knows."""
    return "".join(
        part if _TOKEN.fullmatch(part) else _NAME.sub(lambda name: _named(space, name), _entities(part))
        for part in _TOKEN.split(text)
    )


def _entities(text: str) -> str:
    plain = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _named(space: Workspace, name: re.Match[str]) -> str:
    try:
        if name[1] == "@":
            user = space.user(name[2])
            return f"<@{user.id}|{user.name}>"
        channel = space.channel(name[2])
    except SlackError:
        return name[0]
    return f"<#{channel.id}|{channel.name}>"
