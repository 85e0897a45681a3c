"""Bring up the demo's world: servers, writer, page, bot; each with its undo before its effect."""

import json
import socket
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from urllib.error import URLError

import psutil

from sandbox.child import Child
from sandbox.cluster import build, free_ports
from sandbox.configuration import configuration
from sandbox.home import Home
from sandbox.layout import LOOPBACK
from sandbox.running import DemoCluster
from sandbox.say import say
from sandbox.servers import servers_folder
from sandbox.slack.server import StandIn
from sandbox.stop import Stop
from sandbox.trouble import Trouble
from sandbox.world import World, bot_child, bot_env, writer_child, writer_status

_BOT_PATIENCE_S = 10.0  # it gives a step under way 8 s
_BOT_READY_S = 20.0
_SOCKET_S = 0.5  # from asking for a socket to reading from it
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the loopback needs no proxy


def bring_up(home: Home, port: int, bot_argv: Sequence[str], stop: Stop, undo: ExitStack) -> World:
    """Start everything, in order. ``undo`` ends what was started, also after a failure half-way.

    Raises ``SandboxError``, and ``Stopped`` when somebody asked for the end meanwhile.
    """
    say("Starting three PostgreSQL servers …")
    cluster = _servers(home, stop, undo)
    roles = {name: cluster.role(name) for name in cluster.nodes}

    def note(process: psutil.Process) -> None:
        home.note(process=process)

    writer = writer_child(home.path, cluster, note)
    undo.callback(writer.stop, 1.0)
    writer.start()
    stop.check()
    trouble = Trouble(cluster, writer_status(home.path))
    page = StandIn(port=free_port(port), panel=trouble)
    undo.callback(page.stop)
    page.start()
    stop.check()
    (home.path / "seconder.toml").write_text(configuration(cluster))
    env = bot_env(home.path, page.api_url)
    trouble.bot = bot = bot_child(home.path, env, note, bot_argv)
    undo.callback(bot.stop, _BOT_PATIENCE_S)
    say("Starting the bot …")
    bot.start()
    _wait_for_bot(bot, page.url, stop)
    undo.callback(home.demo_json.unlink, missing_ok=True)
    return World(home, cluster, writer, bot, page.url, env, roles)


def free_port(wanted: int) -> int:
    """Give the wanted TCP port of the loopback, or another when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return free_ports(1)[0]
    return wanted


def _servers(home: Home, stop: Stop, undo: ExitStack) -> DemoCluster:
    servers = servers_folder(home.path)
    home.note(servers=servers)
    undo.callback(home.bring_servers_home)
    cluster = build(home.path, servers=servers, between=stop.check)
    undo.callback(cluster.stop_all)
    return cluster


def _wait_for_bot(bot: Child, url: str, stop: Stop) -> None:
    deadline = time.monotonic() + _BOT_READY_S
    while time.monotonic() < deadline and not bot.gave_up:
        if _asked_for_socket(url):
            stop.wait(_SOCKET_S)
            return
        bot.tend()
        stop.wait(0.1)
        stop.check()
    say(f"The bot does not answer. The end of its log, {bot.log}:\n{bot.last_words()}")


def _asked_for_socket(url: str) -> bool:
    try:
        with _OPENER.open(f"{url.rstrip('/')}/sandbox/calls", timeout=5) as answer:
            return "apps.connections.open" in json.dumps(json.load(answer))
    except (URLError, OSError, ValueError):
        return False
