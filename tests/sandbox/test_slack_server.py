"""The server itself: who may talk to it, its page, the demo's panel, its start and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from sandbox.slack.people import User
from sandbox.slack.server import PortTaken, StandIn
from tests.fixtures.slack_hands import APP_TOKEN, Hands, eventually

pytest_plugins = ["tests.fixtures.slack_standin"]
ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """A panel that notes what trouble it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def state(self) -> dict[str, object]:
        return {"bot": {"alive": True, "pid": 42}}

    def trouble(self, kind: str) -> dict[str, object]:
        self.asked.append(kind)
        return {"ok": kind == "restart-bot", "said": f"{kind}: done"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_a_loopback_name_is_let_in_with_its_port_or_without(hands: Hands, stand_in: StandIn, host: str) -> None:
    for named in (host, f"{host}:{stand_in.port}"):
        assert hands.ask("/sandbox/calls", host=named).status == 200


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1:1", "127.0.0.1.example.org", "localhost:", "10.0.0.1"])
@pytest.mark.parametrize("path", ["/", "/api/auth.test", "/sandbox/calls", "/demo/state", "/response/x"])
def test_any_other_host_is_refused(hands: Hands, host: str, path: str) -> None:
    answer = hands.ask(path, host=host)
    assert (answer.status, answer.body["ok"]) == (403, False)


def test_only_the_own_page_may_ask(hands: Hands, stand_in: StandIn) -> None:
    for name in ("127.0.0.1", "localhost"):
        assert hands.ask("/sandbox/calls", origin=f"http://{name}:{stand_in.port}").status == 200
    for origin in ("http://example.org", "null", "http://127.0.0.1:1", f"https://127.0.0.1:{stand_in.port}"):
        assert hands.ask("/sandbox/command", {}, origin=origin).status == 403


def test_a_foreign_page_opens_no_socket(hands: Hands) -> None:
    url = hands.api("apps.connections.open", APP_TOKEN)["url"]
    with pytest.raises(InvalidStatus), connect(url, proxy=None, origin=Origin("http://example.org")):
        pass


def test_it_listens_on_loopback_only(stand_in: StandIn) -> None:
    assert stand_in.url == f"http://127.0.0.1:{stand_in.port}"
    assert stand_in.api_url == f"{stand_in.url}/api/"
    assert stand_in._socket.getsockname()[0] == "127.0.0.1"


def test_the_page_is_served_and_nothing_around_it(hands: Hands) -> None:
    assert hands.ask("/").status == 200
    assert hands.ask("/nothing.js").status == 404
    for path in ("/../panel.py", "/%2e%2e/panel.py", "/..%2fpanel.py"):
        assert hands.ask(path).status == 404


def test_without_a_demo_there_is_no_trouble(hands: Hands) -> None:
    for answer in (hands.ask("/demo/state"), hands.ask("/demo/trouble", {"kind": "kill-primary"})):
        assert (answer.status, answer.body) == (404, {"ok": False, "error": "no_demo"})


def test_the_demo_shows_its_state_and_makes_trouble() -> None:
    demo = Demo()
    with StandIn(panel=demo) as running:
        hands = Hands(running.url)
        assert hands.ask("/demo/state").body == {"bot": {"alive": True, "pid": 42}}
        said = hands.ask("/demo/trouble", {"kind": "restart-bot"}).body
        assert said == {"ok": True, "said": "restart-bot: done"}
        assert hands.ask("/demo/trouble", {}).status == 400
    assert demo.asked == ["restart-bot"]


def test_the_people_can_be_others() -> None:
    with StandIn(users=[User("U0EVE", "eve", "Eve")]) as running:
        people = [user["name"] for user in Hands(running.url).look("state", user="eve")["users"]]
    assert people == ["seconder", "slackbot", "eve"]


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken, match="Address already in use"):
        StandIn(port=taken.getsockname()[1])


def test_the_end_does_not_wait_for_those_who_wait_for_news() -> None:
    running = StandIn().start()
    waiting = threading.Thread(target=lambda: Hands(running.url).ask("/sandbox/messages?channel=ops&wait=30"))
    waiting.start()
    time.sleep(0.2)
    began = time.monotonic()
    running.stop()
    running.stop()
    waiting.join(3)
    assert time.monotonic() - began < 3
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", running.port), timeout=1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_alone_it_says_where_it_is_and_ends_at_a_signal(how: signal.Signals) -> None:
    argv = [sys.executable, "-m", "sandbox.slack", "--port", "0", "--scopes", "chat:write"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            said = child.stdout.readline()
            url = said.split()[-1]
            assert Hands(url).api("users.list")["error"] == "missing_scope"
            os.kill(child.pid, how)
            assert child.wait(5) == 0
        finally:
            child.kill()
    assert said == f"A stand-in for Slack, not Slack: {url}\n"


def test_alone_on_a_taken_port_it_says_so_and_exits_with_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        argv = [sys.executable, "-m", "sandbox.slack", "--port", str(port)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"Port {port} can't be had: Address already in use. Try another --port; --port 0 picks a free one.\n"
    )


def test_the_room_needs_no_other_room() -> None:
    code = (
        "import json, sys, sandbox.slack.server; "
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )
    assert not set(json.loads(done.stdout)) & {"core", "bot", "runs", "approvals", "actions", "audit", "fleet"}


def test_many_people_at_once_are_answered(hands: Hands) -> None:
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(hands.ask("/sandbox/calls").status)) for _ in range(20)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(answers) == 20)
    for thread in threads:
        thread.join()
    assert set(answers) == {200}


def test_without_a_page_it_says_what_it_is(hands: Hands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sandbox.slack.site.PAGE", tmp_path)
    answer = hands.ask("/")
    assert (answer.status, "it is not Slack" in answer.body["text"]) == (200, True)
