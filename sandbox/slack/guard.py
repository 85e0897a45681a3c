"""Refuses whoever is not this machine's own: a foreign page, or a foreign name that points here (DNS rebinding)."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_WORDS = "This stand-in answers its own machine only: Host is a loopback name, Origin is absent or its own."


class OnlyHere:
    """Lets through what has a loopback name (with the own port, or none) as Host, and no Origin or the own one."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        """Keep the names that are ours."""
        self._app = app
        self._hosts = {*_NAMES, *(f"{name}:{port}" for name in _NAMES)}
        self._origins = {f"http://{name}:{port}" for name in _NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the headers of one request."""
        headers = Headers(scope=scope) if scope["type"] in {"http", "websocket"} else None
        if headers is None or self._ours(headers):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = JSONResponse({"ok": False, "error": _WORDS}, status_code=403)
            await refusal(scope, receive, send)
        else:
            await WebSocketClose()(scope, receive, send)

    def _ours(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        return (
            len(hosts) == 1
            and hosts[0].lower() in self._hosts
            and all(origin.lower() in self._origins for origin in origins)
        )
