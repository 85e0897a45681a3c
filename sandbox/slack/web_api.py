"""The Web API under /api/: the methods that a bot of this kind calls, and Slack's way of refusing."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.blocks import check_message, check_view
from sandbox.slack.faults import Faults
from sandbox.slack.sockets import Sockets
from sandbox.slack.workspace import APP, BOT, BOT_ID, TEAM, SlackError, Workspace

Json = dict[str, Any]
BOT_TOKEN, APP_TOKEN = "xoxb-", "xapp-"  # prefixes, no secrets
DEFAULT_SCOPES = (
    "commands,chat:write,files:write,users:read,usergroups:read,app_mentions:read,im:history,im:write,channels:read,"
    "channels:history,groups:read,reactions:write,team:read"
)
_SCOPES = {
    "chat": "chat:write",
    "users": "users:read",
    "usergroups": "usergroups:read",
    "reactions": "reactions:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations": "channels:read",
}
_LONGEST_TEXT = 40_000


class WebApi:
    """Answers method calls out of the workspace."""

    def __init__(self, workspace: Workspace, sockets: Sockets, faults: Faults, scopes: str = DEFAULT_SCOPES) -> None:
        """Keep the workspace; ``scopes`` are what the bot's token may do."""
        self._space, self._sockets, self._faults = workspace, sockets, faults
        self._scopes = scopes
        self._methods: dict[str, Callable[[Json], Json]] = {
            "auth.test": self._auth_test,
            "apps.connections.open": self._connections_open,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "chat.getPermalink": self._permalink,
            "chat.postEphemeral": self._ephemeral,
            "views.open": self._views_open,
            "views.push": self._views_push,
            "views.update": self._views_update,
            "views.publish": self._views_publish,
            "users.info": lambda args: {"user": self._space.user(args.get("user", "")).profile()},
            "users.list": lambda _args: {"members": [user.profile() for user in self._space.users.values()]},
            "usergroups.list": lambda _args: {"usergroups": []},
            "usergroups.users.list": lambda _args: {"users": []},
            "conversations.info": lambda args: {"channel": self._space.channel(args.get("channel", "")).info()},
            "conversations.list": lambda _args: {"channels": [each.info() for each in self._space.channels.values()]},
            "conversations.members": self._members,
            "conversations.open": lambda args: {"channel": {"id": self._space.channel(args.get("users", "")).id}},
            "conversations.history": self._history,
            "conversations.replies": self._history,
            "reactions.add": lambda _args: {},
            "bots.info": lambda _args: {"bot": {"id": BOT_ID, "app_id": APP, "name": "seconder", "user_id": BOT}},
            "team.info": lambda _args: {"team": {"id": TEAM, "name": "Demo", "domain": "demo"}},
        }

    async def call(self, request: Request) -> Response:
        """Answer one call; every call is kept as it was received."""
        method = request.path_params["method"]
        arguments = await _arguments(request)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = bearer or str(arguments.pop("token", ""))
        self._space.calls.append(
            {
                "method": method,
                "params": arguments,
                "content_type": request.headers.get("content-type", ""),
                "token": token[:5],
                "at": time.time(),
            },
        )
        fault = self._faults.method(method)
        if fault is not None and fault.status != 200:
            headers = {"Retry-After": str(fault.retry_after)} if fault.status == 429 else {}
            body = {"ok": False, "error": "ratelimited" if fault.status == 429 else "internal_error"}
            return JSONResponse(body, status_code=fault.status, headers=headers)
        try:
            if fault is not None:
                raise SlackError(fault.error or "internal_error")
            answer = self._answer(method, token, arguments)
        except SlackError as error:
            return JSONResponse({"ok": False, "error": error.error, **error.more})
        return JSONResponse({"ok": True, **answer}, headers={"x-oauth-scopes": self._scopes})

    def _answer(self, method: str, token: str, arguments: Json) -> Json:
        known = self._methods.get(method)
        if known is None:
            raise SlackError("unknown_method")
        app_only = method == "apps.connections.open"
        if not token.startswith((BOT_TOKEN, APP_TOKEN)):
            raise SlackError("invalid_auth" if token else "not_authed")
        if token.startswith(APP_TOKEN) != app_only:
            raise SlackError("not_allowed_token_type")
        needed = _SCOPES.get(method) or _SCOPES.get(method.split(".", maxsplit=1)[0])
        if needed and needed not in self._scopes.split(","):
            raise SlackError("missing_scope", needed=needed, provided=self._scopes)
        return known(arguments)

    def _auth_test(self, _args: Json) -> Json:
        return {
            "url": self._space.base_url + "/",
            "team": "Demo",
            "user": "seconder",
            "team_id": TEAM,
            "user_id": BOT,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def _connections_open(self, _args: Json) -> Json:
        address = self._space.base_url.replace("http://", "ws://", 1)
        return {"url": f"{address}/link/?ticket={self._sockets.ticket()}&app_id={APP}"}

    def _post(self, args: Json) -> Json:
        channel = self._space.channel(str(args.get("channel", "")))
        if BOT not in channel.members:
            raise SlackError("not_in_channel")
        text, blocks = _content(args)
        thread = args.get("thread_ts")
        if thread:
            self._space.message(channel.id, str(thread))
        message = self._space.post(
            channel.id, BOT, text, blocks or [], thread_ts=thread, metadata=_parsed(args.get("metadata"))
        )
        return {"channel": channel.id, "ts": message.ts, "message": message.wire()}

    def _update(self, args: Json) -> Json:
        channel = self._space.channel(str(args.get("channel", "")))
        message = self._space.message(channel.id, str(args.get("ts", "")))
        if message.user != BOT or message.ephemeral_to:
            raise SlackError("cant_update_message")
        text, blocks = _content(args)
        self._space.edit(message, text, blocks, _parsed(args.get("metadata")))
        return {"channel": channel.id, "ts": message.ts, "text": text, "message": message.wire()}

    def _delete(self, args: Json) -> Json:
        channel = self._space.channel(str(args.get("channel", "")))
        message = self._space.message(channel.id, str(args.get("ts", "")))
        if message.user != BOT:
            raise SlackError("cant_delete_message")
        self._space.messages.remove(message)
        self._space.changed()
        return {"channel": channel.id, "ts": message.ts}

    def _permalink(self, args: Json) -> Json:
        channel = self._space.channel(str(args.get("channel", "")))
        message = self._space.message(channel.id, str(args.get("message_ts", "")))
        return {"channel": channel.id, "permalink": f"{self._space.base_url}/#{channel.id}/{message.ts}"}

    def _ephemeral(self, args: Json) -> Json:
        channel, user = self._space.channel(str(args.get("channel", ""))), self._space.user(str(args.get("user", "")))
        if user.id not in channel.members:
            raise SlackError("user_not_in_channel")
        text, blocks = _content(args)
        message = self._space.post(channel.id, BOT, text, blocks or [], ephemeral_to=user.id)
        return {"message_ts": message.ts}

    def _views_open(self, args: Json) -> Json:
        view = _parsed(args.get("view"))
        check_view(view)
        handle = self._space.use_trigger(str(args.get("trigger_id", "")))
        return {"view": self._space.open_view(handle.user, view or {}).wire()}

    def _views_push(self, args: Json) -> Json:
        view = _parsed(args.get("view"))
        check_view(view)
        handle = self._space.use_trigger(str(args.get("trigger_id", "")))
        return {"view": self._space.open_view(handle.user, view or {}, push=True).wire()}

    def _views_update(self, args: Json) -> Json:
        view = _parsed(args.get("view"))
        check_view(view)
        found = self._space.views.get(str(args.get("view_id", "")))
        if found is None:
            raise SlackError("not_found")
        if args.get("hash") and args["hash"] != found.hash:
            raise SlackError("hash_conflict")
        found.view, found.hash, found.errors = view or {}, self._space.next_ts() + ".x", {}
        self._space.changed()
        return {"view": found.wire()}

    def _views_publish(self, args: Json) -> Json:
        self._space.user(str(args.get("user_id", "")))
        return {"view": {"id": "V0HOME", "type": "home"}}

    def _members(self, args: Json) -> Json:
        return {"members": sorted(self._space.channel(str(args.get("channel", ""))).members)}

    def _history(self, args: Json) -> Json:
        channel = self._space.channel(str(args.get("channel", "")))
        thread = args.get("ts")
        found = [
            message
            for message in self._space.messages
            if message.channel == channel.id
            and not message.ephemeral_to
            and (thread in {message.ts, message.thread_ts} if thread else not message.thread_ts)
        ]
        return {"messages": [message.wire() for message in reversed(found)][: int(args.get("limit", 100))]}


async def _arguments(request: Request) -> Json:
    arguments: Json = dict(request.query_params)
    if "json" in request.headers.get("content-type", ""):
        body = await request.body()
        try:
            arguments |= json.loads(body) if body.strip() else {}
        except ValueError:
            return arguments
    elif request.method == "POST":
        arguments |= dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    return arguments


def _content(args: Json) -> tuple[str, list[Json] | None]:
    text = str(args.get("text") or "")
    blocks = args.get("blocks")
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except ValueError:
            raise SlackError("invalid_blocks_format") from None
    check_message(blocks, text)
    if len(text) > _LONGEST_TEXT:
        raise SlackError("msg_too_long")
    return text, blocks


def _parsed(value: object) -> Json | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise SlackError("invalid_arguments") from None
    return value if isinstance(value, dict) else None
