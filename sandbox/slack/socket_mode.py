"""Socket Mode: envelopes go out, each to one socket in turn, and what comes back within 3 s counts as the ack."""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass

from starlette.websockets import WebSocket

from sandbox.slack.faults import Faults
from sandbox.slack.links import Links
from sandbox.slack.shapes import Json

ACK_S = 3.0  # slack.md 2.2
RETRIES = 3  # of an event that nobody acknowledged
_KEPT = 2000


@dataclass(frozen=True)
class Delivery:
    """How an envelope fared: whether a socket took it, whether it was acknowledged, when, and with what."""

    sent: bool
    acked: bool = False
    ack_ms: float | None = None
    answer: Json | None = None


class SocketMode:
    """Sends envelopes over the links, pairs the acks with them, and keeps a log of both."""

    def __init__(self, links: Links, faults: Faults) -> None:
        """Keep the links and what shall break."""
        self.links, self._faults = links, faults
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self.log: deque[Json] = deque(maxlen=_KEPT)

    async def serve(self, wire: WebSocket) -> None:
        """Serve one socket until it ends. Without a good ticket it is refused."""
        if not self.links.spend(wire.query_params.get("ticket", "")):
            await wire.close()
            return
        await wire.accept()
        link = await self.links.add(wire)
        while (heard := await wire.receive())["type"] == "websocket.receive":
            self._heard(heard.get("text") or "")
        self.links.drop(link)

    async def send(self, kind: str, payload: Json, *, answers: bool, retry: int = 0) -> Delivery:
        """Send an envelope and wait for its ack, 3 s at most."""
        loop = asyncio.get_running_loop()
        began, until = time.monotonic(), loop.time() + ACK_S
        frame: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "accepts_response_payload": answers,
            "payload": payload,
        }
        if kind == "events_api":
            frame |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        answer = self._waiting[frame["envelope_id"]] = loop.create_future()
        try:
            sent = await self._deliver(frame, until)
            if not sent:
                return self._noted(frame, Delivery(sent=False))
            async with asyncio.timeout_at(until):
                said = await answer
            took = round((time.monotonic() - began) * 1000, 3)
            return self._noted(frame, Delivery(sent=True, acked=True, ack_ms=took, answer=said))
        except TimeoutError:
            return self._noted(frame, Delivery(sent=True))
        finally:
            del self._waiting[frame["envelope_id"]]

    async def event(self, payload: Json) -> Delivery:
        """Send an event; one that is not acknowledged comes again, three times, under the same event id."""
        first = await self.send("events_api", payload, answers=False)
        if not first.acked:
            self._later(self._again(payload, first))
        return first

    async def disturb(self, how: str) -> None:
        """Refresh or abort the sockets."""
        if how == "refresh":
            await self.links.refresh()
        else:
            self.links.abort()

    def close(self) -> None:
        """Send nothing any more."""
        for task in self._tasks:
            task.cancel()

    async def _deliver(self, frame: Json, until: float) -> bool:
        fault = self._faults.for_envelope()
        if fault is None:
            return await self.links.carry(frame, until)
        if fault.how == "delay":
            self._later(self._late(frame, fault.seconds))
        if fault.how == "double":
            await self.links.carry(frame, until)
            return await self.links.carry(frame, until)
        return True

    async def _late(self, frame: Json, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.links.carry(frame, asyncio.get_running_loop().time() + ACK_S)

    async def _again(self, payload: Json, done: Delivery) -> None:
        for retry in range(1, RETRIES + 1):
            if not done.sent:
                await asyncio.sleep(ACK_S)
            done = await self.send("events_api", payload, answers=False, retry=retry)
            if done.acked:
                return

    def _later(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _heard(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            return  # Slack skips what it can't read
        if not isinstance(frame, dict):
            return
        answer = self._waiting.get(str(frame.get("envelope_id")))
        if answer is not None and not answer.done():
            payload = frame.get("payload")
            answer.set_result(payload if isinstance(payload, dict) else {})

    def _noted(self, frame: Json, done: Delivery) -> Delivery:
        self.log.append(
            {
                "at": time.time(),
                "envelope_id": frame["envelope_id"],
                "type": frame["type"],
                "retry_attempt": frame.get("retry_attempt", 0),
                "sent": done.sent,
                "acked": done.acked,
                "ack_ms": done.ack_ms,
            }
        )
        return done
