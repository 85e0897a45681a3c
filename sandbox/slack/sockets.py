"""Socket Mode: tickets, sockets, envelopes and their acknowledgements."""

import asyncio
import contextlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack.faults import Faults

Json = dict[str, Any]
ACK_SECONDS = 3.0


@dataclass
class Sockets:
    """The sockets of the app. An envelope goes to one of them, in turn."""

    faults: Faults
    tickets: set[str] = field(default_factory=set)
    open: list[WebSocket] = field(default_factory=list)
    waiting: dict[str, "asyncio.Future[Json]"] = field(default_factory=dict)
    acks: list[Json] = field(default_factory=list)
    _turn: int = 0

    def ticket(self) -> str:
        """Mint a ticket for one connection."""
        made = uuid.uuid4().hex
        self.tickets.add(made)
        return made

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self.tickets:
            await socket.close(code=4001)
            return
        self.tickets.discard(ticket)
        await socket.accept()
        self.open.append(socket)
        hello = {
            "type": "hello",
            "num_connections": len(self.open),
            "connection_info": {"app_id": "A0SECONDER"},
            "debug_info": {"host": "standin", "build_number": 1, "approximate_connection_time": 18060},
        }
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_text(json.dumps(hello))
            while True:
                self._acked(await socket.receive_text())
        if socket in self.open:
            self.open.remove(socket)

    async def send(self, kind: str, payload: Json, *, answers: bool) -> Json | None:
        """Send an envelope and wait for its acknowledgement; None when there was none within 3 s."""
        envelope = str(uuid.uuid4())
        frame = {"envelope_id": envelope, "type": kind, "accepts_response_payload": answers, "payload": payload}
        if kind == "events_api":
            frame |= {"retry_attempt": 0, "retry_reason": ""}
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.waiting[envelope] = answer
        for _ in range(await self.faults.copies()):
            await self._deliver(json.dumps(frame))
        try:
            return await asyncio.wait_for(answer, ACK_SECONDS)
        except TimeoutError:
            return None
        finally:
            self.waiting.pop(envelope, None)

    async def disturb(self, how: str) -> None:
        """Ask the app to reconnect, or cut its connections."""
        for socket in list(self.open):
            if how == "refresh":
                frame = {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "standin"}}
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await socket.send_text(json.dumps(frame))
            else:
                self.open.remove(socket)
                with contextlib.suppress(RuntimeError):
                    await socket.close(code=1011)

    async def _deliver(self, frame: str) -> None:
        for _ in range(len(self.open)):
            self._turn += 1
            socket = self.open[self._turn % len(self.open)]
            try:
                await socket.send_text(frame)
            except (RuntimeError, WebSocketDisconnect):
                self.open.remove(socket)
            else:
                return

    def _acked(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            return
        envelope = frame.get("envelope_id") if isinstance(frame, dict) else None
        answer = self.waiting.get(str(envelope))
        if answer is not None and not answer.done():
            answer.set_result(frame.get("payload") or {})
