"""The demo's world while it stands, and what other programs are told of it."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.child import Child
from sandbox.configuration import CHANNEL, CLUSTER, PEOPLE
from sandbox.home import Home, write_whole
from sandbox.layout import BOT
from sandbox.postmaster import reap
from sandbox.running import DemoCluster

BOT_ARGV = (sys.executable, "-m", "bot.cli", "serve")
CLI_ARGV = (sys.executable, "-m", "bot.cli")
_TOKENS = {"SLACK_BOT_TOKEN": "xoxb-sandbox-bot", "SLACK_APP_TOKEN": "xapp-sandbox-app"}
_PACE_S = 0.005  # between the writer's rows: what a gap is measured to


@dataclass(frozen=True)
class World:
    """Everything that runs."""

    home: Home
    cluster: DemoCluster
    writer: Child
    bot: Child
    url: str
    env: Mapping[str, str]
    roles: Mapping[str, str]

    def tend(self) -> None:
        """Start again what ended by itself. Call it from the main thread, a few times a second."""
        self.writer.tend()
        self.bot.tend()
        reap()

    def facts(self) -> dict[str, object]:
        """Give the content of demo.json."""
        nodes = {
            node.name: {
                "dsn": node.dsn(BOT),
                "data": str(node.data),
                "pid": self.cluster.pid(node.name),
                "role_at_start": self.roles[node.name],
            }
            for node in self.cluster.nodes.values()
        }
        return {
            "url": self.url,
            "pid": os.getpid(),
            "channel": CHANNEL,
            "cluster": CLUSTER,
            "nodes": nodes,
            "rw_dsn": self.cluster.rw_dsn(),
            "people": PEOPLE,
            "store": self.env["SECONDER_STORE"],
            "servers": str(self.cluster.folder),
            "writer_log": str(writer_log(self.home.path)),
            "bot_pid": self.bot.pid,
            "cli": list(CLI_ARGV),
            "env": dict(self.env),
        }

    def tell(self, before: dict[str, object]) -> dict[str, object]:
        """Write demo.json if it would say something new; give what it says now."""
        now = self.facts()
        if now != before:
            write_whole(self.home.demo_json, now)
        return now


def bot_env(home: Path, api_url: str) -> dict[str, str]:
    """Give the variables that lead the bot and its command line into the demo's world, and nowhere else."""
    return {
        **_TOKENS,
        "SLACK_API_URL": api_url,
        "SECONDER_CONFIG": str(home / "seconder.toml"),
        "SECONDER_HOME": str(home),
        "SECONDER_STORE": f"sqlite:///{home / 'seconder.db'}",
    }


def bot_child(
    home: Path, env: Mapping[str, str], started: Callable[[psutil.Process], object], argv: Sequence[str] = BOT_ARGV
) -> Child:
    """Give the bot, not yet started."""
    return Child("bot", argv, {**_surroundings(), **env}, home / "bot.log", started)


def writer_child(home: Path, cluster: DemoCluster, started: Callable[[psutil.Process], object]) -> Child:
    """Give the writer, not yet started."""
    words = ["--dsn", cluster.rw_conninfo(), "--log", str(writer_log(home)), "--status", str(writer_status(home))]
    argv = [sys.executable, "-m", "sandbox.writer", *words, "--pace", str(_PACE_S)]
    return Child("writer", argv, _surroundings(), home / "writer.err.log", started)


def writer_log(home: Path) -> Path:
    """Give the file of acknowledged rows."""
    return home / "writer.log"


def writer_status(home: Path) -> Path:
    """Give the file of the writer's figures."""
    return home / "writer.json"


def _surroundings() -> dict[str, str]:
    # neither a proxy (all is on the loopback) nor libpq's defaults nor another bot's variables may leak in
    strange = ("PG", "SLACK_", "SECONDER_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(strange) and not name.lower().endswith("_proxy")
    }
