"""What people press: buttons and menus of messages and views, and shortcuts."""

from sandbox.slack import payloads
from sandbox.slack.messages import Channel, Content, Message
from sandbox.slack.people import User
from sandbox.slack.pressing import find, pressed, states, words_on
from sandbox.slack.scene import Scene
from sandbox.slack.shapes import Json, SlackError, Wrong
from sandbox.slack.socket_mode import Delivery
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace

_NOT_SENT = Delivery(sent=False)


def seen_message(space: Workspace, user: User, channel: Channel, ts: str) -> Message:
    """Give a message that somebody sees. Raises Wrong."""
    try:
        message = space.message(channel, ts)
    except SlackError:
        message = None
    if message is None or not message.seen_by(user.id):
        raise Wrong(f"{user.name} sees no message {ts or 'without ts'} in {channel.name}.", 404)
    return message


def rendering(message: Message, version: int | None) -> Content:
    """Give one rendering of a message, the newest without a version. Raises Wrong."""
    if version is None:
        return message.content
    if not 1 <= version <= message.version:
        raise Wrong(f"The message has renderings 1 to {message.version}, not {version}.")
    return message.renderings[version - 1]


async def click(scene: Scene, user: User, channel: Channel, message: Message, wanted: Json) -> Json:
    """Press something on a message; ``wanted`` is what the driver was told. Raises Wrong."""
    space, before = scene.space, scene.space.changes.rev
    shown = rendering(message, wanted["version"])
    block, element = find(shown.pressable, wanted["action_id"], wanted["label"], wanted["block_id"])
    if _denied(element, wanted["confirm"]):
        return scene.outcome(user, before, _NOT_SENT)
    payload = payloads.interaction("block_actions", user) | payloads.on_message(channel, message, shown)
    payload |= {
        "state": states(shown.pressable),
        "actions": [pressed(block, element, space.mint.ts(), wanted["value"], wanted["label"])],
        "response_url": f"{space.url}/response/{space.replies.make(user.id, channel.id, message.ts)}",
        "trigger_id": space.triggers.make(user.id),
    }
    space.notice(user.id, None)
    done = await scene.wire.send("interactive", payload, answers=False)
    if not done.acked:
        scene.failed(user, channel, f"“{words_on(element)}”", done)
    return scene.outcome(user, before, done)


async def click_in_view(scene: Scene, user: User, view: View, wanted: Json, values: Json) -> Json:
    """Press or choose something in an open view, or in the Home tab, ``values`` filled in before. Raises Wrong.

    The payload holds the view with what is filled in, and neither a channel nor a message.
    """
    space, before = scene.space, scene.space.changes.rev
    view.fill(values)
    block, element = find(view.body["blocks"], wanted["action_id"], wanted["label"], wanted["block_id"])
    if block["type"] == "input" and not block.get("dispatch_action"):
        raise Wrong(f"{element['action_id']} is an input without dispatch_action: fill it in with submit.")
    if _denied(element, wanted["confirm"]):
        return scene.outcome(user, before, _NOT_SENT)
    action = pressed(block, element, space.mint.ts(), wanted["value"], wanted["label"])
    view.choose(block, element, action)
    payload = payloads.interaction("block_actions", user) | payloads.in_view(view)
    payload |= {"actions": [action], "trigger_id": space.triggers.make(user.id, view.id)}
    done = await scene.wire.send("interactive", payload, answers=False)
    space.notice(user.id, None if done.acked else f"“{words_on(element)}” failed: {_error(done)}")
    return scene.outcome(user, before, done)


async def suggest(scene: Scene, user: User, where: Json, blocks: list[Json], action_id: str, typed: str) -> Json:
    """Type into a menu whose options the app gives. Raises Wrong."""
    before = scene.space.changes.rev
    block, element = find(blocks, action_id)
    if "external" not in element["type"]:
        raise Wrong(f"{action_id} is a {element['type']}: it has its options already.")
    payload = payloads.interaction("block_suggestion", user) | where
    payload |= {"action_id": element["action_id"], "block_id": block["block_id"], "value": typed}
    done = await scene.wire.send("interactive", payload, answers=True)
    answer = done.answer or {}
    options = {name: answer[name] for name in ("options", "option_groups") if name in answer}
    return scene.outcome(user, before, done, **options)


async def shortcut(
    scene: Scene, user: User, callback_id: str, channel: Channel | None, message: Message | None
) -> Json:
    """Choose a shortcut: a global one, or one on a message."""
    space, before = scene.space, scene.space.changes.rev
    payload = payloads.interaction("shortcut" if message is None else "message_action", user)
    payload |= {"callback_id": callback_id, "action_ts": space.mint.ts(), "trigger_id": space.triggers.make(user.id)}
    if channel is not None and message is not None:
        payload |= {
            "channel": {"id": channel.id, "name": channel.payload_name},
            "message": message.as_slack(),
            "message_ts": message.ts,
            "response_url": f"{space.url}/response/{space.replies.make(user.id, channel.id, message.ts)}",
        }
    done = await scene.wire.send("interactive", payload, answers=False)
    space.notice(user.id, None if done.acked else f"The shortcut {callback_id} failed: {_error(done)}")
    return scene.outcome(user, before, done)


def _denied(element: Json, confirm: object) -> bool:
    if confirm is not False:
        return False
    if not element.get("confirm"):
        raise Wrong(f"“{words_on(element)}” asks nobody to confirm: it can only be pressed or left alone.")
    return True


def _error(done: Delivery) -> str:
    return "operation_timeout" if done.sent else "dispatch_failed"
