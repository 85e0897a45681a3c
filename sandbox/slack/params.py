"""The parameters of a Web API call, however they came: JSON, a form with JSON inside, or a query."""

import json
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.slack.shapes import Json, SlackError

_LARGEST = 4 * 1024 * 1024  # bytes of a body


class Params:
    """Reads parameters by name; null counts as absent. Unknown ones are ignored, as Slack does."""

    def __init__(self, raw: Json) -> None:
        """Keep what came."""
        self.raw = {name: value for name, value in raw.items() if value is not None}

    def text(self, name: str, default: str = "") -> str:
        """Give a text."""
        return str(self.raw.get(name, default))

    def maybe(self, name: str) -> str | None:
        """Give a text, or None when it is absent or empty."""
        return self.text(name) or None

    def number(self, name: str, default: int) -> int:
        """Give a whole number, also out of text. Raises SlackError."""
        try:
            return int(self.raw.get(name, default))
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments") from None

    def flag(self, name: str) -> bool:
        """Give a yes or no, also out of text."""
        return str(self.raw.get(name, "")).lower() in {"true", "1"}

    def nested(self, name: str, error: str) -> object:
        """Give a list or an object, also out of JSON text; None when absent. Raises SlackError ``error``."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise SlackError(error) from None


async def body_of(request: Request) -> bytes:
    """Read a body. Raises SlackError when it is larger than 4 MiB."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > _LARGEST:
            raise SlackError("request_too_large")
    return bytes(found)


async def read(request: Request) -> Json:
    """Read the parameters; an empty body is an empty object (slack.md 4.1). Raises SlackError."""
    raw: Json = dict(request.query_params)
    body = (await body_of(request)).strip()
    if not body:
        return raw
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise SlackError("invalid_charset") from None
    if "json" not in request.headers.get("content-type", ""):
        return raw | dict(parse_qsl(text, keep_blank_values=True))
    try:
        found = json.loads(text)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(found, dict):
        raise SlackError("json_not_object")
    return raw | found


def token_of(request: Request, raw: Json) -> str:
    """Give the token: from the Authorization header, else from the form."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else str(raw.get("token", ""))
