"""The Web API under /api/: which methods there are, what each needs, and how an answer or a refusal looks."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.api_chat import Chat
from sandbox.slack.api_conversations import Conversations
from sandbox.slack.api_people import PeopleMethods
from sandbox.slack.api_views import ViewMethods
from sandbox.slack.faults import Faults, MethodFault
from sandbox.slack.links import Links
from sandbox.slack.params import Params, read, token_of
from sandbox.slack.people import APP
from sandbox.slack.scopes import APP_ONLY, Scopes, check_token
from sandbox.slack.shapes import Json, SlackError
from sandbox.slack.workspace import Workspace

_KEPT_CALLS = 20_000
_PACE_RETRY_S = 1
_TOKEN_SHOWN = 5


@dataclass(frozen=True)
class Method:
    """One method: what it does, and the scope that it needs whatever it is asked."""

    run: Callable[[Params], Json]
    scope: str = ""


class WebApi:
    """Answers calls out of the workspace, and keeps every call as it came."""

    def __init__(self, space: Workspace, links: Links, faults: Faults, scopes: Scopes) -> None:
        """Build the table of methods."""
        self._space, self._links, self._faults, self._scopes = space, links, faults, scopes
        self._chat = Chat(space)
        self.calls: deque[Json] = deque(maxlen=_KEPT_CALLS)
        self._methods = self._table()

    async def call(self, request: Request) -> Response:
        """Answer one call."""
        method = request.path_params["method"]
        call: Json = {"method": method, "at": time.time(), "content_type": request.headers.get("content-type", "")}
        try:
            raw = await read(request)
        except SlackError as no:
            self.note(call | {"params": {}, "token": "", "error": no.error})
            return _refusal(no)
        token = token_of(request, raw)
        raw.pop("token", None)
        call |= {"params": raw, "token": token[:_TOKEN_SHOWN]}
        fault = self._faults.for_method(method)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is not None and fault.fails and not fault.after:
            self.note(call | {"error": fault.error or str(fault.status)})
            return _broken(fault)
        reply = self._reply(method, token, raw, call)
        return _broken(fault) if fault is not None and fault.fails else reply

    def note(self, call: Json) -> None:
        """Keep a call for GET /sandbox/calls."""
        self.calls.append({"error": None} | call)

    def _reply(self, method: str, token: str, raw: Json, call: Json) -> Response:
        try:
            answer = self._answer(method, token, Params(raw))
        except SlackError as no:
            self.note(call | {"error": no.error})
            return _refusal(no)
        self.note(call)
        return JSONResponse({"ok": True, **answer}, headers={"x-oauth-scopes": self._scopes.header})

    def _answer(self, name: str, token: str, params: Params) -> Json:
        method = self._methods.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        check_token(token, name)
        self._scopes.need(method.scope)
        self._chat.paced = self._faults.throttled
        return method.run(params)

    def _connect(self, _params: Params) -> Json:
        address = self._space.url.replace("http://", "ws://", 1)
        return {"url": f"{address}/link/?ticket={self._links.ticket()}&app_id={APP}"}

    def _table(self) -> dict[str, Method]:
        chat, people, views = self._chat, PeopleMethods(self._space), ViewMethods(self._space)
        conversations = Conversations(self._space, chat, self._scopes)
        return {
            "auth.test": Method(people.auth_test),
            APP_ONLY: Method(self._connect),
            "chat.postMessage": Method(chat.post_message, "chat:write"),
            "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write"),
            "chat.update": Method(chat.update, "chat:write"),
            "chat.delete": Method(chat.delete, "chat:write"),
            "chat.getPermalink": Method(chat.permalink),
            "reactions.add": Method(chat.react, "reactions:write"),
            "views.open": Method(views.open),
            "views.push": Method(views.push),
            "views.update": Method(views.update),
            "views.publish": Method(views.publish),
            "users.info": Method(people.info, "users:read"),
            "users.list": Method(people.users, "users:read"),
            "usergroups.list": Method(people.groups, "usergroups:read"),
            "usergroups.users.list": Method(people.group_users, "usergroups:read"),
            "bots.info": Method(people.bot, "users:read"),
            "team.info": Method(people.team, "team:read"),
            "conversations.info": Method(conversations.info),
            "conversations.list": Method(conversations.listed),
            "conversations.members": Method(conversations.members),
            "conversations.open": Method(conversations.open),
            "conversations.history": Method(conversations.history),
            "conversations.replies": Method(conversations.replies),
        }


def _refusal(no: SlackError) -> Response:
    answer = {"ok": False, "error": no.error, **no.more}
    if no.error == "ratelimited":
        return JSONResponse(answer, status_code=429, headers={"retry-after": str(_PACE_RETRY_S)})
    return JSONResponse(answer)


def _broken(fault: MethodFault) -> Response:
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return JSONResponse(
        {"ok": False, "error": fault.error or "internal_error"}, status_code=fault.status, headers=headers
    )
