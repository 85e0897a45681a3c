"""Hands on the Slack stand-in's driver, as any outside program would have them."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

from sandbox.configuration import CHANNEL, COMMAND
from sandbox.errors import SandboxError

Json = dict[str, Any]
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the loopback needs no proxy
_POLL_S = 0.1
_SLACK_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")


@dataclass(frozen=True)
class Robot:
    """Types and clicks in people's names. ``pause`` waits a moment, and raises when somebody asked for the end."""

    url: str
    pause: Callable[[float], object]

    def type(self, user: str, text: str) -> str:
        """Type a slash command; gives the time of the newest message before it. Raises ``SandboxError``."""
        before = self.newest(user)
        done = self._call("command", {"user": user, "channel": CHANNEL, "command": COMMAND, "text": text})
        if not done["acked"]:
            raise SandboxError(f"The bot did not acknowledge {COMMAND} {text} within 3 s.")
        return before

    def click(self, user: str, message: Json, action_id: str) -> Json:
        """Press a button of a message."""
        return self._call("click", {"user": user, "channel": CHANNEL, "ts": message["ts"], "action_id": action_id})

    def submit(self, user: str, view: Json, values: Mapping[str, Mapping[str, str]]) -> Json:
        """Fill a window in and send it."""
        return self._call("submit", {"user": user, "view_id": view["id"], "values": values})

    def newest(self, user: str) -> str:
        """Give the time of the newest message that somebody sees."""
        return max((message["ts"] for message in self.messages(user)), default="0")

    def messages(self, user: str, since: str = "0") -> list[Json]:
        """List what somebody sees in the channel, oldest first."""
        query = urlencode({"channel": CHANNEL, "user": user, "since": since})
        found: list[Json] = self._call(f"messages?{query}")["messages"]
        return found

    def views(self, user: str) -> list[Json]:
        """List somebody's open windows, the top one last."""
        found: list[Json] = self._call(f"views?{urlencode({'user': user})}")["views"]
        return found

    def await_message(self, user: str, since: str, wanted: Callable[[Json], bool], what: str, timeout: float) -> Json:
        """Wait for a message newer than ``since``; ``timeout`` in seconds. Raises ``SandboxError``."""
        deadline = time.monotonic() + timeout
        while True:
            for message in self.messages(user, since):
                if wanted(message):
                    return message
            if time.monotonic() > deadline:
                raise SandboxError(f"Waited {timeout:.0f} s for {what}, in vain.")
            self.pause(_POLL_S)

    def _call(self, path: str, body: Json | None = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", data=data)  # noqa: S310  # our own loopback
        try:
            with _OPENER.open(request, timeout=30) as answer:
                found: Json = json.load(answer)
        except HTTPError as no:
            raise SandboxError(f"{path}: {no.read().decode(errors='replace')}") from no
        except (URLError, OSError, ValueError) as no:
            raise SandboxError(f"{path}: the page does not answer: {no}") from no
        return found


def request_of(message: Json) -> str | None:
    """Give the id of the request whose card a message is."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != "seconder_request":
        return None
    found = metadata.get("event_payload", {}).get("request")
    return str(found) if found else None


def words_of(message: Json) -> str:
    """Give what a person reads of a message: its blocks, or its text when it has none; times as Slack's fallback."""
    said: list[str] = []
    for block in message.get("blocks") or []:
        parts = [block.get("text"), *block.get("fields", [])]
        parts += block.get("elements", []) if block.get("type") == "context" else []
        said += [text for part in parts if isinstance(part, dict) and isinstance(text := part.get("text"), str)]
    text = "\n".join(said) or str(message.get("text") or "")
    return _SLACK_DATE.sub(r"\1", text)
