"""The driver for programs and for the page, under /sandbox/ and /demo/: JSON in and out."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.panel import Panel
from sandbox.slack.acting import Acting, Done, fill, find_button
from sandbox.slack.faults import Faults
from sandbox.slack.model import Message, User
from sandbox.slack.sockets import Sockets
from sandbox.slack.workspace import BOT, SlackError, Workspace

Json = dict[str, Any]
LONGEST_WAIT = 60.0
_KINDS = {"member", "guest", "stranger", "bot", "deactivated"}


@dataclass
class Driver:
    """What people and programs do to the stand-in."""

    space: Workspace
    acting: Acting
    sockets: Sockets
    faults: Faults
    panel: Panel | None

    def routes(self) -> list[Route]:
        """Give the routes."""
        posts = {
            "command": self.command,
            "click": self.click,
            "submit": self.submit,
            "mention": self.mention,
            "say": self.mention,
            "close-view": self.close_view,
            "users": self.users,
            "faults": self.arm,
        }
        gets = {"messages": self.messages, "views": self.views, "calls": self.calls, "state": self.state}
        return [
            *(Route(f"/sandbox/{name}", _posted(work), methods=["POST"]) for name, work in posts.items()),
            *(Route(f"/sandbox/{name}", _got(work), methods=["GET"]) for name, work in gets.items()),
            Route("/demo/state", _got(self.demo_state), methods=["GET"]),
            Route("/demo/trouble", _posted(self.demo_trouble), methods=["POST"]),
        ]

    async def command(self, body: Json) -> Json:
        """Type a slash command."""
        user, channel = self._where(body)
        command = str(body.get("command", "/db"))
        if not command.startswith("/"):
            raise SlackError("a command begins with /")
        if body.get("thread_ts"):
            raise SlackError(f"{command} is not supported in threads. Sorry!")
        before = self.space.rev
        done = await self.acting.command(user, channel, command, str(body.get("text", "")))
        return self._done(done, user, before)

    async def click(self, body: Json) -> Json:
        """Press a button; ``version`` presses one of an older rendering."""
        user, channel = self._where(body)
        message = self.space.message(channel, str(body.get("ts", "")))
        if message.ephemeral_to not in {None, user.id}:
            raise SlackError("message_not_found")
        version = int(body.get("version") or message.version)
        if not 1 <= version <= message.version:
            raise SlackError(f"this message has versions 1 to {message.version}")
        blocks = message.renderings[version - 1]
        element, block = find_button(blocks, str(body.get("action_id") or ""), str(body.get("label") or ""))
        if element.get("confirm") and body.get("confirm", True) is False:
            return {"ok": True, "acked": False, "ack_ms": None, "views": [], "ephemeral": [], "confirmed": False}
        before = self.space.rev
        return self._done(await self.acting.click(user, message, element, block, blocks), user, before)

    async def submit(self, body: Json) -> Json:
        """Fill a window in and send it."""
        user = self.space.user(str(body.get("user", "")))
        view = self.space.views.get(str(body.get("view_id", "")))
        if view is None or view.user != user.id:
            raise SlackError("this window is not open for this person")
        wrong = fill(view, body.get("values") or {})
        before = self.space.rev
        if wrong:
            view.errors = wrong
            self.space.changed()
            return self._done(Done(acked=False, ack_ms=None, answer={}), user, before) | {"errors": wrong}
        done = await self.acting.submit(user, view)
        errors = view.errors if view.id in self.space.views else {}
        return self._done(done, user, before) | {"errors": errors}

    async def mention(self, body: Json) -> Json:
        """Write a message; one that names the bot reaches it."""
        user, channel = self._where(body)
        text, thread = str(body.get("text", "")), body.get("thread_ts")
        text = text.replace("@seconder", f"<@{BOT}>")
        before = self.space.rev
        if f"<@{BOT}>" not in text:
            self.space.post(channel, user.id, text, [], thread_ts=thread)
            return self._done(Done(acked=True, ack_ms=0.0, answer={}), user, before)
        return self._done(await self.acting.mention(user, channel, text, thread), user, before)

    async def close_view(self, body: Json) -> Json:
        """Close a window without sending it."""
        self.space.close_views(self.space.user(str(body.get("user", ""))).id, str(body.get("view_id", "")))
        return {"ok": True}

    async def users(self, body: Json) -> Json:
        """Add somebody, or change who somebody is."""
        kind = str(body.get("kind", "member"))
        if kind not in _KINDS:
            raise SlackError(f"kind is one of {', '.join(sorted(_KINDS))}")
        name = str(body.get("name") or body.get("id") or "")
        if not name:
            raise SlackError("say name, kind and, if you like, id and team")
        known = next((user for user in self.space.users.values() if name in {user.id, user.name}), None)
        user_id = known.id if known else str(body.get("id") or f"U0{name.upper()}")
        team = str(body.get("team") or ("T0ELSEWHERE" if kind == "stranger" else "T0SITE"))
        user = User(user_id, name if not known else known.name, str(body.get("real_name") or name.title()), kind, team)
        self.space.users[user.id] = user
        for channel in self.space.channels.values():
            if not channel.is_im and body.get("join", True):
                channel.members.add(user.id)
        self.space.changed()
        return {"ok": True, "user": user.profile()}

    async def arm(self, body: Json) -> Json:
        """Arm a fault, or clear all."""
        how = self.faults.arm(body)
        if how:
            await self.sockets.disturb(how)
        return {"ok": True}

    async def messages(self, query: Json) -> Json:
        """List messages; ``since`` a time, ``wait`` for one up to so many seconds."""
        channel = self.space.channel(str(query.get("channel", "ops"))).id
        until = time.monotonic() + min(float(query.get("wait", 0)), LONGEST_WAIT)
        while True:
            found = self._visible(channel, str(query.get("user", "")), str(query.get("since", "")))
            left = until - time.monotonic()
            if found or left <= 0:
                return {"ok": True, "messages": [message.shown() for message in found]}
            await self.space.news(left)

    async def views(self, query: Json) -> Json:
        """List somebody's open windows, the top one last."""
        user = self.space.user(str(query.get("user", "")))
        return {"ok": True, "views": [view.wire() | {"errors": view.errors} for view in self.space.stack(user.id)]}

    async def calls(self, _query: Json) -> Json:
        """List every Web API call as it was received."""
        return {"ok": True, "calls": self.space.calls}

    async def state(self, query: Json) -> Json:
        """Give all that somebody sees; waits until something is newer than ``since``."""
        user = self.space.user(str(query.get("user", "")))
        until = time.monotonic() + min(float(query.get("wait", 0)), LONGEST_WAIT)
        while self.space.rev <= int(query.get("since", -1)) and time.monotonic() < until:
            await self.space.news(until - time.monotonic())
        return {
            "rev": self.space.rev,
            "team": {"id": "T0SITE", "name": "Demo"},
            "users": [
                {"id": u.id, "name": u.name, "real_name": u.real_name, "kind": u.kind}
                for u in self.space.users.values()
            ],
            "channels": [
                {"id": each.id, "name": each.name} for each in self.space.channels.values() if user.id in each.members
            ],
            "messages": [message.shown() for message in self.space.seen_by(user.id)],
            "views": [view.wire() | {"errors": view.errors} for view in self.space.stack(user.id)],
            "notice": None,
        }

    async def demo_state(self, _query: Json) -> Json:
        """Give how the demo's world is."""
        return await asyncio.to_thread(self._panel().state)

    async def demo_trouble(self, body: Json) -> Json:
        """Make trouble."""
        return await asyncio.to_thread(self._panel().trouble, str(body.get("kind", "")))

    def _panel(self) -> Panel:
        if self.panel is None:
            raise SlackError("no_demo")
        return self.panel

    def _where(self, body: Json) -> tuple[User, str]:
        user = self.space.user(str(body.get("user", "")))
        channel = self.space.channel(str(body.get("channel", "ops")))
        if user.id not in channel.members:
            raise SlackError("user_not_in_channel")
        return user, channel.id

    def _visible(self, channel: str, user: str, since: str) -> list[Message]:
        if user:
            found = self.space.seen_by(self.space.user(user).id, channel)
        else:
            found = [each for each in self.space.messages if each.channel == channel and not each.ephemeral_to]
        return [message for message in found if message.ts > since]

    def _done(self, done: Done, user: User, before: int) -> Json:
        del before
        return {
            "ok": True,
            "acked": done.acked,
            "ack_ms": done.ack_ms,
            "views": [view.wire() | {"errors": view.errors} for view in self.space.stack(user.id)],
            "ephemeral": [message.shown() for message in self.space.messages if message.ephemeral_to == user.id][-5:],
        }


def _posted(work: Any) -> Any:  # noqa: ANN401  # starlette's endpoint types
    async def endpoint(request: Request) -> JSONResponse:
        try:
            body = json.loads(await request.body() or b"{}")
            if not isinstance(body, dict):
                raise SlackError("send a JSON object")
            return JSONResponse(await work(body))
        except SlackError as error:
            return _wrong(error)
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"ok": False, "error": f"that can't be read: {error}"}, status_code=400)

    return endpoint


def _got(work: Any) -> Any:  # noqa: ANN401  # as above
    async def endpoint(request: Request) -> JSONResponse:
        try:
            return JSONResponse(await work(dict(request.query_params)))
        except SlackError as error:
            return _wrong(error)
        except ValueError as error:
            return JSONResponse({"ok": False, "error": f"that can't be read: {error}"}, status_code=400)

    return endpoint


def _wrong(error: SlackError) -> JSONResponse:
    found = error.error.endswith("not_found") or error.error == "no_demo"
    return JSONResponse({"ok": False, "error": error.error}, status_code=404 if found else 400)
