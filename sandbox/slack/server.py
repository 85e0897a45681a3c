"""The stand-in as one server on loopback, in a thread of its own."""

import os
import socket
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from sandbox.panel import Panel
from sandbox.slack.faults import Faults
from sandbox.slack.guard import OnlyHere
from sandbox.slack.links import CuttableProtocol, Links
from sandbox.slack.people import SEED, User
from sandbox.slack.scene import Scene
from sandbox.slack.scopes import DEFAULT_SCOPES, Scopes
from sandbox.slack.site import Site
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Workspace

HOST = "127.0.0.1"
_START_S, _STOP_S = 10.0, 5.0


class PortTaken(OSError):
    """Somebody else listens on the port."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, scene: Scene) -> None:
        super().__init__(config)
        self._scene = scene
        self.serving = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._scene.space.changes.close()  # who waits for news would hold the end up
        self._scene.wire.close()
        await super().shutdown(sockets)


class StandIn:
    """A Slack for tests and newcomers. Usable as a context manager."""

    def __init__(
        self,
        port: int = 0,
        panel: Panel | None = None,
        users: Sequence[User] = SEED,
        scopes: Iterable[str] = DEFAULT_SCOPES,
    ) -> None:
        """Take the port at once (0: a free one); ``scopes`` are what the bot's token may do. Raises PortTaken."""
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.api_url = f"{self.url}/api/"
        faults, links = Faults(), Links()
        scene = Scene(Workspace(self.url, users), SocketMode(links, faults))
        site = Site(scene, WebApi(scene.space, links, faults, Scopes(scopes)), faults, panel)
        app = Starlette(routes=site.routes(), middleware=[Middleware(OnlyHere, port=self.port)])
        self._server = _Server(_config(app), scene)
        self._thread = threading.Thread(target=self._run, name="slack-stand-in", daemon=True)

    def start(self) -> Self:
        """Serve; returns when it does. Raises RuntimeError when it does not come up."""
        self._thread.start()
        if not self._server.serving.wait(_START_S):
            raise RuntimeError(f"The stand-in did not come up on {self.url}.")
        return self

    def stop(self) -> None:
        """End it; open connections are closed. A second time changes nothing."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, _kind: type[BaseException] | None, _no: BaseException | None, _at: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OverflowError:
        raise PortTaken(f"There is no port {port}.") from None
    except OSError as error:
        raise PortTaken(f"Port {port} can't be had: {os.strerror(error.errno or 0)}.") from error


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws=CuttableProtocol,
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
