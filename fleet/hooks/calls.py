"""A hook's HTTP call: one request, no redirect followed, an end after its time limit whatever the other side does."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from core.errors import StepFailed, Unreachable
from fleet.alarms import cut_after
from fleet.errors import TimedOut
from fleet.hooks.hook import Call

_LARGEST = 1 << 20  # bytes of an answer that are looked at
_PORTS = {"http": 80, "https": 443}
_GOOD = range(200, 300)


def execute(call: Call) -> str:
    """Make the call and give what came back. Raises ``StepFailed``, ``Unreachable``, ``TimedOut``."""
    url = urlsplit(call.url)
    headers = _headers(call)
    connection = _connection(url, call.seconds)
    target = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
    try:
        connection.connect()
        with _limited(connection.sock, call):
            connection.request(call.method, target, call.body.encode() or None, headers)
            answer = connection.getresponse()
            body = answer.read(_LARGEST).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url.hostname} gave no answer: {error!r}.") from error
    finally:
        connection.close()
    if answer.status not in (call.statuses or _GOOD):
        raise StepFailed(f"{url.hostname} answered {answer.status} {answer.reason}.", code="HOOK")
    if call.contains not in body:
        raise StepFailed(f"{url.hostname} answered {answer.status}, without {call.contains!r}.", code="HOOK")
    return f"{url.hostname} answered {answer.status}"


def reachable(call: Call) -> None:
    """Open a connection and close it again; read the file of headers. Raises ``Unreachable``, ``StepFailed``."""
    url = urlsplit(call.url)
    _headers(call)
    try:
        socket.create_connection((url.hostname or "", _port(url)), timeout=call.seconds).close()
    except OSError as error:
        raise Unreachable(f"{url.hostname}:{_port(url)} takes no connection: {error}.") from error


def _connection(url: SplitResult, seconds: int) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        return http.client.HTTPSConnection(host, _port(url), timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, _port(url), timeout=seconds)


def _port(url: SplitResult) -> int:
    return url.port or _PORTS[url.scheme]


def _headers(call: Call) -> dict[str, str]:
    """Give the headers of the call: its file's ``Name: value`` lines; a body is JSON unless that file says else."""
    headers = {"User-Agent": "seconder", **({"Content-Type": "application/json"} if call.body else {})}
    if not call.headers:
        return headers
    try:
        lines = Path(call.headers).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = f"{call.headers} can't be read: {error}."
        raise StepFailed(said, "Check its owner and mode.", code="HOOK-FILE") from error
    given = (line.partition(":") for line in lines if line.strip() and not line.startswith("#"))
    return headers | {name.strip(): value.strip() for name, _, value in given}


@contextmanager
def _limited(link: socket.socket, call: Call) -> Iterator[None]:
    """Cut the connection at the limit."""
    with cut_after(call.seconds, link.fileno()) as alarm:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if not alarm.rang and not isinstance(error, TimeoutError):
                raise
            raise _too_long(call) from error
    if alarm.rang:  # an answer without a length just ends
        raise _too_long(call)


def _too_long(call: Call) -> TimedOut:
    return TimedOut(f"The call took longer than {call.seconds} s.", "Look what it has done so far.")
