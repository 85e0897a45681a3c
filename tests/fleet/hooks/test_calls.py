"""HTTP calls to a real server on the loopback: what is expected, what is refused, and an end after the limit."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.errors import SeconderError, StepFailed, Unreachable
from fleet.errors import TimedOut
from fleet.hooks import calls
from fleet.hooks.hook import Call


class Handler(BaseHTTPRequestHandler):
    """Answers what its path asks for, and keeps what it was told."""

    told: tuple[str, str, str] = ("", "", "")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        type(self).told = (self.path, body, self.headers.get("Authorization", ""))
        self._answer(201, b"primary: db2")

    def do_GET(self) -> None:
        if self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b".")
                time.sleep(0.1)
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/other")
            self.end_headers()
        else:
            self._answer(503 if self.path == "/ill" else 200, b"primary: db2")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""


class Quiet(ThreadingHTTPServer):
    """A server whose clients may hang up."""

    def handle_error(self, *_args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with Quiet(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_call_brings_its_body_and_its_secret_and_any_good_status_will_do(url: str, tmp_path: Path) -> None:
    (tmp_path / "headers").write_text("Authorization: Bearer s3cret\n")
    call = Call(f"{url}/vip?node=db2", "PUT", '{"to": "db2"}', headers=f"{tmp_path}/headers", contains="db2")
    assert calls.execute(call) == "127.0.0.1 answered 201"
    assert Handler.told == ("/vip?node=db2", '{"to": "db2"}', "Bearer s3cret")


@pytest.mark.parametrize(
    ("path", "more", "said"),
    [
        ("/ill", {}, "answered 503"),
        ("/moved", {}, "answered 302"),
        ("/", {"statuses": (201,)}, "answered 200"),
        ("/", {"contains": "db3"}, "without 'db3'"),
    ],
)
def test_another_answer_than_the_expected_one_is_a_failure(
    url: str, path: str, more: dict[str, object], said: str
) -> None:
    with pytest.raises(StepFailed, match=said):
        calls.execute(Call(url + path, **more))  # type: ignore[arg-type]  # one of its fields


def test_a_server_that_drips_is_cut_off_at_the_limit(url: str) -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        calls.execute(Call(f"{url}/drip", seconds=1))
    assert time.monotonic() - began < 5


def test_nobody_there_is_unreachable_and_so_is_found_before() -> None:
    for look in (calls.execute, calls.reachable):
        with pytest.raises(Unreachable):
            look(Call("http://127.0.0.1:1/"))


def test_headers_that_can_not_be_read_are_said(url: str) -> None:
    with pytest.raises(SeconderError, match="/nonexistent can't be read"):
        calls.reachable(Call(url, headers="/nonexistent"))
