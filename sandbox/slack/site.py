"""The web site of the stand-in: which path leads where."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sandbox.panel import Panel
from sandbox.slack.answers import say_back
from sandbox.slack.asked import Asked, asked
from sandbox.slack.driver import Driver
from sandbox.slack.faults import Faults
from sandbox.slack.looking import Looking
from sandbox.slack.params import read
from sandbox.slack.scene import Scene
from sandbox.slack.setting import put_channel, put_group, put_user
from sandbox.slack.shapes import Json, SlackError, Wrong
from sandbox.slack.web_api import WebApi

PAGE = Path(__file__).resolve().parent.parent / "page"
_NO_PAGE = (
    "This is a stand-in for Slack, for tests and newcomers; it is not Slack. Its page is not installed; "
    "programs find the Web API under /api/ and the driver under /sandbox/.\n"
)
Work = Callable[[Asked], Awaitable[Json]]


class _Page(StaticFiles):
    """The page's files, asked for anew each time: after an upgrade nobody mixes old modules with new ones."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response


class Site:
    """Everything that is served."""

    def __init__(self, scene: Scene, api: WebApi, faults: Faults, panel: Panel | None) -> None:
        """Keep what the paths lead to."""
        self._scene, self._api, self._faults, self._panel = scene, api, faults, panel

    def routes(self) -> list[BaseRoute]:
        """List the routes."""
        driver, looking = Driver(self._scene), Looking(self._scene, self._api)
        posts: dict[str, Work] = {
            **driver.acts,
            "users": lambda it: put_user(self._scene, it),
            "channels": lambda it: put_channel(self._scene, it),
            "usergroups": lambda it: put_group(self._scene, it),
            "faults": self._arm,
        }
        gets: dict[str, Work] = {**looking.looks, "faults": self._armed}
        return [
            Route("/api/{method}", self._api.call, methods=["GET", "POST"]),
            WebSocketRoute("/link", self._scene.wire.serve),
            WebSocketRoute("/link/", self._scene.wire.serve),
            Route("/response/{key}", self._respond, methods=["POST"]),
            *(Route(f"/sandbox/{name}", _endpoint(work), methods=["POST"]) for name, work in posts.items()),
            *(Route(f"/sandbox/{name}", _endpoint(work), methods=["GET"]) for name, work in gets.items()),
            Route("/demo/state", _endpoint(self._demo_state), methods=["GET"]),
            Route("/demo/trouble", _endpoint(self._demo_trouble), methods=["POST"]),
            Route("/", _index, methods=["GET"]),
            Mount("/", _Page(directory=PAGE, check_dir=False)),
        ]

    async def _respond(self, request: Request) -> Response:
        call: Json = {"method": "response_url", "content_type": request.headers.get("content-type", "")}
        call |= {"params": {}, "token": "", "key": request.path_params["key"]}
        try:
            call["params"] = await read(request)
            say_back(self._scene.space, self._scene.space.replies.use(call["key"]), call["params"])
        except SlackError as no:
            self._api.note(call | {"error": no.error})
            status = 404 if no.error == "expired_url" else 400
            return JSONResponse({"ok": False, "error": no.error, **no.more}, status_code=status)
        self._api.note(call)
        return PlainTextResponse("ok")

    async def _arm(self, it: Asked) -> Json:
        how = self._faults.arm(it)
        if how is not None:
            await self._scene.wire.disturb(how)
        return {"ok": True} | self._faults.as_seen()

    async def _armed(self, _it: Asked) -> Json:
        return {"ok": True} | self._faults.as_seen()

    async def _demo_state(self, _it: Asked) -> Json:
        return await run_in_threadpool(self._demo().state)

    async def _demo_trouble(self, it: Asked) -> Json:
        return await run_in_threadpool(self._demo().trouble, it.text("kind"))

    def _demo(self) -> Panel:
        if self._panel is None:
            raise Wrong("no_demo", 404)
        return self._panel


def _endpoint(work: Work) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await work(await asked(request)))
        except Wrong as no:
            return JSONResponse({"ok": False, "error": no.sentence, **no.more}, status_code=no.status)

    return endpoint


async def _index(_request: Request) -> Response:
    index = PAGE / "index.html"
    return FileResponse(index) if index.is_file() else PlainTextResponse(_NO_PAGE)
