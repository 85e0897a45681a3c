"""How soon a command is acknowledged: our bot beside a Bolt app that does nothing, through the same stand-in."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib import request

from bench.table import Row, row
from sandbox.slack.server import StandIn
from tests.fixtures.product import demo_in

RUNS = 200
EMPTY = """
import sys
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
app = App(client=WebClient("xoxb-x", base_url=sys.argv[1]), token_verification_enabled=False)
app.command("/db")(lambda ack: ack())
handler = SocketModeHandler(app, "xapp-x", ping_interval=2)
handler.client.proxy = None
handler.start()
"""


def measure() -> Iterator[Row]:
    """Type the same command often to both, in turn; the figures are p50 and p99."""
    standin = StandIn()
    standin.start()
    empty = subprocess.Popen(
        [sys.executable, "-c", EMPTY, standin.api_url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder, demo_in(Path(folder) / "home") as demo:
            _ready(standin.url)
            ours, reference = [], []
            for _ in range(RUNS):
                reference.append(_ack(standin.url))
                ours.append(_ack(demo.facts["url"]))
    finally:
        empty.terminate()
        empty.wait(timeout=10)
        standin.stop()
    yield row("/db acknowledged, p50", "ms", ours, reference, "an empty Bolt app")
    slow, fast = _p99(ours), _p99(reference)
    yield Row("/db acknowledged, p99", slow, fast, "ms", "an empty Bolt app", RUNS)


def _ack(url: str) -> float:
    body = json.dumps({"user": "ana", "channel": "ops", "command": "/db", "text": "help"}).encode()
    asked = request.Request(f"{url}/sandbox/command", body, {"content-type": "application/json"})
    with request.urlopen(asked, timeout=10) as answer:
        done = json.load(answer)
    return float(done["ack_ms"]) if done["acked"] else 3000.0


def _ready(url: str) -> None:
    for _ in range(20):
        if _ack(url) < 3000.0:
            return
        time.sleep(0.2)
    raise RuntimeError("the empty app never acknowledged")


def _p99(figures: list[float]) -> float:
    return sorted(figures)[int(len(figures) * 0.99) - 1]
