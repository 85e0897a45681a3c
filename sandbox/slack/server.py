"""The stand-in as one server on loopback: Web API, Socket Mode, driver, page."""

import socket
import threading
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.panel import Panel
from sandbox.slack.acting import Acting
from sandbox.slack.driver import Driver
from sandbox.slack.faults import Faults
from sandbox.slack.sockets import Sockets
from sandbox.slack.web_api import DEFAULT_SCOPES, WebApi
from sandbox.slack.workspace import SlackError, Workspace

HOST = "127.0.0.1"
PAGE = Path(__file__).resolve().parent.parent / "page"
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


class OnlyHere:
    """Refuses what did not come from this machine's own page or programs (DNS rebinding, foreign pages)."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        """Keep the app and its port."""
        self._app, self._port = app, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through when its Host is a loopback name and its Origin is absent or our own."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")
        hosts = {name for each in _LOOPBACK for name in (each, f"{each}:{self._port}")}
        origins = {f"http://{each}:{self._port}" for each in _LOOPBACK}
        if host in hosts and (origin is None or origin in origins):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refused = JSONResponse(
                {"ok": False, "error": "this stand-in answers its own machine only"}, status_code=403
            )
            await refused(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4003})


class StandIn:
    """A Slack for tests and newcomers, in a thread of this process."""

    def __init__(self, port: int = 0, panel: Panel | None = None, scopes: str = DEFAULT_SCOPES) -> None:
        """Take a port at once (0: a free one). Raises OSError when it is taken."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.api_url = f"{self.url}/api/"
        self._server = uvicorn.Server(
            uvicorn.Config(
                _app(self.url, self.port, panel, scopes),
                log_level="warning",
                ws="websockets-sansio",
                ws_ping_interval=None,
                timeout_graceful_shutdown=1,
                lifespan="off",
            ),
        )
        self._thread = threading.Thread(target=self._run, name="stand-in", daemon=True)

    def start(self) -> None:
        """Serve; returns when it does."""
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the stand-in did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """End; open connections are closed."""
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()

    def run(self) -> None:
        """Serve in this thread until a signal."""
        self._server.run(sockets=[self._socket])

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def _app(url: str, port: int, panel: Panel | None, scopes: str) -> Starlette:
    space, faults = Workspace(base_url=url), Faults()
    sockets = Sockets(faults)
    acting = Acting(space, sockets)
    api = WebApi(space, sockets, faults, scopes)
    driver = Driver(space, acting, sockets, faults, panel)

    async def respond(request: Request) -> Response:
        handle = space.use_response(request.path_params["key"])
        if handle is None:
            return PlainTextResponse("expired_url", status_code=404)
        try:
            acting.respond(handle.user, handle.channel, await request.json())
        except SlackError as error:
            return PlainTextResponse(error.error, status_code=400)
        return PlainTextResponse("ok")

    routes: list[BaseRoute] = [
        Route("/api/{method:path}", api.call, methods=["GET", "POST"]),
        Route("/response/{key}", respond, methods=["POST"]),
        WebSocketRoute("/link", sockets.serve),
        WebSocketRoute("/link/", sockets.serve),
        *driver.routes(),
    ]
    if (PAGE / "index.html").is_file():
        routes.append(Mount("/", StaticFiles(directory=PAGE, html=True)))
    return Starlette(routes=routes, middleware=[Middleware(OnlyHere, port=port)])
