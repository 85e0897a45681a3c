"""What somebody asks of the driver, as JSON or as a query, read with a sentence for whatever is wrong with it."""

import json
from collections.abc import Mapping

from starlette.requests import Request

from sandbox.slack.params import body_of
from sandbox.slack.shapes import Json, SlackError, Wrong

LONGEST_WAIT_S = 60.0


class Asked:
    """The fields of one request."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        """Keep the fields; null counts as absent."""
        self.fields = {name: value for name, value in fields.items() if value is not None}

    def text(self, name: str, default: str | None = None) -> str:
        """Give a text. Raises Wrong when it is absent and has no default, or is something else."""
        value = self.fields.get(name, default)
        if value is None:
            raise Wrong(f'"{name}" is missing.')
        if not isinstance(value, str):
            raise Wrong(f'"{name}" is a text, not {json.dumps(value)}.')
        return value

    def maybe(self, name: str) -> str | None:
        """Give a text, or None when it is absent or empty."""
        return self.text(name, "") or None

    def flag(self, name: str) -> bool | None:
        """Give a yes or no; None when it is absent. Raises Wrong."""
        value = self.fields.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise Wrong(f'"{name}" is true or false, not {json.dumps(value)}.')

    def number(self, name: str) -> int | None:
        """Give a whole number, also out of text; None when it is absent. Raises Wrong."""
        value = self.fields.get(name)
        if value is None:
            return None
        try:
            return int(str(value))
        except ValueError:
            raise Wrong(f'"{name}" is a whole number, not {value!r}.') from None

    def seconds(self, name: str) -> float:
        """Give a time to wait, 60 s at most; 0 when it is absent. Raises Wrong."""
        value = self.fields.get(name, 0)
        try:
            found = float(str(value))
        except ValueError:
            raise Wrong(f'"{name}" is a number of seconds, not {value!r}.') from None
        if not 0 <= found < float("inf"):
            raise Wrong(f'"{name}" is a number of seconds from 0 on, not {value!r}.')
        return min(found, LONGEST_WAIT_S)

    def nested(self, name: str) -> Json:
        """Give an object; empty when it is absent. Raises Wrong."""
        value = self.fields.get(name, {})
        if not isinstance(value, dict):
            raise Wrong(f'"{name}" is an object, not {json.dumps(value)}.')
        return value

    def names(self, name: str) -> list[str] | None:
        """Give a list of texts; None when it is absent. Raises Wrong."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise Wrong(f'"{name}" is a list of names.')
        return value


async def asked(request: Request) -> Asked:
    """Read a request: the query of a GET, the JSON body of a POST. Raises Wrong."""
    if request.method == "GET":
        return Asked(dict(request.query_params))
    try:
        fields = json.loads(await body_of(request) or b"{}")
    except (ValueError, SlackError):
        raise Wrong("The body is no JSON that can be read.") from None
    if not isinstance(fields, dict):
        raise Wrong("The body is a JSON object.")
    return Asked(fields)
