"""What people do: type, click, send a window. It becomes envelopes, and their acknowledgements become what is seen."""

import time
from dataclasses import dataclass
from typing import Any

from sandbox.slack.blocks import check_message, check_view
from sandbox.slack.model import Message, User, View, hex_id
from sandbox.slack.sockets import Sockets
from sandbox.slack.workspace import APP, BOT, TEAM, SlackError, Workspace

Json = dict[str, Any]
SLOW = (
    "seconder did not respond (operation_timeout). The command may or may not have been heard; look before repeating."
)


@dataclass
class Done:
    """How an act ended: whether the app acknowledged it, after how many milliseconds, and what the ack said."""

    acked: bool
    ack_ms: float | None
    answer: Json


@dataclass
class Acting:
    """Acts in the name of people."""

    space: Workspace
    sockets: Sockets

    async def command(self, user: User, channel: str, command: str, text: str) -> Done:
        """Type a slash command."""
        payload = {
            "token": "x",
            "api_app_id": APP,
            "team_id": user.team,
            "team_domain": "demo",
            "channel_id": channel,
            "channel_name": self.space.channels[channel].name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "is_enterprise_install": "false",
            "response_url": self.space.response_url(user.id, channel),
            "trigger_id": self.space.trigger(user.id, channel),
        }
        done = await self._send("slash_commands", payload, user, channel, answers=True)
        if done.answer.get("text") or done.answer.get("blocks"):
            self.respond(user.id, channel, done.answer)
        return done

    async def click(self, user: User, message: Message, element: Json, block: Json, blocks: list[Json]) -> Done:
        """Press a button of a message, as it was rendered then."""
        shown = {**message.wire(), "blocks": blocks}
        payload = self._interaction("block_actions", user) | {
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": message.channel,
                "is_ephemeral": message.ephemeral_to is not None,
                **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
            },
            "channel": {"id": message.channel, "name": self.space.channels[message.channel].name},
            "state": {"values": {}},
            "trigger_id": self.space.trigger(user.id, message.channel),
            "response_url": self.space.response_url(user.id, message.channel),
            "actions": [self._action(element, block)],
        }
        if message.ephemeral_to is None:
            payload["message"] = shown
        return await self._send("interactive", payload, user, message.channel, answers=False)

    async def submit(self, user: User, view: View) -> Done:
        """Send a window; what the app answers closes it, changes it, or shows errors in it."""
        payload = self._interaction("view_submission", user) | {
            "trigger_id": self.space.trigger(user.id, ""),
            "response_urls": [],
            "view": view.wire(),
        }
        view.errors = {}
        done = await self._send("interactive", payload, user, "", answers=True)
        if done.acked:
            self._answered(view, done.answer)
        self.space.changed()
        return done

    async def mention(self, user: User, channel: str, text: str, thread: str | None) -> Done:
        """Write a message that names the bot."""
        message = self.space.post(channel, user.id, text, [], thread_ts=thread)
        event = {
            "type": "app_mention",
            "user": user.id,
            "text": text,
            "ts": message.ts,
            "event_ts": message.ts,
            "channel": channel,
            "channel_type": "channel",
            "blocks": [],
            **({"thread_ts": thread} if thread else {}),
        }
        payload = {
            "type": "event_callback",
            "token": "x",
            "team_id": user.team,
            "api_app_id": APP,
            "event_id": f"Ev{hex_id()}",
            "event_time": int(time.time()),
            "authorizations": [
                {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True, "is_enterprise_install": False}
            ],
            "event": event,
        }
        return await self._send("events_api", payload, user, channel, answers=False)

    def respond(self, user: str, channel: str, answer: Json) -> None:
        """Show what an app sent through an acknowledgement or a response URL."""
        blocks = answer.get("blocks")
        check_message(blocks, str(answer.get("text") or ""))
        public = answer.get("response_type") == "in_channel"
        self.space.post(
            channel,
            BOT,
            str(answer.get("text") or ""),
            blocks or [],
            thread_ts=answer.get("thread_ts"),
            ephemeral_to=None if public else user,
        )

    async def _send(self, kind: str, payload: Json, user: User, channel: str, *, answers: bool) -> Done:
        began = time.monotonic()
        answer = await self.sockets.send(kind, payload, answers=answers)
        if answer is None:
            where = channel or self.space.channel("ops").id
            self.space.post(where, BOT, SLOW, [], ephemeral_to=user.id)
            return Done(acked=False, ack_ms=None, answer={})
        return Done(acked=True, ack_ms=round((time.monotonic() - began) * 1000, 1), answer=answer)

    def _answered(self, view: View, answer: Json) -> None:
        match answer.get("response_action"):
            case "errors":
                view.errors = dict(answer.get("errors", {}))
            case "update":
                check_view(answer.get("view"))
                view.view, view.hash, view.values = answer["view"], self.space.next_ts() + ".x", {}
            case "push":
                check_view(answer.get("view"))
                self.space.open_view(view.user, answer["view"], push=True)
            case "clear":
                self.space.close_views(view.user)
            case _:
                self.space.close_views(view.user, view.id)

    def _interaction(self, kind: str, user: User) -> Json:
        return {
            "type": kind,
            "token": "x",
            "api_app_id": APP,
            "team": {"id": TEAM, "domain": "demo"},
            "enterprise": None,
            "is_enterprise_install": False,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        }

    def _action(self, element: Json, block: Json) -> Json:
        kept: Json = {key: element[key] for key in ("type", "action_id", "value", "text", "style") if key in element}
        return kept | {"block_id": block["block_id"], "action_ts": self.space.next_ts()}


def fill(view: View, values: Json) -> dict[str, str]:
    """Put typed values into a window; gives what Slack's own client would not let through, by block."""
    wrong: dict[str, str] = {}
    for block in view.view.get("blocks", []):
        if block.get("type") != "input":
            continue
        element, block_id = block["element"], block.get("block_id", "")
        action = element.get("action_id", "")
        typed = values.get(block_id, {}).get(action)
        if typed in {None, ""} and not block.get("optional"):
            wrong[block_id] = "Please fill this in."
        view.values.setdefault(block_id, {})[action] = _state(element, typed)
    return wrong


def find_button(blocks: list[Json], action_id: str, label: str) -> tuple[Json, Json]:
    """Find a button by its action_id, or its text, or both. Raises SlackError."""
    for block in blocks:
        elements = block.get("elements", []) if block.get("type") == "actions" else [block.get("accessory")]
        for element in filter(None, elements):
            text = element.get("text", {})
            words = text.get("text", "") if isinstance(text, dict) else ""
            if (not action_id or element.get("action_id") == action_id) and (not label or label in words):
                return element, block
    raise SlackError(f"there is no button {action_id or label} on this message")


def _state(element: Json, typed: object) -> Json:
    kind = element["type"]
    if kind in {"static_select", "radio_buttons"}:
        options = [*element.get("options", [])]
        chosen = next((option for option in options if option.get("value") == typed), None)
        return {"type": kind, "selected_option": chosen}
    if kind == "checkboxes":
        wanted = typed if isinstance(typed, list) else []
        return {"type": kind, "selected_options": [o for o in element.get("options", []) if o["value"] in wanted]}
    return {"type": kind, "value": typed or None}
