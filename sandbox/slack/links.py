"""The sockets of an app: tickets that open one, and whose turn it is to carry an envelope."""

import asyncio
import contextlib
import json
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from sandbox.slack.people import APP
from sandbox.slack.shapes import Json

MOST = 10  # connections per app, slack.md 2.1
DRAIN_S = 10.0  # how long an app has to come back before its old socket is closed
_ABORT = "standin.abort"


class CuttableProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's WebSocket, with a way for the application to cut the TCP connection under it."""

    def handle_connect(self, event: Request) -> None:
        """Put the way into the connection's scope."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast("dict[str, Any]", self.scope)["extensions"][_ABORT] = self._cut

    def _cut(self) -> None:
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a farewell
        self.transport.abort()


@dataclass(eq=False)
class Link:
    """One open socket. A ``draining`` one was asked to come back as a new one."""

    wire: WebSocket
    draining: bool = False

    async def send(self, frame: Json) -> bool:
        """Send a frame; says whether the socket took it."""
        try:
            await self.wire.send_text(json.dumps(frame))
        except (WebSocketDisconnect, RuntimeError):
            return False
        return True

    def cut(self) -> None:
        """Cut the connection, without a word."""
        abort: Callable[[], None] = self.wire.scope["extensions"][_ABORT]
        abort()


class Links:
    """The open sockets and the tickets for more."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tickets: set[str] = set()
        self._open: list[Link] = []
        self._turn = 0
        self._came = asyncio.Event()

    def ticket(self) -> str:
        """Make a ticket; it opens one socket."""
        made = secrets.token_hex(16)
        self._tickets.add(made)
        return made

    def spend(self, ticket: str) -> bool:
        """Use a ticket up; says whether it was good."""
        if ticket not in self._tickets or len(self._open) >= MOST:
            return False
        self._tickets.discard(ticket)
        return True

    async def add(self, wire: WebSocket) -> Link:
        """Greet a new socket and let it carry envelopes."""
        link = Link(wire)
        hello = {
            "type": "hello",
            "num_connections": len(self._open) + 1,
            "connection_info": {"app_id": APP},
            "debug_info": {"host": "standin", "build_number": 1, "approximate_connection_time": 18060},
        }
        await link.send(hello)
        await self._relieve()
        self._open.append(link)
        self._came.set()
        self._came = asyncio.Event()
        return link

    def drop(self, link: Link) -> None:
        """Forget a socket."""
        if link in self._open:
            self._open.remove(link)

    def __len__(self) -> int:
        return len(self._open)

    async def carry(self, frame: Json, until: float) -> bool:
        """Send a frame on the next socket in turn; says whether one took it.

        While all sockets are draining it waits for a new one, no longer than ``until`` (the loop's time).
        """
        while self._open:
            fresh = [link for link in self._open if not link.draining]
            if not fresh:
                try:
                    async with asyncio.timeout_at(until):
                        await self._came.wait()
                except TimeoutError:
                    return False
                continue
            self._turn += 1
            link = fresh[self._turn % len(fresh)]
            if await link.send(frame):
                return True
            self.drop(link)
        return False

    async def refresh(self) -> None:
        """Ask every socket to come back as a new one; who does not is closed after 10 s."""
        frame = {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "standin"}}
        for link in list(self._open):
            link.draining = True
            if await link.send(frame):
                asyncio.get_running_loop().call_later(DRAIN_S, self._expire, link)
            else:
                self.drop(link)

    def abort(self) -> None:
        """Cut every socket."""
        for link in list(self._open):
            self.drop(link)
            link.cut()

    async def _relieve(self) -> None:
        """Close one draining socket for the new one: the SDK reads the new one only when the old one is closed."""
        old = next((link for link in self._open if link.draining), None)
        if old is not None:
            self.drop(old)
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await old.wire.close()

    def _expire(self, link: Link) -> None:
        if link in self._open:
            self.drop(link)
            link.cut()
